"""The one door to FFmpeg: a path is a file, whatever its name looks like."""

import os
import stat
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from avatar.errors import AvatarError

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer


class Writable(Protocol):
    """What takes a container's bytes."""

    def write(self, data: bytes) -> int:
        """Take them all."""


FILE_PROTOCOL = "file:"  # FFmpeg takes what follows as a name, colons and all
PART_PROTOCOL = "subfile,,start,{},end,{},,:"


def read_media(path: Path, part: tuple[int, int] | None = None) -> "InputContainer":
    """The container of a file that FFmpeg can read, or of its bytes [from, to).

    Raises AvatarError if it is none.
    """
    import av

    file_state(path)
    protocol = PART_PROTOCOL.format(*part) + FILE_PROTOCOL if part else FILE_PROTOCOL
    try:
        return av.open(protocol + str(path), metadata_errors="ignore")
    except (av.FFmpegError, OSError) as error:
        raise AvatarError(
            f"{path} cannot be read ({error.strerror}): give a file that ffmpeg plays"
        ) from error


def receive_media(source: Path | str | IO[bytes], **options: Any) -> "InputContainer":
    """What is at an address that the user gave as one, in a file (a `Path`) or in an open file.

    Raises FFmpegError or OSError if there is nothing to be read.
    """
    import av

    place = FILE_PROTOCOL + str(source) if isinstance(source, Path) else source
    container: InputContainer = av.open(place, metadata_errors="ignore", **options)
    return container


def file_state(path: Path) -> os.stat_result:
    """Size and time of change of a file. Raises AvatarError if it is none."""
    try:
        state = path.stat()
    except FileNotFoundError as error:
        raise AvatarError(f"{path}: there is no such file") from error
    except OSError as error:
        raise AvatarError(f"{path} cannot be read ({error.strerror})") from error
    if not stat.S_ISREG(state.st_mode):
        raise AvatarError(f"{path} is not a file: give one with sound or pictures in it")
    return state


def write_media(path: Path, **options: Any) -> "OutputContainer":
    """A container for a new file; its format is that of the name unless `format` says it.

    Raises FFmpegError or OSError if the file cannot be written.
    """
    import av

    container: OutputContainer = av.open(FILE_PROTOCOL + str(path), "w", **options)
    return container


def send_media(target: str | Writable, **options: Any) -> "OutputContainer":
    """A container that goes to an address which the user gave as one, or into a pipe.

    Raises FFmpegError or OSError if nobody takes it.
    """
    import av

    container: OutputContainer = av.open(target, "w", **options)
    return container
