"""Speakers from zip files: good ones, and everything a stranger would put in one."""

import io
import resource
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from avatar.errors import AvatarError
from avatar.rendering.install_speaker import install_speaker
from avatar.speakers.bundle import sha256
from avatar.speakers.consent import withdraw
from avatar.speakers.speaker import load_speaker

Spoil = Callable[[zipfile.ZipFile], None]


def pack(bundle: Path, path: Path, folder: str = "", spoil: Spoil | None = None) -> Path:
    """Zip the files of `bundle`; `spoil` adds to it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(bundle.iterdir()):
            archive.write(file, f"{folder}{file.name}")
        if spoil:
            spoil(archive)
    return path


def nothing_left(into: Path) -> bool:
    return not list(into.iterdir()) if into.exists() else True


@pytest.mark.parametrize("folder", ["", "anything/"])
def test_a_whole_one_is_installed_and_speaks(
    tiny_bundle: Path, tmp_path: Path, folder: str
) -> None:
    archive = pack(tiny_bundle, tmp_path / "tiny.zip", folder)
    speaker = install_speaker(archive, tmp_path / "speakers")
    assert speaker.folder == tmp_path / "speakers" / "tiny"
    assert sha256(speaker.folder / "model.safetensors") == sha256(tiny_bundle / "model.safetensors")
    assert [path.name for path in (tmp_path / "speakers").iterdir()] == ["tiny"]


def test_one_of_the_same_name_stays_unless_it_is_to_be_replaced(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    archive, into = pack(tiny_bundle, tmp_path / "tiny.zip"), tmp_path / "speakers"
    install_speaker(archive, into)
    (into / "tiny" / "SOURCE.md").write_text("mine")
    with pytest.raises(AvatarError, match="--replace"):
        install_speaker(archive, into)
    assert (into / "tiny" / "SOURCE.md").exists()
    install_speaker(archive, into, replace=True)
    assert not (into / "tiny" / "SOURCE.md").exists()
    assert [path.name for path in into.iterdir()] == ["tiny"]


def test_one_that_was_withdrawn_does_not_come_back_by_its_archive(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    archive, into = pack(tiny_bundle, tmp_path / "tiny.zip"), tmp_path / "speakers"
    withdraw(install_speaker(archive, into).folder, "she asked")
    with pytest.raises(AvatarError, match=r"withdrawn here \(.*she asked\)"):
        install_speaker(archive, into, replace=True)
    assert (into / "tiny" / "WITHDRAWN").exists()


def entry(name: str, mode: int = 0, data: bytes = b"x") -> Spoil:
    info = zipfile.ZipInfo("any")
    info.filename = name  # as it is: the constructor would mend it
    info.external_attr = mode << 16
    return lambda archive: archive.writestr(info, data)


BAD_ENTRIES = {
    "leads out of its folder": [
        entry("../escaped.txt"),
        entry("/etc/cron.d/avatar"),
        entry("a/b/SOURCE.md"),
        entry("a/../../SOURCE.md"),
        entry("a\\SOURCE.md"),
        entry("SOURCE.md\x00.jpg"),
    ],
    "is a link or no plain file": [
        entry("SOURCE.md", stat.S_IFLNK | 0o777, b"/etc/passwd"),
        entry("SOURCE.md", stat.S_IFIFO | 0o644),
    ],
    "does not belong": [
        entry("run.py"),
        entry("__init__.py"),
        entry(".hidden"),
        entry("C:SOURCE.md"),
        entry("Speaker.yaml"),
    ],
    "is in it twice": [entry("model.safetensors"), entry("speaker.yaml")],
    "is larger than": [lambda archive: archive.writestr("SOURCE.md", b"x" * (2 << 20))],
    "packed too tightly": [
        lambda archive: archive.writestr("SOURCE.md", b"\x00" * (1 << 20), zipfile.ZIP_DEFLATED)
    ],
    "packed in an unusual way": [
        lambda archive: archive.writestr("SOURCE.md", b"text", zipfile.ZIP_LZMA)
    ],
    "holds no speaker": [entry("other/SOURCE.md")],
}


@pytest.mark.parametrize(
    ("words", "spoil"), [(words, spoil) for words, some in BAD_ENTRIES.items() for spoil in some]
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_does_not_belong_is_refused_and_nothing_is_written(
    tiny_bundle: Path, tmp_path: Path, words: str, spoil: Spoil
) -> None:
    archive = pack(tiny_bundle, tmp_path / "bad.zip", spoil=spoil)
    with pytest.raises(AvatarError, match=words) as error:
        install_speaker(archive, tmp_path / "in" / "speakers")
    assert "\n" not in str(error.value)
    assert nothing_left(tmp_path / "in" / "speakers")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.zip", "in"]


def test_a_file_without_a_name_does_not_belong(tiny_bundle: Path, tmp_path: Path) -> None:
    archive = pack(tiny_bundle, tmp_path / "bad.zip", spoil=entry("run.py"))
    archive.write_bytes(archive.read_bytes().replace(b"run.py", b"\0un.py"))
    with pytest.raises(AvatarError, match="out of its folder"):
        install_speaker(archive, tmp_path / "speakers")
    assert nothing_left(tmp_path / "speakers")


def test_a_file_that_lies_about_its_size_is_cut_off(tiny_bundle: Path, tmp_path: Path) -> None:
    """The classic bomb: the list says 10 bytes, the data unpacks to 64 MB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(tiny_bundle.iterdir()):
            archive.write(file, file.name)
        archive.writestr("SOURCE.md", b"\x00" * (64 << 20))
    data = bytearray(packed.getvalue())
    for mark, at in ((b"PK\1\2", 24), (b"PK\3\4", 22)):
        place = data.rfind(mark)
        struct.pack_into("<I", data, place + at, 10)
    bomb = tmp_path / "bomb.zip"
    bomb.write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(AvatarError):
        install_speaker(bomb, tmp_path / "speakers")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024, "kB"
    assert nothing_left(tmp_path / "speakers")


def test_damaged_packing_is_one_line(tiny_bundle: Path, tmp_path: Path) -> None:
    archive = pack(tiny_bundle, tmp_path / "bad.zip")
    data = bytearray(archive.read_bytes())
    start = data.index(b"model.safetensors") + len(b"model.safetensors")
    data[start : start + 40] = b"\xff" * 40
    archive.write_bytes(data)
    with pytest.raises(AvatarError, match="no whole zip file"):
        install_speaker(archive, tmp_path / "speakers")
    assert nothing_left(tmp_path / "speakers")


def test_a_list_of_a_million_files_is_not_read(tmp_path: Path) -> None:
    crowd = tmp_path / "crowd.zip"
    with zipfile.ZipFile(crowd, "w") as archive:
        for number in range(2000):
            archive.writestr(f"{number}", b"")
    with pytest.raises(AvatarError, match="more files"):
        install_speaker(crowd, tmp_path / "speakers")


@pytest.mark.parametrize("data", [b"", b"PK\5\6", b"no zip at all" * 99, b"PK\5\6" + bytes(18)])
def test_what_is_no_archive_is_one_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.zip").write_bytes(data)
    with pytest.raises(AvatarError):
        install_speaker(tmp_path / "bad.zip", tmp_path / "speakers")
    with pytest.raises(AvatarError, match="cannot be read"):
        install_speaker(tmp_path / "none.zip", tmp_path / "speakers")


def test_a_name_that_leads_elsewhere_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    def rename(archive: zipfile.ZipFile) -> None:
        card = yaml.safe_load((tiny_bundle / "speaker.yaml").read_text())
        archive.writestr("speaker.yaml", yaml.safe_dump(card | {"name": "../../home"}))

    archive = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in tiny_bundle.iterdir():
            if file.name != "speaker.yaml":
                packed.write(file, file.name)
        rename(packed)
    with pytest.raises(AvatarError, match="no speaker's name"):
        install_speaker(archive, tmp_path / "speakers")
    assert nothing_left(tmp_path / "speakers")


def test_networks_too_large_for_their_file_are_never_made(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    """The widest networks a card may ask for would take gigabytes."""
    card = yaml.safe_load((tiny_bundle / "speaker.yaml").read_text())
    card["encoder"] |= {"channels": 1024, "hidden": 1024, "dilations": [1] * 60}
    (tmp_path / "tiny").mkdir()
    for file in tiny_bundle.iterdir():
        (tmp_path / "tiny" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "tiny" / "speaker.yaml").write_text(yaml.safe_dump(card))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(AvatarError, match="fetch"):
        load_speaker(tmp_path / "tiny")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024, "kB"
