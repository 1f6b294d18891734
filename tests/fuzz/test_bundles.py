"""Speakers that are almost right: in their card, their files, their archive."""

import copy
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from avatar.errors import AvatarError
from avatar.rendering.install_speaker import install_speaker
from avatar.speakers.bundle import sha256
from tests.fuzz.conftest import ErrorLog
from tests.fuzz.mutations import JSON, Files, mutated_bytes
from tests.fuzz.profile import check_words, fuzz, no_hang
from tests.tiny_speaker import make_tiny_bundle

CARD = "speaker.yaml"
BINARY = ("model.safetensors", "track.safetensors", "reference.mp4", "preview.jpg")
NUMBERS = (-1, 0, 1, 2, 15, 16, 255, 1024, 2**31, 2**63, 1e300, float("inf"), float("nan"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    bundle = make_tiny_bundle(tmp_path_factory.mktemp("good") / "tiny")
    return Files({path.name: path.read_bytes() for path in bundle.iterdir()})


def packed(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return archive.getvalue()


def check(archive: bytes, folder: Path) -> None:
    """Installs it whole or leaves nothing but one line."""
    (folder / "speaker.zip").write_bytes(archive)
    into = folder / "speakers"
    with no_hang():
        try:
            install_speaker(folder / "speaker.zip", into, replace=True)
        except AvatarError as error:
            check_words(error)
    left = [path.name for path in into.iterdir()] if into.exists() else []
    assert not [name for name in left if name.startswith(".")]
    assert sorted(path.name for path in folder.iterdir()) in (
        ["speaker.zip"], ["speaker.zip", "speakers"],
    )  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every value of a card stands."""
    if not isinstance(value, dict | list):
        return [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [path, *(p for key, item in inner for p in places(item, (*path, key)))]


def put(card: dict[str, Any], path: tuple[Any, ...], value: Any) -> None:
    holder: Any = card
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value


@fuzz
@given(st.data())
def test_a_card_with_other_values(
    files: Files, tmp_path: Path, error_log: ErrorLog, data: st.DataObject
) -> None:
    card = yaml.safe_load(files[CARD])
    where = st.sampled_from(places(card)[1:])
    chosen = data.draw(st.lists(where, min_size=1, max_size=3, unique=True))
    for path in sorted(chosen, key=len, reverse=True):
        put(card, path, data.draw(st.sampled_from(NUMBERS) | st.integers(0, 70) | JSON))
    check(packed(files | {CARD: yaml.safe_dump(card).encode()}), tmp_path)
    assert not error_log.lines


@fuzz
@given(st.data(), st.sampled_from(BINARY))
def test_a_file_with_other_bytes_and_the_right_hash(
    files: Files, tmp_path: Path, error_log: ErrorLog, data: st.DataObject, name: str
) -> None:
    changed = data.draw(mutated_bytes(files[name][:4096])) + files[name][4096:]
    card = copy.deepcopy(yaml.safe_load(files[CARD]))
    (tmp_path / "speaker.zip").write_bytes(changed)
    for record in card["files"]:
        if record["name"] == name:
            record |= {"bytes": len(changed), "sha256": sha256(tmp_path / "speaker.zip")}
    check(packed(files | {name: changed, CARD: yaml.safe_dump(card).encode()}), tmp_path)
    assert not error_log.lines


@fuzz
@given(st.data())
def test_an_archive_with_other_bytes(
    files: Files, tmp_path: Path, error_log: ErrorLog, data: st.DataObject
) -> None:
    archive = packed(files)
    if data.draw(st.booleans()):
        archive = archive[:-1500] + data.draw(mutated_bytes(archive[-1500:]))
    else:
        archive = data.draw(mutated_bytes(archive))
    check(archive, tmp_path)
    assert not error_log.lines


@fuzz
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@example(b"format: &a [x, x]\nname: &b [*a, *a]\nlicence: [*b, *b]")
@example(b"[" * 20_000)
@example(b"format: " + b"9" * 20_000)
def test_a_card_of_anything(files: Files, tmp_path: Path, error_log: ErrorLog, card: bytes) -> None:
    check(packed(files | {CARD: card}), tmp_path)
    assert not error_log.lines


def test_the_good_one_is_installed(files: Files, tmp_path: Path) -> None:
    check(packed(files), tmp_path)
    assert [path.name for path in (tmp_path / "speakers").iterdir()] == ["tiny"]
