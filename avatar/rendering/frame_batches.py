"""All frames of a sound, in batches and side by side: the pictures of a live stream, sooner.

The speech encoder's state runs through the whole sound, so that is heard in order, ten seconds at a
time. A frame then depends on its own window of features alone, whoever draws it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from queue import SimpleQueue

import numpy as np
import torch
from torch import Tensor

from avatar.audio import LOOKAHEAD_FRAMES, SAMPLES_PER_FRAME
from avatar.media.samples import Samples
from avatar.motion import MOUTH, Motion
from avatar.rendering.backends.device import device_loss, to_device, working_on
from avatar.rendering.pipeline import Picture, Pipeline
from avatar.rendering.speech_features import PIECE

BATCH = {"cpu": 8, "cuda": 64}  # frames drawn at once
AHEAD = 2  # batches under way or done for each that draws: bounds the memory

Windows = tuple[int, Tensor]
"""Number of the first frame, and feature windows (B, window, features) of B frames in order."""


def draw_frames(pipelines: Sequence[Pipeline], chunks: Iterable[Samples]) -> Iterator[Picture]:
    """One picture for each chunk (640,) of sound, in order.

    `pipelines` are one and its replicas, each in a thread of its own. Raises DeviceLost if the GPU
    fails.
    """
    free: SimpleQueue[Pipeline] = SimpleQueue()
    for pipeline in pipelines:
        free.put(pipeline)
    under_way: deque[Future[list[Picture]]] = deque()
    pool = ThreadPoolExecutor(len(pipelines), thread_name_prefix="draw")
    try:
        for windows in _hear(pipelines[0], chunks):
            under_way.append(pool.submit(_draw, free, windows))
            if len(under_way) > AHEAD * len(pipelines):
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def hear_motion(pipeline: Pipeline, chunks: Iterable[Samples]) -> Iterator[tuple[int, Motion]]:
    """Number and motion of each frame, without a picture, for chunks (640,) of sound."""
    for first, windows in _hear(pipeline, chunks):
        for frame, mouth in enumerate(windows[:, -1, :MOUTH].cpu().numpy(), start=first):
            yield frame, Motion(mouth, pipeline.scene.head(frame))


@torch.inference_mode()
def _hear(pipeline: Pipeline, chunks: Iterable[Samples]) -> Iterator[Windows]:
    """Feature windows of all frames; silence after the end of the sound fills the look-ahead."""
    encoder, window = pipeline.backend.encoder, pipeline.window
    state, frame, early = encoder.new_state(), 0, LOOKAHEAD_FRAMES
    past: Tensor | None = None
    silence = [np.zeros(SAMPLES_PER_FRAME, np.float32)] * LOOKAHEAD_FRAMES
    for sound in _pieces(chain(chunks, silence)):
        heard = encoder(to_device(torch.from_numpy(sound)[None], pipeline.device), state)[0]
        features, early = heard[early:], max(0, early - len(heard))
        if not len(features):
            continue
        past = features[:1].expand(window - 1, -1) if past is None else past
        rows = torch.cat([past, features])
        past = rows[1 - window :]
        windows = rows.unfold(0, window, 1).transpose(1, 2)
        for part in windows.split(BATCH[pipeline.device.type]):
            yield frame, part.contiguous()
            frame += len(part)


def _pieces(chunks: Iterable[Samples]) -> Iterator[Samples]:
    """Chunks joined to pieces of PIECE chunks; the last one may be shorter."""
    rest = iter(chunks)
    while piece := list(islice(rest, PIECE)):
        yield np.concatenate(piece)


@device_loss()
@torch.inference_mode()
def _draw(free: "SimpleQueue[Pipeline]", windows: Windows) -> list[Picture]:
    first, features = windows
    positions = range(first, first + len(features))
    pipeline = free.get()
    try:
        torch.set_num_threads(pipeline.threads)  # a setting of the calling thread
        with working_on(pipeline.cuda_stream):
            return pipeline.draw(features, positions).wait()
    finally:
        free.put(pipeline)
