"""Gestures that a language model writes into its text, as `[nod]`: done, and never spoken."""

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import cast

from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TTSSpeakFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from avatar.errors import AvatarError
from avatar.gestures import EXPRESSIONS, GESTURES, Gesture, GestureName
from streaming.doors.gesture_frame import GestureFrame

TAG = re.compile(r"\s?\[([A-Za-z][A-Za-z-]{0,15})\]")
UNFINISHED = re.compile(r"\s?\[(?:[A-Za-z][A-Za-z-]{0,15})?$|\s$")  # may become a tag


def prompt(can_do: Sequence[str]) -> str:
    """What a language model is told of a face that can do so much."""
    return (
        "You have a face. Where it fits, and not in every sentence, write one of "
        f"{', '.join(f'[{name}]' for name in can_do)} at the beginning of a sentence: your face "
        "does it then, and it is not spoken."
    )


class TagReader:
    """Takes tags out of text that comes in pieces."""

    def __init__(self) -> None:
        self._rest = ""

    def read(self, text: str) -> Iterator[str | Gesture]:
        """Text to be spoken and gestures, in order; what may become a tag waits."""
        whole = self._rest + text
        unfinished = UNFINISHED.search(whole)
        end = unfinished.start() if unfinished else len(whole)
        self._rest = whole[end:]
        yield from _parts(whole[:end])

    def finish(self) -> str:
        """What waited and became none."""
        rest, self._rest = self._rest, ""
        return rest


class GestureTags(FrameProcessor):
    """Stands before the voice.

    A voice knows that a sentence is over only when the next one begins: a gesture follows the first
    letter of its sentence, and so comes after all that was said before.
    """

    def __init__(self) -> None:
        super().__init__()
        self._tags = TagReader()
        self._due: list[Gesture] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case LLMTextFrame():
                await self._push_parts(self._tags.read(frame.text))
                return
            case TTSSpeakFrame():
                parts = list(_parts(frame.text))
                self._due += [part for part in parts if isinstance(part, Gesture)]
                await self._push_due()
                frame.text = "".join(part for part in parts if isinstance(part, str))
            case LLMFullResponseEndFrame():
                await self._push_parts([self._tags.finish()])
                await self._push_due()
            case InterruptionFrame():
                self._tags.finish()
                self._due.clear()
        await self.push_frame(frame, direction)

    async def _push_parts(self, parts: "Iterator[str | Gesture] | list[str]") -> None:
        for part in parts:
            if isinstance(part, Gesture):
                self._due.append(part)
            elif self._due and part.strip():
                begun = len(part) - len(part.lstrip()) + 1
                await self.push_frame(LLMTextFrame(part[:begun]))
                await self._push_due()
                await self._push_text(part[begun:])
            else:
                await self._push_text(part)

    async def _push_due(self) -> None:
        due, self._due = self._due, []
        for gesture in due:
            await self.push_frame(GestureFrame(gesture))

    async def _push_text(self, text: str) -> None:
        if text:
            await self.push_frame(LLMTextFrame(text))


class GestureMaker(FrameProcessor):
    """Stands behind the call's voice."""

    def __init__(self, make: Callable[[Gesture], None]) -> None:
        super().__init__()
        self._make = make

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, GestureFrame):
            with contextlib.suppress(AvatarError):  # this face cannot: nothing to be spoken of
                self._make(frame.gesture)
        else:
            await self.push_frame(frame, direction)


def _parts(text: str) -> Iterator[str | Gesture]:
    """Whole text, split at its tags; those that no face knows are left out."""
    pieces = TAG.split(text)
    for piece, tag in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        if piece:
            yield piece
        if tag.lower() in (*GESTURES, *EXPRESSIONS):
            yield Gesture(cast(GestureName, tag.lower()))
