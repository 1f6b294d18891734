"""A renderer small enough for tests: a bar whose height is the sound level of the frame.

While the head is turned aside, the picture is brighter. `pale` can smile.
"""

import dataclasses
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.gestures import AT_REST, ExpressionName, Gesture
from avatar.motion import MOUTH, Motion
from streaming.render import worker
from streaming.render.renderer import I420, Chunk, Speakers

SIZE = 512
BRIGHTER = 2  # levels for a degree
ASIDE = 12  # levels by which a picture of `look` is brighter at least


@dataclass(frozen=True)
class BarPicture:
    index: int
    i420: I420
    motion: Motion


@dataclass
class BarStream:
    levels: deque[float] = field(default_factory=deque)
    next_index: int = 0
    gestures: list[tuple[int, Gesture]] = field(default_factory=list)


class LevelBar:
    """Has the shape of `avatar.rendering.Pipeline`, look-ahead included."""

    size = (SIZE, SIZE)

    def __init__(self, shade: int = 90, lookahead: int = 2) -> None:
        self._shade = shade
        self.lookahead = lookahead

    def open(self) -> BarStream:
        return BarStream()

    def gesture(self, stream: BarStream, gesture: Gesture) -> None:
        stream.gestures.append((stream.next_index, gesture))

    def step(
        self, streams: Sequence[BarStream], chunks: Sequence[Chunk]
    ) -> list[BarPicture | None]:
        return [self._one(stream, chunk) for stream, chunk in zip(streams, chunks, strict=True)]

    def hear(self, streams: Sequence[BarStream], chunks: Sequence[Chunk]) -> None:
        for stream, chunk in zip(streams, chunks, strict=True):
            self._one(stream, chunk)

    def _one(self, stream: BarStream, chunk: Chunk) -> BarPicture | None:
        stream.levels.append(float(np.sqrt(np.mean(chunk**2))))
        if len(stream.levels) <= self.lookahead:
            return None
        level = min(1.0, 4 * stream.levels.popleft())
        height = int(level * 400)
        i420 = np.full((SIZE * 3 // 2, SIZE), 128, np.uint8)
        index = stream.next_index
        stream.next_index += 1
        begun = ((index - first) / FPS for first, _ in stream.gestures)
        asked = (gesture for _, gesture in stream.gestures)
        moves = list(zip(asked, begun, strict=True))
        turn = sum((g.at(s) for g, s in moves), AT_REST)
        smile = sum(g.shown_at(s) for g, s in moves)
        head = (turn.yaw, turn.pitch, turn.roll)
        i420[:SIZE] = self._shade + round(BRIGHTER * abs(turn.yaw))
        i420[450 - height : 450, 200:312] = 235
        return BarPicture(index, i420, Motion(np.full(MOUTH, level, np.float32), head, smile=smile))


def find_bars(folder: Path) -> Speakers:
    """Two speakers, `bar` and `pale`."""
    previews = {name: folder / f"{name}.jpg" for name in ("bar", "pale")}
    consents = {name: f"{name}, 2 August 2026" for name in previews}
    smiles: dict[str, tuple[ExpressionName, ...]] = {"pale": ("smile",)}
    return Speakers("bar", previews, load_bar, consents=consents, expressions=smiles)


def find_withdrawable_bars(folder: Path) -> Speakers:
    """The same; one is withdrawn by a file `NAME.withdrawn` in `folder`, which says why."""
    worker.LOOK_INTERVAL_S = 0.1  # this runs in the rendering process

    def refusal(name: str) -> str:
        file = folder / f"{name}.withdrawn"
        return file.read_text() if file.exists() else ""

    def load(name: str) -> LevelBar:
        if refusal(name):
            raise AvatarError(refusal(name))
        return load_bar(name)

    return dataclasses.replace(find_bars(folder), load=load, refusal=refusal)


def load_bar(name: str) -> LevelBar:
    return LevelBar(90 if name == "bar" else 160)
