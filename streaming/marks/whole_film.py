"""The bytes of a film, which its signature is about: from a file, or fetched from an address."""

import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO

from avatar.errors import AvatarError
from streaming.marks.video_frames import OPEN_TIMEOUT_S, Source

MOST_BYTES = 4 * 1024**3  # that are fetched
PIECE = 1024 * 1024  # bytes
HEAD, SIGNED_KIND = 8, b"ftyp"  # length and name of the first box of such a film


@contextmanager
def whole_film(source: Source) -> Iterator[IO[bytes] | None]:
    """The film, open; None if it is not of a kind (MP4, QuickTime) that has a place for signatures.

    Raises AvatarError if it cannot be had.
    """
    with _opened(source) as film:
        film.seek(0)
        kind = film.read(HEAD)[4:]
        film.seek(0)
        yield film if kind == SIGNED_KIND else None


@contextmanager
def _opened(source: Source) -> Iterator[IO[bytes]]:
    if isinstance(source, Path):
        try:
            film = source.open("rb")
        except OSError as error:
            raise AvatarError(f"it cannot be read ({error.strerror})") from error
        with film:
            yield film
    elif isinstance(source, str):
        with tempfile.TemporaryFile(prefix="avatar-film-") as fetched:
            _fetch(source, fetched)
            yield fetched
    else:
        yield source


def _fetch(address: str, into: IO[bytes]) -> None:
    """A film of the kind that may be signed; of others only the beginning."""
    if not address.lower().startswith(("http://", "https://")):
        raise AvatarError("only files, and what comes by http or https, are looked at")
    try:
        with urllib.request.urlopen(address, timeout=OPEN_TIMEOUT_S) as answer:
            piece = answer.read(HEAD)
            kind = piece[4:]
            while piece and kind == SIGNED_KIND and into.tell() < MOST_BYTES:
                into.write(piece)
                piece = answer.read(PIECE)
    except (OSError, ValueError, HTTPException) as error:
        raise AvatarError(f"it cannot be fetched ({error})") from error
    if into.tell() >= MOST_BYTES:
        raise AvatarError(f"the film has more than {MOST_BYTES // 1024**3} GB")
