"""FFmpeg is reached through one door, for which a path is a file whatever its name looks like."""

import ast
from pathlib import Path

import pytest

from avatar.errors import AvatarError
from avatar.media.open_media import read_media, write_media

ROOT = Path(__file__).parents[3]
DOOR = ROOT / "avatar/media/open_media.py"
OTHERS = [
    path for package in ("avatar", "streaming") for path in sorted((ROOT / package).rglob("*.py"))
]
OTHERS.remove(DOOR)


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_else_opens_media(path: Path) -> None:
    calls = [
        node.func
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    opened = [
        call.lineno
        for call in calls
        if (call.attr == "open" and getattr(call.value, "id", "") in ("av", "wave"))
        or call.attr == "VideoCapture"
    ]
    assert not opened


@pytest.mark.parametrize("name", ["http://127.0.0.1:9/x.mp4", "pipe:0", "concat:a|b", "data:,x"])
def test_an_address_given_as_a_path_is_only_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AvatarError, match="there is no such file"):
        read_media(Path(name))


def test_what_was_written_is_found_under_its_name(tmp_path: Path) -> None:
    for name in ("12:30 [1] 100%d.wav", "-.wav", "ü\udcff.wav"):
        with write_media(tmp_path / name) as container:
            container.add_stream("pcm_s16le", rate=16_000, layout="mono")
            container.start_encoding()
        with read_media(tmp_path / name) as container:
            assert len(container.streams.audio) == 1
