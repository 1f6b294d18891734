"""What the watermark says: 48 bits, of which 16 check the others and name this project."""

import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

PROJECT = b"speech2lip-live"
VERSION = 1  # of the mark's layout
EPOCH = date(2026, 1, 1)
SPEAKER_BITS, DAY_BITS = 16, 13
DATA_BYTES = 4  # 3 bits version, 16 speaker, 13 day
LENGTH = DATA_BYTES + 2  # bytes, with the check


@dataclass(frozen=True)
class Payload:
    """Who is shown, as a hash of the name, and on which day (UTC) the picture was made."""

    speaker: int
    day: date
    version: int = VERSION

    @classmethod
    def today(cls, speaker: str) -> "Payload":
        """For pictures of `speaker` (a name) made now."""
        return cls(speaker_hash(speaker), datetime.now(UTC).date())

    @property
    def plausible(self) -> bool:
        """Whether this program can have written it: of a known version, and not in the future."""
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)  # clocks differ
        return self.version == VERSION and self.day <= tomorrow

    def pack(self) -> bytes:
        """LENGTH bytes."""
        days = (self.day - EPOCH).days % (1 << DAY_BITS)
        value = (self.version << SPEAKER_BITS | self.speaker) << DAY_BITS | days
        data = value.to_bytes(DATA_BYTES, "big")
        return data + _check(data)

    @classmethod
    def unpack(cls, packed: bytes) -> "Payload | None":
        """What `pack` was given; None if the check does not hold."""
        data, check = packed[:DATA_BYTES], packed[DATA_BYTES:]
        if check != _check(data):
            return None
        value = int.from_bytes(data, "big")
        days = value % (1 << DAY_BITS)
        speaker = value >> DAY_BITS & (1 << SPEAKER_BITS) - 1
        return cls(speaker, EPOCH + timedelta(days), value >> DAY_BITS + SPEAKER_BITS)


def speaker_hash(name: str) -> int:
    """16 bits that stand for a speaker's name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[: SPEAKER_BITS // 8], "big")


def _check(data: bytes) -> bytes:
    return binascii.crc_hqx(PROJECT + data, 0xFFFF).to_bytes(2, "big")
