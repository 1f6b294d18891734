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

from avatar.audio import FPS, SAMPLES_PER_FRAME
from avatar.gestures import Score
from avatar.media.samples import Samples
from avatar.motion import MOUTH, Motion
from avatar.rendering.backends.device import device_loss, to_device, working_on
from avatar.rendering.behaviour import Behaviour, Cue
from avatar.rendering.pipeline import Picture, Pipeline
from avatar.rendering.speech_features import PIECE

BATCH = {"cpu": 8, "cuda": 64}  # frames drawn at once
AHEAD = 2  # batches under way or done for each that draws: bounds the memory

Windows = tuple[list[Cue], Tensor]
"""Cues and feature windows (B, window, features) of B frames in order."""
SEED = 0  # of what a face does by itself: the same sound gives the same film


def draw_frames(
    pipelines: Sequence[Pipeline], chunks: Iterable[Samples], score: Score = ()
) -> Iterator[Picture]:
    """One picture for each chunk (640,) of sound, in order, with the gestures of `score`.

    `pipelines` are one and its replicas, each in a thread of its own. Raises DeviceLost if the GPU
    fails.
    """
    free: SimpleQueue[Pipeline] = SimpleQueue()
    for pipeline in pipelines:
        free.put(pipeline)
    under_way: deque[Future[list[Picture]]] = deque()
    pool = ThreadPoolExecutor(len(pipelines), thread_name_prefix="draw")
    try:
        for windows in _hear(pipelines[0], chunks, score):
            under_way.append(pool.submit(_draw, free, windows))
            if len(under_way) > AHEAD * len(pipelines):
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def hear_motion(
    pipeline: Pipeline, chunks: Iterable[Samples], score: Score = ()
) -> Iterator[tuple[int, Motion]]:
    """Number and motion of each frame, without a picture, for chunks (640,) of sound."""
    for cues, windows in _hear(pipeline, chunks, score):
        for cue, mouth in zip(cues, windows[:, -1, :MOUTH].cpu().numpy(), strict=True):
            yield cue.index, pipeline.motion(cue, mouth)


@torch.inference_mode()
def _hear(pipeline: Pipeline, chunks: Iterable[Samples], score: Score) -> Iterator[Windows]:
    """Feature windows of all frames; silence after the end of the sound fills the look-ahead."""
    encoder, head = pipeline.backend.encoder, pipeline.backend.head
    state, early = encoder.new_state(), pipeline.lookahead
    behaviour = pipeline.behaviour(SEED)
    for seconds, gesture in score:
        behaviour.ask(gesture, round(seconds * FPS))
    windows: Tensor | None = None
    silence = [np.zeros(SAMPLES_PER_FRAME, np.float32)] * pipeline.lookahead
    for sound in _pieces(chain(chunks, silence)):
        cues = _cues(behaviour, sound)
        heard = encoder(to_device(torch.from_numpy(sound)[None], pipeline.device), state)[0]
        features, early = heard[early:], max(0, early - len(heard))
        if not len(features):
            continue
        windows = head.windows(features, windows)
        for part in windows.split(BATCH[pipeline.device.type]):
            yield list(islice(cues, len(part))), part.contiguous()


def _cues(behaviour: Behaviour, sound: Samples) -> Iterator[Cue]:
    """Of the frames that `sound`, whole chunks, completes."""
    chunks = sound.reshape(-1, SAMPLES_PER_FRAME)
    return iter([cue for chunk in chunks if (cue := behaviour.next(chunk))])


def _pieces(chunks: Iterable[Samples]) -> Iterator[Samples]:
    """Chunks joined to pieces of PIECE chunks; the last one may be shorter."""
    rest = iter(chunks)
    while piece := list(islice(rest, PIECE)):
        yield np.concatenate(piece)


@device_loss()
@torch.inference_mode()
def _draw(free: "SimpleQueue[Pipeline]", windows: Windows) -> list[Picture]:
    cues, features = windows
    pipeline = free.get()
    try:
        torch.set_num_threads(pipeline.threads)  # a setting of the calling thread
        with working_on(pipeline.cuda_stream):
            return pipeline.draw(features, cues).wait()
    finally:
        free.put(pipeline)
