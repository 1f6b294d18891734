"""One pass over made frames: what is needed of them to judge them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from avatar.evaluation.cpbd import cpbd
from avatar.evaluation.metrics import SSIM_RADIUS, picture_psnr, picture_ssim
from avatar.evaluation.test_set import EvaluationSet
from avatar.models.sync_expert import MOUTH_SIZE
from avatar.speakers.canonical import Canonical
from avatar.training.lip_data import warp_to_canonical
from avatar.training.preprocess.canonical_frame import lip_aperture
from avatar.training.preprocess.landmark_sets import LIPS
from avatar.training.preprocess.landmark_tracker import LANDMARKS, LandmarkTracker

CPBD_EVERY = 5  # frames: sharpness hardly changes from one to the next

Seen = Callable[[int], None]


@dataclass(frozen=True)
class Measurements:
    """What was seen in the frames of a test set, one row each."""

    rectangles: NDArray[np.uint8]  # (F, h, w, 3) round the lips
    mouths: NDArray[np.uint8]  # (F, 3, h, w) canonical view, small, as the sync expert sees them
    lips: NDArray[np.float32]  # (F, L, 2) lip landmarks in px; NaN where no face was found
    aperture: NDArray[np.float32]  # (F,) gap between the inner lips over the eye distance
    psnr: list[float]  # of whole frames, dB
    ssim: list[float]  # of whole frames
    cpbd: list[float]  # of every fifth frame


def measure(
    frames: Iterable[NDArray[np.uint8]],
    test_set: EvaluationSet,
    tracker: LandmarkTracker,
    seen: Seen,
) -> Measurements:
    """Follow the face through frames (H, W, 3), one for every row of the test set."""
    count, clip = len(test_set.rows), test_set.clip
    rectangles = np.empty((count, *test_set.size, 3), np.uint8)
    mouths = np.empty((count, 3, *MOUTH_SIZE), np.uint8)
    points = np.full((count, LANDMARKS, 2), np.nan, np.float32)
    fidelity, sharpness = [], []
    for index, (row, frame) in enumerate(zip(test_set.rows, frames, strict=True)):
        if index == 0 or clip[index] != clip[index - 1]:
            tracker.start()
        found = tracker.track(frame)
        if found is not None:
            points[index] = found[:, :2]
        rectangles[index] = frame[test_set.lip_slice(row)]
        mouths[index] = _mouth(frame, test_set.tracked.poses[row], test_set.canonical)
        fidelity.append(_fidelity(test_set.tracked.frames[row], frame))
        if index % CPBD_EVERY == 0:
            sharpness.append(cpbd(frame))
        seen(index + 1)
    lost = np.isnan(points[:, 0, 0])
    aperture = lip_aperture(np.nan_to_num(points), clip)
    aperture[lost] = np.nan
    return Measurements(
        rectangles, mouths, points[:, LIPS], aperture,
        [psnr for psnr, _ in fidelity], [ssim for _, ssim in fidelity], sharpness,
    )  # fmt: skip


@torch.inference_mode()
def _mouth(
    frame: NDArray[np.uint8], pose: NDArray[np.float32], canonical: Canonical
) -> NDArray[np.uint8]:
    image = torch.from_numpy(np.array(frame)).permute(2, 0, 1)[None].float()
    lips = warp_to_canonical(image, torch.from_numpy(np.array(pose))[None], canonical)
    small = functional.interpolate(lips, MOUTH_SIZE, mode="bilinear", antialias=True)
    return small[0].round().clamp(0, 255).to(torch.uint8).numpy()


def _fidelity(true: NDArray[np.uint8], made: NDArray[np.uint8]) -> tuple[float, float]:
    """PSNR and SSIM of a frame; SSIM is computed where it changed and is 1 elsewhere."""
    psnr = picture_psnr(true, made)
    rows, columns = np.nonzero((true != made).any(axis=2))
    if not len(rows):
        return psnr, 1.0
    reach = 2 * SSIM_RADIUS
    part = (
        slice(max(int(rows.min()) - reach, 0), int(rows.max()) + reach + 1),
        slice(max(int(columns.min()) - reach, 0), int(columns.max()) + reach + 1),
    )
    share = _inner_area(true[part]) / _inner_area(true)
    return psnr, 1 - share * (1 - picture_ssim(true[part], made[part]))


def _inner_area(picture: NDArray[np.uint8]) -> int:
    height, width = picture.shape[:2]
    return (height - 2 * SSIM_RADIUS) * (width - 2 * SSIM_RADIUS)
