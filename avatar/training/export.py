"""From a finished training to a speaker bundle."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.speakers.card import TrainingRecord
from avatar.speakers.eyes import Eyes
from avatar.speakers.save_bundle import BundleDetails, save_bundle
from avatar.speakers.speaker import ReferenceTrack
from avatar.training.blinks import eye_openness, find_eyes
from avatar.training.reference import choose_reference, track_reference
from avatar.training.request import TrainRequest
from avatar.training.trainer import Trained

UNKNOWN_TIME = -1.0


@dataclass(frozen=True)
class Reference:
    """The looping video: its frames, what is known of them, and the order they are shown in."""

    frames: NDArray[np.uint8]  # (N, H, W, 3) RGB
    track: ReferenceTrack
    openness: NDArray[np.float64]  # (N,) of the eyes


def export(trained: Trained, request: TrainRequest) -> Path:
    """Write the bundle of `request`; it appears when it is whole.  Returns its folder."""
    folder = request.speakers / request.name
    tracked = trained.data.tracked
    reference = _reference(trained, request)
    save_bundle(
        folder,
        about=BundleDetails(
            licence=request.licence,
            consent=request.consent,
            source=request.source or ", ".join(video.name for video in request.videos),
            training=_record(trained, request),
            consent_uses=request.consent_uses,
            consent_until=request.consent_until,
        ),
        model=trained.config,
        networks=trained.networks,
        canonical=trained.data.canonical,
        head_mask=torch.from_numpy(np.array(tracked.head_mask)),
        track=reference.track,
        frames=iter(reference.frames),
        preview=reference.frames[int(reference.track.order[0])],
        eyes=_eyes(trained, reference),
        expressions=trained.expressions.expressions,
    )
    return folder


def _eyes(trained: Trained, reference: Reference) -> Eyes | None:
    tracked = trained.data.tracked
    return find_eyes(
        tracked.frames, tracked.landmarks, _float(tracked.poses), tracked.usable, tracked.clip,
        trained.data.canonical, _float(reference.openness),
    )  # fmt: skip


def _record(trained: Trained, request: TrainRequest) -> TrainingRecord:
    return TrainingRecord(
        data=", ".join(video.name for video in request.videos[:8]),
        held_out=request.held_out,
        frames=len(trained.data.train),
        steps=sum(curve.steps[-1] + 1 for curve in trained.curves.values() if curve.steps),
        minutes=round(trained.seconds / 60, 1),
    )


def _reference(trained: Trained, request: TrainRequest) -> Reference:
    tracked = trained.data.tracked
    if request.reference is not None:
        take = request.work / "reference"
        frames, poses, openness = track_reference(request.reference, tracked, take)
        count = len(frames)
        track = _track(poses, np.full(count, UNKNOWN_TIME), np.arange(count))
        return Reference(frames, track, openness)
    shown = np.asarray(choose_reference(tracked, expressive=trained.expressions.strength))
    kept, order = np.unique(shown, return_inverse=True)
    times = kept / len(tracked.frames)
    return Reference(
        np.asarray(tracked.frames[kept]),
        _track(tracked.poses[kept], times, order),
        eye_openness(tracked.landmarks, tracked.usable)[kept],
    )


def _track(poses: NDArray[np.float32], times: NDArray[Any], order: NDArray[Any]) -> ReferenceTrack:
    return ReferenceTrack(
        poses=_float(poses),
        times=_float(times),
        order=torch.from_numpy(np.asarray(order, dtype=np.int64)),
    )


def _float(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))
