"""A bundle comes back as it was written, and says in one line when it is not whole."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from avatar.errors import AvatarError
from avatar.i420 import to_rgb
from avatar.speakers.bundle import MAX_LOOP, sha256
from avatar.speakers.folders import speaker_folder
from avatar.speakers.save_bundle import save_bundle
from avatar.speakers.speaker import ReferenceTrack, list_speakers, load_speaker
from tests import tiny_speaker

Damage = Callable[[Path], None]


@pytest.fixture
def copy(tiny_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bundle, tmp_path / "copy"))


def test_loading_one_needs_no_symbolic_mathematics() -> None:
    code = (
        "import sys; from avatar.speakers.speaker import load_speaker; "
        "load_speaker('demo'); print('sympy' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_round_trip(tiny_bundle: Path) -> None:
    speaker = load_speaker(tiny_bundle)
    model = tiny_speaker.tiny_model()
    assert speaker.card.model == model
    assert speaker.card.encoder == tiny_speaker.ENCODER
    written = vars(tiny_speaker.tiny_networks(model))
    for name, module in vars(speaker.networks).items():
        for key, tensor in module.state_dict().items():
            torch.testing.assert_close(
                tensor, written[name].state_dict()[key], atol=1e-3, rtol=1e-3
            )
    canonical = tiny_speaker.tiny_canonical()
    torch.testing.assert_close(speaker.canonical.depth, canonical.depth)
    torch.testing.assert_close(speaker.canonical.pose, canonical.pose)
    torch.testing.assert_close(speaker.track.poses, tiny_speaker.tiny_poses())
    frames = list(speaker.reference())
    assert len(frames) == tiny_speaker.FRAMES
    truth = tiny_speaker.draw_face(speaker.track.poses[10]).astype(float)
    assert np.abs(to_rgb(frames[10]) - truth).mean() < 4
    assert speaker.preview.is_file()


def test_a_speaker_of_before_look_ahead_was_written_down_hears_two_frames_ahead(
    tiny_prompt_bundle: Path, tmp_path: Path
) -> None:
    assert load_speaker(tiny_prompt_bundle).lookahead == 1
    folder = shutil.copytree(tiny_prompt_bundle, tmp_path / "tiny-prompt")
    card = yaml.safe_load((folder / "speaker.yaml").read_text())
    del card["encoder"]["lookahead"]
    (folder / "speaker.yaml").write_text(yaml.safe_dump(card))
    assert load_speaker(folder).lookahead == 2


def test_existing_name_is_refused_and_nothing_is_left_behind(tiny_bundle: Path) -> None:
    with pytest.raises(AvatarError, match="already"):
        tiny_speaker.make_tiny_bundle(tiny_bundle)
    assert [path.name for path in tiny_bundle.parent.iterdir()] == ["tiny"]


def test_failure_while_writing_leaves_nothing(tmp_path: Path) -> None:
    model = tiny_speaker.tiny_model()
    poses = tiny_speaker.tiny_poses()

    def frames() -> Iterator[NDArray[np.uint8]]:
        yield tiny_speaker.draw_face(poses[0])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_bundle(
            tmp_path / "half",
            about=tiny_speaker.ABOUT,
            model=model,
            networks=tiny_speaker.tiny_networks(model),
            canonical=tiny_speaker.tiny_canonical(),
            head_mask=torch.ones(128, 128),
            track=ReferenceTrack(poses, torch.zeros(24), torch.arange(24)),
            frames=frames(),
            preview=np.zeros((8, 8, 3), np.uint8),
        )
    assert list(tmp_path.iterdir()) == []


def _flip_a_byte(folder: Path) -> None:
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def _truncate(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _add_file(folder: Path) -> None:
    (folder / "run.py").write_text("print('no')")


def _edit(**changes: object) -> Damage:
    def damage(folder: Path) -> None:
        card = yaml.safe_load((folder / "speaker.yaml").read_text())
        card.update(changes)
        (folder / "speaker.yaml").write_text(yaml.safe_dump(card))

    return damage


def _tensors(name: str, change: Callable[[dict[str, torch.Tensor]], object]) -> Damage:
    """Change a tensor file and keep the hashes right, as a malicious author would."""

    def damage(folder: Path) -> None:
        tensors = load_file(folder / name)
        change(tensors)
        save_file(tensors, folder / name)
        _rehash(folder, name)

    return damage


def _rehash(folder: Path, name: str) -> None:
    card = yaml.safe_load((folder / "speaker.yaml").read_text())
    for record in card["files"]:
        if record["name"] == name:
            record |= {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)}
    (folder / "speaker.yaml").write_text(yaml.safe_dump(card))


def _track(**tensors: torch.Tensor) -> Damage:
    return _tensors("track.safetensors", lambda there: there.update(tensors))


def _link_a_file(folder: Path) -> None:
    there = folder.parent / "elsewhere.jpg"
    (folder / "preview.jpg").rename(there)
    (folder / "preview.jpg").symlink_to(there)


def _short_video(folder: Path) -> None:
    (folder / "reference.mp4").write_bytes((folder / "reference.mp4").read_bytes()[:900])
    _rehash(folder, "reference.mp4")


def _garbage_model(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\xff" * 400)
    _rehash(folder, "model.safetensors")


DAMAGES = {
    "sha256": _flip_a_byte,
    "bytes instead of": _truncate,
    "does not belong": _add_file,
    "is missing; fetch": lambda folder: (folder / "preview.jpg").unlink(),
    "not a speaker": lambda folder: (folder / "speaker.yaml").unlink(),
    "cannot be read": lambda folder: (folder / "speaker.yaml").write_text("a: [1"),
    "keys and values": lambda folder: (folder / "speaker.yaml").write_text("- 1"),
    "format 99": _edit(format=99),
    "unknown key": _edit(run="rm"),
    "not of the kind": _edit(name=3),
    "inside the frame": _edit(lip_box=[100, 100, 300, 300]),
    "multiples of 16": _edit(size=[1_000_000, 1_000_000]),
    "files must be": _edit(files=[{"name": "../../etc/passwd", "bytes": 1, "sha256": ""}]),
    "missing or unknown": _tensors("model.safetensors", lambda tensors: tensors.pop("depth")),
    "instead of": _tensors(
        "model.safetensors", lambda tensors: tensors.update(depth=torch.zeros(4, 4))
    ),
    "NaN": _tensors("model.safetensors", lambda tensors: tensors["depth"].fill_(torch.nan)),
    "of type": _tensors(
        "model.safetensors", lambda t: t.update(depth=torch.zeros(128, 128, dtype=torch.uint8))
    ),
    "frames that are not there": _tensors(
        "track.safetensors", lambda tensors: tensors["order"].fill_(1000)
    ),
    "damaged": _garbage_model,
}


def _page_for_a_picture(folder: Path) -> None:
    (folder / "preview.jpg").write_text("<script>")
    _rehash(folder, "preview.jpg")


TRICKS = {
    "a page for a picture": ("no JPEG file", _page_for_a_picture),
    "another file's content by a link": ("is missing; fetch", _link_a_file),
    "a loop that never ends": ("instead of", _track(order=torch.zeros(MAX_LOOP + 1).long())),
    "a frame before the first": ("frames that are not there", _track(order=torch.tensor([0, -1]))),
    "one tensor too many": ("missing or unknown", _track(code=torch.zeros(1))),
    "one axis too few": ("instead of", _track(times=torch.zeros(()))),
    "infinity": ("NaN or infinity", _track(times=torch.full((24,), torch.inf))),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_what_a_malicious_author_would_try_is_refused(copy: Path, trick: str) -> None:
    message, make = TRICKS[trick]
    make(copy)
    with pytest.raises(AvatarError, match=message):
        load_speaker(copy)


@pytest.mark.parametrize("message", DAMAGES)
def test_damage_is_one_line(copy: Path, message: str) -> None:
    DAMAGES[message](copy)
    with pytest.raises(AvatarError, match=message) as error:
        load_speaker(copy)
    assert "\n" not in str(error.value)


def test_damaged_video(copy: Path) -> None:
    _short_video(copy)
    with pytest.raises(AvatarError):
        list(load_speaker(copy).reference())


def test_search_order(
    tiny_bundle: Path, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trained_speakers").mkdir()
    second = tmp_path / "trained_speakers" / "tiny"
    shutil.copytree(copy, second)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AVATAR_SPEAKERS", raising=False)
    assert speaker_folder("tiny") == second
    monkeypatch.setenv("AVATAR_SPEAKERS", str(tiny_bundle.parent))
    assert speaker_folder("tiny") == tiny_bundle
    assert "tiny" in [entry.name for entry in list_speakers()]
    (tiny_bundle.parent / "x").mkdir()
    with pytest.raises(AvatarError, match=r"known are: .*tiny"):
        speaker_folder("nobody")


@pytest.mark.parametrize("name", ["..", "Ann", "", ".hidden", "a b", "x" * 64])
def test_strange_names(name: str) -> None:
    with pytest.raises(AvatarError, match="no speaker's name"):
        speaker_folder(name)
