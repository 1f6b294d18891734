"""What kind of file each part of a bundle is, told from its first bytes, and how large it is."""

from pathlib import Path

from avatar.errors import AvatarError
from avatar.speakers.card import EXPRESSIONS, EYES, MODEL, PREVIEW, REFERENCE, TRACK

MAX_BYTES = {
    MODEL: 512 << 20, TRACK: 16 << 20, EYES: 64 << 20, EXPRESSIONS: 64 << 20, REFERENCE: 1 << 30,
    PREVIEW: 8 << 20,
}  # fmt: skip

# What stands where in a file of each kind.
MARKS = {
    MODEL: (8, b"{"),
    TRACK: (8, b"{"),
    EYES: (8, b"{"),
    EXPRESSIONS: (8, b"{"),
    REFERENCE: (4, b"ftyp"),
    PREVIEW: (0, b"\xff\xd8\xff"),
}
KINDS = {
    MODEL: "safetensors",
    TRACK: "safetensors",
    EYES: "safetensors",
    EXPRESSIONS: "safetensors",
    REFERENCE: "MP4",
    PREVIEW: "JPEG",
}


def check_kind(path: Path) -> None:
    """Raises AvatarError unless the file at `path` is what its name says, and not too large."""
    place, mark = MARKS[path.name]
    with path.open("rb") as file:
        head = file.read(place + len(mark))
    if not head.endswith(mark) or len(head) != place + len(mark):
        raise AvatarError(f"{path}: is damaged, no {KINDS[path.name]} file; fetch the bundle anew")
    if path.stat().st_size > MAX_BYTES[path.name]:
        raise AvatarError(f"{path}: is larger than {MAX_BYTES[path.name] >> 20} MB")
