"""Ogg files may be chained: links, each complete in itself, of which FFmpeg follows the first.

RFC 3533, section 4: a link begins with pages that are marked as the beginning of a stream, and
none of these comes after other pages of the same link.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

MAGIC = b"OggS"
HEADER = 27  # bytes of a page before its table of segments
BEGINS = 2  # bit of the header's flags: a stream's first page


def links(path: Path) -> list[tuple[int, int]]:
    """The bytes [from, to) of each link of an Ogg file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        starts = list(_starts(file))
    return list(zip(starts, [*starts[1:], size], strict=True)) or [(0, size)]


def _starts(file: IO[bytes]) -> Iterator[int]:
    amid = True  # between pages that begin no stream
    at = 0
    while len(header := file.read(HEADER)) == HEADER and header.startswith(MAGIC):
        begins = bool(header[5] & BEGINS)
        if begins and amid:
            yield at
        amid = not begins
        body = sum(file.read(header[26]))
        at += HEADER + header[26] + body
        file.seek(at)
