"""What a video says of itself: its watermark, in plain words and as values for JSON."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from streaming.marks.payload import speaker_hash
from streaming.marks.provenance import Provenance, is_installed, read
from streaming.marks.video_frames import Source, lumas
from streaming.marks.watermark_reader import RATE, WatermarkFinding, WatermarkReader


@dataclass(frozen=True)
class Verification:
    """Everything that was found in one video."""

    watermark: WatermarkFinding
    provenance: Provenance | None = None
    signatures_read: bool = True
    "Whether this machine can read signatures."
    speaker: str = ""
    "Who the watermark's hash stands for, among the speakers known here."

    @property
    def found(self) -> bool:
        return self.watermark.found or bool(self.provenance and self.provenance.synthetic)

    def named(self, speakers: Iterable[str]) -> "Verification":
        """The same, with the name of the speaker if it is one of `speakers`."""
        payload = self.watermark.payload
        same = (name for name in speakers if payload and speaker_hash(name) == payload.speaker)
        return replace(self, speaker=next(same, ""))

    def values(self) -> dict[str, Any]:
        """For JSON."""
        mark = self.watermark
        payload, place = mark.payload, mark.geometry
        return {
            "found": self.found,
            "watermark": {
                "found": mark.found,
                "payload": payload
                and {
                    "version": payload.version,
                    "speaker_hash": f"{payload.speaker:04x}",
                    "speaker": self.speaker or None,
                    "day": payload.day.isoformat(),
                },
                "confidence": mark.confidence,
                "score": round(mark.score, 1),
                "stretches": mark.windows,
                "marked_stretches": mark.marked,
                "begins_s": mark.begins,
                "ends_s": mark.ends if mark.found else None,
                "scale": place and round(place.scale, 2),
                "mirrored": place and place.mirrored,
            },
            "provenance": self.provenance and asdict(self.provenance),
        }

    def words(self) -> list[str]:
        """A few plain sentences."""
        return [self._watermark_words(), self._provenance_words()]

    def _provenance_words(self) -> str:
        signed = self.provenance
        if not self.signatures_read:
            return "Signature: not looked for; pip install 'speech2lip-live[provenance]'."
        if signed is None:
            return "Signature: none (C2PA)."
        if not signed.valid:
            return (
                f"Signature: by {signed.signer}, and broken: the file was changed since "
                f"({', '.join(signed.problems)})."
            )
        trust = "who is trusted" if signed.trusted else "whom nobody here vouches for"
        what = "made by AI" if signed.synthetic else "nothing said about AI"
        who = f", speaker {signed.speaker}" if signed.speaker else ""
        return (
            f"Signature: valid, by {signed.signer}, {trust}, {signed.time}: {what}{who}; not "
            "edited since."
        )

    def _watermark_words(self) -> str:
        mark = self.watermark
        if not mark.found:
            return (
                f"Watermark: none found in {mark.windows} stretches of two seconds. That does not "
                "prove that the video is genuine."
            )
        how = f"{mark.marked} of {mark.windows} stretches, score {mark.score:.1f}"
        when = f"from {mark.begins or 0:.0f} s to {mark.ends:.0f} s"
        payload = mark.payload
        if payload is None:
            return f"Watermark: found {when} ({how}), too faint to read. The video is synthetic."
        who = f"speaker {self.speaker}" if self.speaker else f"a speaker {payload.speaker:04x}"
        return (
            f"Watermark: found {when} ({how}). The video is synthetic: {who}, made by "
            f"speech2lip-live on {payload.day.isoformat()} (UTC)."
        )


def verify(source: Source, anchors: Path | None = None) -> Verification:
    """Look through a video to its end; `anchors`: certificates (PEM) of trusted signers.

    Raises AvatarError if it cannot be read.
    """
    reader = WatermarkReader()
    time = 0.0
    for time, luma in lumas(source, RATE):
        reader.add(time, luma)
    reader.flush(time + 1 / RATE)
    if not isinstance(source, Path):
        return Verification(reader.finding)
    if not is_installed():
        return Verification(reader.finding, signatures_read=False)
    return Verification(reader.finding, read(source, anchors))
