"""What a video says of itself: watermark, label, signature, in plain words and as JSON's values."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from avatar.errors import AvatarError
from streaming.marks.label_reader import LabelFinding, LabelReader
from streaming.marks.pattern import KEY
from streaming.marks.provenance import Provenance, check_installed, read, read_anchors
from streaming.marks.video_frames import Luma, Source, lumas
from streaming.marks.watermark_reader import RATE, WatermarkFinding, WatermarkReader
from streaming.marks.whole_film import whole_film


@dataclass(frozen=True)
class Verification:
    """Everything that was found in one video."""

    watermark: WatermarkFinding
    label: LabelFinding
    provenance: Provenance | None = None
    unread: str = ""
    "Why no signature was looked for; nothing: one was."
    speaker: str = ""
    "Who the watermark's hash stands for, among the speakers known here."

    @property
    def found(self) -> bool:
        signed = self.provenance is not None and self.provenance.synthetic
        return self.watermark.found or self.label.found or signed

    def named(self, speakers: Iterable[str]) -> "Verification":
        """The same, with the name of the speaker if it is one of `speakers`."""
        return replace(self, speaker=self.watermark.speaker_of(speakers))

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
            "label": {
                "found": self.label.found,
                "word": self.label.word or None,
                "score": round(self.label.score, 2),
                "begins_s": self.label.begins if self.label.found else None,
            },
            "provenance": self.provenance and asdict(self.provenance),
            "provenance_unread": self.unread or None,
        }

    def words(self) -> list[str]:
        """A few plain sentences."""
        return [self._watermark_words(), self._provenance_words(), self._label_words()]

    def _label_words(self) -> str:
        label = self.label
        if not label.found:
            return "Label: none seen in the upper right corner."
        return f"Label: {label.word} in the upper right corner, from {label.begins or 0:.0f} s on."

    def _provenance_words(self) -> str:
        signed = self.provenance
        if self.unread:
            return f"Signature: not looked for: {self.unread}."
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

    Raises AvatarError if the video or the certificates cannot be read.
    """
    if anchors:
        read_anchors(anchors)
    label, film, unread = LabelReader(), None, ""
    with ExitStack() as closing:
        try:
            film = closing.enter_context(whole_film(source))
        except AvatarError as error:
            unread = str(error)
        fetched = film if isinstance(source, str) else None  # not every server lets FFmpeg seek
        found = Verification(look_for_watermark(fetched or source, label.add), label.finding)
        if unread:
            return replace(found, unread=unread)
        try:
            check_installed()
            if film:
                film.seek(0)
                found = replace(found, provenance=read(film, anchors))
            return found
        except AvatarError as error:
            return replace(found, unread=str(error))


def look_for_watermark(
    source: Source,
    beside: Callable[[float, Luma], object] = lambda _time, _luma: None,
    key: bytes | None = None,
) -> WatermarkFinding:
    """Look through a video to its end for the watermark alone; `beside` is shown each picture too.

    `key`: another than the one that pictures are marked with, which finds nothing.
    Raises AvatarError if it cannot be read.
    """
    reader = WatermarkReader(key or KEY)
    time = 0.0
    for time, luma in lumas(source, RATE):
        reader.add(time, luma)
        beside(time, luma)
    reader.flush(time + 1 / RATE)
    return reader.finding
