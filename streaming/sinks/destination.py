"""Where a film can go: a file by its ending, or a network address by its scheme."""

from dataclasses import dataclass
from pathlib import Path

from avatar.errors import AvatarError

FILES = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
SCHEMES = {"srt": "mpegts", "udp": "mpegts", "tcp": "mpegts", "rtmp": "flv", "rtmps": "flv"}


@dataclass(frozen=True)
class Destination:
    """Something `--out` can name."""

    address: str
    container: str
    "FFmpeg's name of the format."
    live: bool
    "A connection, which may be made again; a file is written once."

    @classmethod
    def parse(cls, text: str) -> "Destination":
        """Raises AvatarError if it is neither a film's name nor an address."""
        scheme, separator, rest = text.partition("://")
        if separator and scheme in SCHEMES and rest:
            return cls(text, SCHEMES[scheme], live=True)
        ending = Path(text).suffix.lower()
        if not separator and ending in FILES:
            return cls(text, FILES[ending], live=False)
        addresses = ", ".join(f"{known}://" for known in SCHEMES)
        raise AvatarError(
            f"--out {text}: give a file ({', '.join(FILES)}) or an address ({addresses})"
        )

    @property
    def scheme(self) -> str:
        """`srt` and so on; nothing for a file."""
        return self.address.partition("://")[0] if self.live else ""
