"""Sound in, finished frames out: the whole of Speech2Lip at run time."""

from __future__ import annotations

import contextlib
import copy
import functools
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

from avatar.errors import AvatarError
from avatar.gestures import Gesture
from avatar.i420 import I420, planes_of_rgb
from avatar.media.samples import Samples
from avatar.motion import MOUTH, Motion
from avatar.rendering.backends.choose import choose_backend
from avatar.rendering.backends.cuda_graph import Drawing, GraphedDrawing
from avatar.rendering.backends.device import (
    HostCopy,
    choose_device,
    device_loss,
    device_stream,
    first_line,
    give_way,
    to_device,
    working_on,
)
from avatar.rendering.backends.feature_windows import FeatureWindows
from avatar.rendering.backends.registry import AUTO
from avatar.rendering.backends.slots import Slot
from avatar.rendering.backends.streaming_encoder import SoundState
from avatar.rendering.behaviour import Behaviour, Cue
from avatar.rendering.compose import paste
from avatar.rendering.lip_placement import LipPlacement, compose
from avatar.rendering.living_face import LivingFace
from avatar.rendering.reference_loop import ReferenceLoop
from avatar.speakers.speaker import Speaker


@dataclass(frozen=True)
class Picture:
    """A finished frame."""

    index: int  # it shows samples [640 index, 640 (index + 1))
    i420: I420  # (H * 3 // 2, W) uint8
    motion: Motion


class Scene(Protocol):
    """What the lips are put into."""

    size: tuple[int, int]
    """Height and width of the region round the lips."""

    def place(self, positions: Sequence[int]) -> LipPlacement:
        """What is shown at these positions in the loop."""

    def head(self, position: int) -> tuple[float, float, float]:
        """Yaw, pitch and roll of the head at a position in the loop, in degrees."""


NewScene = Callable[[Speaker, torch.device], Scene]


@dataclass(frozen=True)
class FramesUnderWay:
    """What a step draws, row b for caller b."""

    cues: Sequence[Cue]
    finish: Callable[[Cue, I420, NDArray[np.float32]], Picture]
    placed: LipPlacement
    regions: tuple[HostCopy, ...]  # Y (B, h, w) and UV (B, 2, h / 2, w / 2), uint8
    mouths: HostCopy  # (B, MOUTH)

    def wait(self) -> list[Picture]:
        """The frames, once they are drawn."""
        pictures = compose(self.placed, *(region.wait() for region in self.regions))
        rows = zip(self.cues, pictures, self.mouths.wait(), strict=True)
        return [self.finish(cue, i420.numpy(), mouth.numpy()) for cue, i420, mouth in rows]


@dataclass
class Stream:
    """All that is remembered of one caller between two chunks."""

    state: SoundState
    window: Slot  # of `FeatureWindows`
    new_behaviour: Callable[[], Behaviour]

    def __post_init__(self) -> None:
        self._begin()

    @torch.inference_mode()
    def reset(self) -> None:
        """As before the first chunk."""
        self.state.reset()
        self.window.fresh = True
        self._begin()

    def _begin(self) -> None:
        self.behaviour = self.new_behaviour()
        self.cue: Cue | None = None  # of the frame that the last chunk completed


class Pipeline:
    """Renders one speaker for any number of callers, in one thread at a time."""

    def __init__(
        self,
        speaker: Speaker,
        device: str = "auto",
        threads: int = 1,
        scene: NewScene = ReferenceLoop,
        mark: Callable[[str], None] = lambda _stage: None,
        backend: str = AUTO,
        lively: bool = False,
    ) -> None:
        """`threads` for the CPU; `scene` makes what the lips are put into; `mark` is told
        the name of each stage when it ends (on a CPU; a CUDA graph has no stages); `backend` is
        `auto` or one of `registry.BACKENDS`; `lively`: head and eyes move by themselves
        instead of as they were filmed.

        A GPU that turns out not to carry it gives way to the CPU, unless it was asked for by name:
        then AvatarError is raised.
        """
        self.speaker = speaker
        self.threads = threads
        self.mark = mark
        self.lively = lively
        self._wanted = backend
        self.window = speaker.networks.head.config.window
        self._features = speaker.networks.encoder.config.features + speaker.networks.head.memory
        # Threads of NumPy's BLAS wait for more work by yielding: between frames that costs a core.
        threadpool_limits(threads, user_api="blas")
        cv2.setNumThreads(threads)
        chosen = choose_device(device)
        try:
            self._get_ready(chosen, scene, backend)
        except RuntimeError as error:
            if chosen.type == "cpu":
                raise
            why = first_line(error)
            if device != AUTO:
                raise AvatarError(f"{device} cannot be used ({why}); use --device cpu") from error
            self._get_ready(give_way(why), scene, backend)
        self.face = (
            LivingFace(speaker, self.scene) if isinstance(self.scene, ReferenceLoop) else None
        )
        if self.face and lively:
            with torch.inference_mode():
                self.face.prepare()

    def _get_ready(self, device: torch.device, scene: NewScene, backend: str) -> None:
        self.device = device
        self.cuda_stream = device_stream(device)
        with torch.inference_mode(), working_on(self.cuda_stream):
            self.scene = scene(self.speaker, device)
            self._windows = FeatureWindows(self.window, self._features, device)
            self.backend = choose_backend(backend, self.speaker, device, self.scene.size)
            self._draw_fast: Drawing = self._draw
            if self.cuda_stream:
                self._draw_fast = self._graphed()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures."""
        return self.speaker.card.size

    @property
    def lookahead(self) -> int:
        """Frames of sound that are heard beyond the one that is drawn."""
        return self.speaker.lookahead

    def replica(self) -> Pipeline:
        """The same for another thread: reference frames are shared, networks are its own."""
        replica = copy.copy(self)
        replica._get_ready(self.device, lambda *_: self.scene, self._wanted)
        return replica

    @torch.inference_mode()
    def open(self, seed: int | None = None) -> Stream:
        """A new caller; `seed` of what its face does by itself, a new one if there is none."""
        new_behaviour = functools.partial(self.behaviour, seed)
        with working_on(self.cuda_stream):
            return Stream(self.backend.ear.new_state(), self._windows.new_window(), new_behaviour)

    def behaviour(self, seed: int | None = None) -> Behaviour:
        """Of a new stream, as in `open`."""
        if self.face is None or not self.lively:
            return Behaviour(self.lookahead)
        return self.face.behaviour(secrets.randbits(32) if seed is None else seed)

    def gesture(self, stream: Stream, gesture: Gesture) -> None:
        """Have a caller's face make a gesture, from the next frame on."""
        stream.behaviour.ask(gesture)

    def motion(self, cue: Cue, mouth: NDArray[np.float32]) -> Motion:
        """What the face does in a frame whose mouth (MOUTH,) is this."""
        if self.face is None:
            return Motion(mouth, self.scene.head(cue.position))
        shown = self.face.shown(cue)
        smile, brows = shown.get("smile", 0.0), shown.get("brows", 0.0)
        return Motion(mouth, self.face.head(cue), self.face.closed(cue), smile, brows)

    def step(self, streams: Sequence[Stream], chunks: Sequence[Samples]) -> list[Picture | None]:
        """One chunk (640,) of 16 kHz sound further for each caller.

        Chunk m brings the picture of frame m - lookahead; chunks before the first bring None.
        """
        return step_together([(self, s, c) for s, c in zip(streams, chunks, strict=True)])

    def hear(self, streams: Sequence[Stream], chunks: Sequence[Samples]) -> None:
        """The same, and nothing is drawn."""
        hear_together([(self, s, c) for s, c in zip(streams, chunks, strict=True)])

    def begin(self, streams: Sequence[Stream], features: Tensor) -> FramesUnderWay:
        """Start drawing the frames that `features` (B, features) complete."""
        windows = self.remember(streams, features)
        return self.draw(windows, [stream.cue for stream in streams if stream.cue])

    def remember(self, streams: Sequence[Stream], features: Tensor) -> Tensor:
        """The feature windows, whose last frames are those that `features` complete."""
        slots = [stream.window for stream in streams]
        rows = self.backend.head.remember(features, self._windows.last(slots))
        return self._windows.push(slots, rows)

    def draw(self, windows: Tensor, cues: Sequence[Cue]) -> FramesUnderWay:
        """Start drawing the frames that `cues` describe.

        Feature windows (B, window, features), each frame's own features last.
        """
        place = self.scene.place([cue.position for cue in cues])
        self.mark("reference frame")
        harmonised = self._draw_fast(windows, place.times, place.regions, place.grids, place.masks)
        frames = FramesUnderWay(
            cues,
            self._finish,
            place,
            tuple(map(HostCopy, planes_of_rgb(harmonised))),
            HostCopy(windows[:, -1, :MOUTH]),
        )
        self.mark("colours")
        return frames

    def _finish(self, cue: Cue, i420: I420, mouth: NDArray[np.float32]) -> Picture:
        if self.face:
            self.face.finish(i420, cue)
        return Picture(cue.index, i420, self.motion(cue, mouth))

    def _graphed(self) -> GraphedDrawing:
        """`_draw` as CUDA graphs, captured and warm."""
        drawing, place = GraphedDrawing(self._draw), self.scene.place([0])
        silence = torch.zeros(1, self.window, self._features, device=self.device)
        drawing.prepare(silence, place.times, place.regions, place.grids, place.masks)
        return drawing

    def _draw(
        self, windows: Tensor, times: Tensor, regions: Tensor, grids: Tensor, masks: Tensor
    ) -> Tensor:
        """Feature windows and what the reference frames bring -> finished regions (B, 3, h, w)."""
        code = self.backend.code(windows)
        self.mark("speech head")
        lips = self.backend.lips(code, times)
        self.mark("lip generator")
        composite = paste(regions, lips, grids, masks)
        self.mark("C2O and paste")
        harmonised = self.backend.blend(composite, masks)
        self.mark("Blend-Net")
        return harmonised


Asked = tuple[Pipeline, Stream, Samples]  # a caller's speaker, its stream there, its next chunk


@device_loss()
@torch.inference_mode()
def step_together(asked: Sequence[Asked]) -> list[Picture | None]:
    """One chunk further for callers of any speakers.

    Raises DeviceLost if the GPU fails.

    All sounds of speakers with the same speech encoder are heard as one batch, all callers of a
    speaker are drawn as one batch, and nothing is waited for until all is under way.
    """
    pictures: list[Picture | None] = [None] * len(asked)
    with _working_for(asked):
        under_way = [
            (rows, pipeline.begin(streams, features))
            for rows, pipeline, streams, features in _completed(asked)
        ]
        for rows, frames in under_way:
            for row, picture in zip(rows, frames.wait(), strict=True):
                pictures[row] = picture
    return pictures


@device_loss()
@torch.inference_mode()
def hear_together(asked: Sequence[Asked]) -> None:
    """The same, and nothing is drawn: a picture that nobody will see costs only its hearing."""
    with _working_for(asked):
        for _, pipeline, streams, features in _completed(asked):
            pipeline.remember(streams, features)


@contextlib.contextmanager
def _working_for(asked: Sequence[Asked]) -> Iterator[None]:
    first = asked[0][0]
    if torch.get_num_threads() != first.threads:  # a setting of the calling thread
        torch.set_num_threads(first.threads)
    with working_on(first.cuda_stream):
        yield


Completed = tuple[list[int], Pipeline, list[Stream], Tensor]


def _completed(asked: Sequence[Asked]) -> Iterator[Completed]:
    """Hear all chunks; of each speaker the rows whose frames they complete, and the features."""
    heard = _hear(asked)
    due = [row for row, (_, stream, _) in enumerate(asked) if stream.cue]
    for rows in _groups(due, [id(pipeline) for pipeline, _, _ in asked]):
        yield rows, asked[rows[0]][0], [asked[row][1] for row in rows], _features(heard, rows)


Heard = dict[int, tuple[Tensor, int]]  # of each row: features (B, features), and which of them


def _hear(asked: Sequence[Asked]) -> Heard:
    """Speech features of the frames that these chunks complete."""
    found: Heard = {}
    likes = [(pipeline.backend.hears_like, pipeline.device) for pipeline, _, _ in asked]
    for rows in _groups(range(len(asked)), likes):
        pipeline = asked[rows[0]][0]
        states = [asked[row][1].state for row in rows]
        heard = pipeline.backend.ear.hear(states, [asked[row][2] for row in rows])
        for number, row in enumerate(rows):
            found[row] = heard, number
            _, stream, chunk = asked[row]
            stream.cue = stream.behaviour.next(chunk)
        pipeline.mark("speech encoder")
    return found


def _features(heard: Heard, rows: Sequence[int]) -> Tensor:
    """Features (B, features) of `rows`, whose speaker, and so their speech encoder, is the same."""
    batch, numbers = heard[rows[0]][0], [heard[row][1] for row in rows]
    if numbers == list(range(len(batch))):
        return batch
    return batch[to_device(torch.tensor(numbers), batch.device)]


def _groups(rows: Sequence[int], keys: Sequence[object]) -> list[list[int]]:
    """The rows with equal keys, together."""
    groups: dict[object, list[int]] = {}
    for row in rows:
        groups.setdefault(keys[row], []).append(row)
    return list(groups.values())
