"""Sound in, finished frames out: the whole of Speech2Lip at run time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from avatar.audio import LOOKAHEAD_FRAMES, Samples
from avatar.models.encoder_state import EncoderState
from avatar.rendering.backend import Backend
from avatar.rendering.compose import paste
from avatar.rendering.cuda_graph import Drawing, GraphedDrawing
from avatar.rendering.device import (
    choose_device,
    fast_type,
    new_stream,
    to_device,
    to_host,
    working_on,
)
from avatar.rendering.i420 import I420
from avatar.rendering.place import Place, compose
from avatar.rendering.reference_loop import ReferenceLoop
from avatar.rendering.speaker import Speaker


@dataclass(frozen=True)
class Picture:
    """A finished frame."""

    index: int  # it shows samples [640 index, 640 (index + 1))
    i420: I420  # (H * 3 // 2, W) uint8


class Scene(Protocol):
    """What the lips are put into."""

    def place(self, positions: Sequence[int]) -> Place:
        """What is shown `positions` frames into the streams of one step."""


@dataclass
class Stream:
    """All that is remembered of one caller between two chunks."""

    state: EncoderState
    window: Tensor | None = None  # (window, features), the newest last
    chunks: int = 0  # how many have been heard

    @torch.inference_mode()
    def reset(self) -> None:
        """As before the first chunk."""
        self.state.reset()
        self.window = None
        self.chunks = 0

    def remember(self, feature: Tensor, length: int) -> Tensor:
        """The last `length` features, this one the newest; the first repeats into the past."""
        before = feature.expand(length, -1) if self.window is None else self.window
        self.window = torch.cat([before[1:], feature[None]])
        return self.window

    @property
    def frame(self) -> int:
        """The video frame that the last chunk completed; negative while the look-ahead fills."""
        return self.chunks - 1 - LOOKAHEAD_FRAMES


class Pipeline:
    """Renders one speaker for any number of callers, in one thread at a time."""

    lookahead_frames = LOOKAHEAD_FRAMES

    def __init__(
        self,
        speaker: Speaker,
        device: str = "auto",
        threads: int = 1,
        scene: Scene | None = None,
        mark: Callable[[str], None] = lambda _stage: None,
    ) -> None:
        """`threads` for the CPU; `scene` stands in for the speaker's own loop; `mark` is told
        the name of each stage when it ends (on a CPU; a CUDA graph has no stages)."""
        self.speaker = speaker
        self.threads = threads
        self.mark = mark
        self.device = choose_device(device)
        self.window = speaker.networks.head.config.window
        self.cuda_stream = new_stream(self.device)
        with torch.inference_mode(), working_on(self.cuda_stream):
            self.backend = Backend(speaker, self.device, fast_type(self.device))
            self.scene = scene or ReferenceLoop(speaker, self.device)
        self._draw_fast: Drawing = GraphedDrawing(self._draw) if self.cuda_stream else self._draw

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures."""
        return self.speaker.card.size

    def open(self) -> Stream:
        """A new caller."""
        return Stream(self.backend.encoder.new_state())

    @torch.inference_mode()
    def step(self, streams: Sequence[Stream], chunks: Sequence[Samples]) -> list[Picture | None]:
        """One chunk (640,) of 16 kHz sound further for each caller.

        Chunk m brings the picture of frame m - 2; the first two chunks of a stream bring None.
        """
        if torch.get_num_threads() != self.threads:  # a setting of the calling thread
            torch.set_num_threads(self.threads)
        with working_on(self.cuda_stream):
            features = self._hear(streams, chunks)
            self.mark("speech encoder")
            due = [row for row, stream in enumerate(streams) if stream.frame >= 0]
            pictures: list[Picture | None] = [None] * len(streams)
            if not due:
                return pictures
            windows = [streams[row].remember(features[row], self.window) for row in due]
            place = self.scene.place([streams[row].frame for row in due])
            self.mark("reference frame")
            harmonised = self._draw_fast(
                torch.stack(windows), place.times, place.regions, place.grids, place.masks
            )
            finished = to_host(compose(place, harmonised)).numpy()
            self.mark("compose")
        for row, i420 in zip(due, finished, strict=True):
            pictures[row] = Picture(streams[row].frame, i420)
        return pictures

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

    def _hear(self, streams: Sequence[Stream], chunks: Sequence[Samples]) -> Tensor:
        """Speech features (B, features) of the frames that these chunks complete."""
        state = EncoderState.stack([stream.state for stream in streams])
        samples = to_device(torch.from_numpy(np.stack(chunks)), self.device)
        features: Tensor = self.backend.encoder(samples, state)[:, 0]
        for stream, after in zip(streams, state.unstack(), strict=True):
            stream.state = after
            stream.chunks += 1
        return features
