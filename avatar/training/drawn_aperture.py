"""A finished speaker looks at itself: what aperture is drawn for a lip code?

The head reads the aperture of codes as the training video has them. Codes of a stranger's speech
are no such codes, and drawn they open otherwise than read: too little at rest, too much where lips
should nearly close. So lips are drawn for voices of others, followed by the face tracker, and the
reading is learned again from what is seen.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from avatar.i420 import to_rgb
from avatar.models.speech_head import SpeechHead
from avatar.rendering.behaviour import Cue
from avatar.rendering.pipeline import Pipeline
from avatar.speakers.speaker import load_speaker
from avatar.training.encoder.shards import Shard
from avatar.training.export import export
from avatar.training.mouth_map import MEL_FRAMES
from avatar.training.preprocess.canonical_frame import lip_gap
from avatar.training.preprocess.landmark_tracker import LandmarkTracker, MediaPipeFaceMesh
from avatar.training.request import TrainRequest
from avatar.training.trainer import Trained

UTTERANCES = 24  # drawn, at most
BATCH = 8
RIDGE = 0.01  # of the variance of each number of the code
ALIKE = 0.7  # correlation of what was read and what is seen from which it is the same mouth


def look_at_drawn_lips(trained: Trained, request: TrainRequest) -> None:
    """Teach the head of a finished training, if it heard other voices, what is drawn for them."""
    if trained.others is None:
        return
    with TemporaryDirectory(dir=request.work) as folder:
        speaker = load_speaker(export(trained, replace(request, speakers=Path(folder))))
        with closing(MediaPipeFaceMesh()) as tracker:
            learn_drawn_aperture(Pipeline(speaker, "cpu"), trained.others, tracker)
    seen, head = speaker.networks.head, trained.networks.head
    head.aperture.copy_(seen.aperture)
    head.opening.copy_(seen.opening)


@torch.no_grad()
def learn_drawn_aperture(pipeline: Pipeline, others: Shard, tracker: LandmarkTracker) -> None:
    """Teach the speaker's head the aperture that is drawn for its codes.

    It stays as it is where the drawn mouth cannot be followed.
    """
    head = pipeline.speaker.networks.head
    codes, seen = [], []
    for windows in _windows(pipeline, others):
        codes.append(_smooth(head(windows)))
        seen.append(_smooth(_drawn(pipeline, windows, tracker)[:, None])[:, 0])
    learn_reading(head, torch.cat(codes), torch.cat(seen))


def learn_reading(head: SpeechHead, codes: Tensor, seen: Tensor) -> None:
    """Read from codes (F, code) the aperture seen (F,), NaN where it was not."""
    known = seen.isfinite()
    codes, seen = codes[known], seen[known]
    before = torch.stack([head.read_aperture(codes), seen])
    if len(seen) < codes.shape[1] or not before.corrcoef()[0, 1] > ALIKE:
        return
    mean, middle = codes.mean(0), seen.mean()
    apart = codes - mean
    alike = apart.T @ apart + RIDGE * len(codes) * torch.diag(codes.var(0))
    reads = torch.linalg.solve(alike, apart.T @ (seen - middle))
    head.aperture.copy_(torch.cat([reads, (middle - mean @ reads)[None]]))
    head.opening.div_(head.opening @ reads)


def _windows(pipeline: Pipeline, others: Shard) -> Iterator[Tensor]:
    """Windows (F, window, features) of utterances spread over the shard."""
    encoder = pipeline.speaker.networks.encoder
    total = len(others.starts) - 1
    for row in np.linspace(0, total - 1, min(UTTERANCES, total)).astype(int):
        first, end = others.starts[row], others.starts[row + 1]
        mels = others.mels[first : end - (end - first) % MEL_FRAMES].astype(np.float32)
        state = encoder.new_state()
        features = encoder.to_frames(encoder.from_mels(torch.from_numpy(mels)[None], state), state)
        yield pipeline.speaker.networks.head.windows(features[0])


def _drawn(pipeline: Pipeline, windows: Tensor, tracker: LandmarkTracker) -> Tensor:
    """Aperture (F,) of the drawn lips; NaN where no face was found."""
    gaps = []
    tracker.start()
    for start in range(0, len(windows), BATCH):
        part = windows[start : start + BATCH]
        cues = [Cue(frame, frame) for frame in range(start, start + len(part))]
        for picture in pipeline.draw(part, cues).wait():
            found = tracker.track(to_rgb(picture.i420))
            gaps.append(np.nan if found is None else float(lip_gap(found[None, :, :2])[0]))
    return torch.tensor(gaps)


def _smooth(rows: Tensor) -> Tensor:
    """Rows (F, D), each with its neighbours, as apertures are judged."""
    padded = torch.cat([rows[:1], rows, rows[-1:]])
    return 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
