"""A speaker in a zip file, as strangers send it: looked over before a byte of it is unpacked."""

import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from avatar.errors import AvatarError
from avatar.speakers.card import CARD, MAX_CARD_BYTES, SOURCE
from avatar.speakers.file_kinds import MAX_BYTES

MAX_ARCHIVE = 2 << 30  # bytes
MAX_LIST = 64 * 1024  # bytes of the archive's own list of files
MAX_TEXT = 1 << 20  # bytes of SOURCE.md
MAX_RATIO = 100  # unpacked to packed: weights and video hardly shrink
TAIL = 22 + 0xFFFF  # bytes at the end in which the list's record must stand
RECORD, RECORD_64 = b"PK\5\6", b"PK\6\7"
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    ValueError,
    RuntimeError,
)  # what reading a damaged archive raises
PIECE = 1 << 20  # bytes unpacked at once

LIMITS = MAX_BYTES | {CARD: MAX_CARD_BYTES, SOURCE: MAX_TEXT}


@contextmanager
def open_archive(path: Path) -> Iterator["SpeakerArchive"]:
    """The archive, if it holds a speaker and nothing else. Raises AvatarError."""
    try:
        _check_list(path)
        with zipfile.ZipFile(path) as archive:
            yield SpeakerArchive(path, archive)
    except OSError as error:
        raise AvatarError(f"{path}: cannot be read ({error.strerror})") from error
    except BROKEN as error:
        raise AvatarError(f"{path}: is no whole zip file ({error}); fetch it anew") from error


class SpeakerArchive:
    """The files of a bundle in a zip file, each at the top or all in one folder."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive
        self._entries: dict[str, zipfile.ZipInfo] = {}
        folders = set()
        for entry in archive.infolist():
            if _is_folder(entry) and self._is_top(entry.filename.removesuffix("/")):
                continue
            place = self._check(entry)
            folders.add(place.parent)
            if place.name in self._entries:
                self._refuse(entry, "is in it twice")
            self._entries[place.name] = entry
        if CARD not in self._entries or len(folders) != 1:
            raise AvatarError(f"{path}: no {CARD} in it beside its files, so it holds no speaker")

    @property
    def bytes(self) -> int:
        """Of all files, unpacked."""
        return sum(entry.file_size for entry in self._entries.values())

    def unpack(self, folder: Path) -> None:
        """Write the files into `folder`. Raises AvatarError, also if the disk has no room."""
        if shutil.disk_usage(folder).free < self.bytes:
            raise AvatarError(f"{folder}: needs {self.bytes / 1e6:.0f} MB; make room on the disk")
        for name in sorted(self._entries, key=lambda name: name != CARD):
            self._unpack(self._entries[name], folder / name)

    def _unpack(self, entry: zipfile.ZipInfo, path: Path) -> None:
        left = entry.file_size
        with self._archive.open(entry) as source, path.open("xb") as target:
            while piece := source.read(PIECE):
                left -= len(piece)
                if left < 0:
                    self._refuse(entry, "is larger than it says")
                target.write(piece)

    def _check(self, entry: zipfile.ZipInfo) -> PurePosixPath:
        place = PurePosixPath(entry.filename)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        plain = entry.orig_filename == entry.filename and "\\" not in entry.filename
        if not plain or place.is_absolute() or ".." in place.parts or len(place.parts) > 2:
            self._refuse(entry, "leads out of its folder")
        if kind not in (0, stat.S_IFREG):
            self._refuse(entry, "is a link or no plain file")
        if place.name not in LIMITS or _is_folder(entry):
            self._refuse(entry, "does not belong in a speaker")
        if entry.flag_bits & 1 or entry.compress_type not in PACKINGS:
            self._refuse(entry, "is encrypted or packed in an unusual way")
        if entry.file_size > LIMITS[place.name]:
            self._refuse(entry, f"is larger than {LIMITS[place.name]} bytes")
        if entry.file_size > MAX_RATIO * max(entry.compress_size, 1024):
            self._refuse(entry, "is packed too tightly to be true")
        return place

    def _is_top(self, folder: str) -> bool:
        return folder not in ("", ".", "..") and "/" not in folder and "\\" not in folder

    def _refuse(self, entry: zipfile.ZipInfo, why: str) -> None:
        raise AvatarError(f"{self._path}: {entry.filename[:80]!r} {why}; it is not installed")


def _check_list(path: Path) -> None:
    """Look at the size of the archive's list before it is read into memory."""
    size = path.stat().st_size
    if size > MAX_ARCHIVE:
        raise AvatarError(f"{path}: larger than {MAX_ARCHIVE >> 30} GB; it is not installed")
    with path.open("rb") as file:
        file.seek(max(0, size - TAIL - 20))
        tail = file.read()
    at = tail.rfind(RECORD)
    if at < 0 or len(tail) < at + 22:
        raise AvatarError(f"{path}: is no zip file")
    (list_bytes,) = struct.unpack_from("<I", tail, at + 12)
    if list_bytes > MAX_LIST or RECORD_64 in tail[max(0, at - 20) : at]:
        raise AvatarError(f"{path}: has more files in it than a speaker; it is not installed")


def _is_folder(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.endswith("/")  # ZipInfo.is_dir fails on an empty name
