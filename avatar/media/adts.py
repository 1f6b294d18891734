"""Raw AAC (ADTS) has no time stamps. FFmpeg makes them up as if all of it had the first rate."""

from typing import Any

RATES = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
)  # fmt: skip
BLOCK = 1024  # samples
HEADER = 7  # bytes: ISO/IEC 13818-7, 6.2


class AdtsClock:
    """Gives each packet of a file its true time, by what its own header says."""

    def __init__(self) -> None:
        self._ticks = 0

    def stamp(self, packet: Any) -> None:
        """Set the time stamps and the duration of the next packet (`av.Packet`)."""
        header = bytes(packet)[:HEADER]
        if len(header) < HEADER or header[2] >> 2 & 15 >= len(RATES):
            return
        samples = BLOCK * ((header[6] & 3) + 1)
        packet.pts = packet.dts = self._ticks
        packet.duration = round(samples / RATES[header[2] >> 2 & 15] / packet.time_base)
        self._ticks += packet.duration
