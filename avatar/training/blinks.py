"""Finds how a speaker blinks: whole blinks of true frames, seen from the front, and where."""

from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.models.warp import canonicalise, relative_pose
from avatar.rendering.eyelids import canonical_region
from avatar.rendering.head_angles import head_angles
from avatar.speakers.canonical import Canonical
from avatar.speakers.eyes import Eyes
from avatar.training.preprocess.canonical_frame import eye_opening
from avatar.training.preprocess.landmark_sets import LEFT_EYE_RIM, RIGHT_EYE_RIM

MOST = 4  # blinks that are kept
SHUT = 0.5  # of the usual opening: less, at its deepest, is a blink
BEGUN = 0.9  # less belongs to it
LONGEST = 15  # frames: eyes shut for longer are no blink
FRONTAL = 15.0  # degrees: heads turned more do not lend their eyes
LID = 0.24  # eye distances round the rim of the eye that move in a blink
FEATHER = 0.06  # eye distances

Landmarks = NDArray[np.float32]


def find_eyes(
    frames: NDArray[np.uint8],
    landmarks: Landmarks,
    poses: Tensor,
    usable: NDArray[np.bool_],
    clip: NDArray[np.int32],
    canonical: Canonical,
    openness: Tensor,
) -> Eyes | None:
    """The blinks of clips (F, H, W, 3) RGB with landmarks (F, 478, 2) px and poses (F, 6).

    None if there is none. `openness` (N,) is that of the reference frames (see `eye_openness`).
    """
    opening = eye_openness(landmarks, usable)
    whole = [run for run in _blinks(opening) if _seen_whole(run, usable, clip)]
    blinks = _best(whole, opening, poses, canonical)
    if not blinks:
        return None
    view = _view(landmarks, poses, usable & (opening > BEGUN), canonical)
    numbers = [number for blink in blinks for number in blink]
    pictures = [_eyes_of(frames[number], poses[number], view) for number in numbers]
    return Eyes(
        origin=torch.tensor(view.lip_box[:2]),
        mask=view.lip_mask,
        pictures=torch.stack(pictures),
        closed=1 - torch.from_numpy(opening[numbers]).float().clamp(0, 1),
        ends=torch.tensor([len(blink) for blink in blinks]).cumsum(0),
        openness=openness.clamp(0, 2),
    )


def eye_openness(landmarks: Landmarks, usable: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far the eyes are open in each frame (F,), usually 1; 1 where no face was found."""
    opening = eye_opening(landmarks.astype(float))
    usual = float(np.median(opening[usable]))
    return np.asarray(np.where(usable, opening / max(usual, 1e-6), 1.0))


def _blinks(opening: NDArray[np.float64]) -> list[range]:
    """Runs of frames from the last open one before to the first open one after, both left out."""
    low = np.flatnonzero(np.diff(np.r_[False, opening < BEGUN, False].astype(int)))
    runs = [range(first, last) for first, last in low.reshape(-1, 2)]
    return [
        run
        for run in runs
        if 3 <= len(run) <= LONGEST
        and opening[run].min() < SHUT
        and run[0] > 0
        and run[-1] < len(opening) - 1
    ]


def _seen_whole(run: range, usable: NDArray[np.bool_], clip: NDArray[np.int32]) -> bool:
    around = range(run[0] - 1, run[-1] + 2)
    return bool(usable[around].all() and len(set(clip[around].tolist())) == 1)


def _best(
    blinks: list[range], opening: NDArray[np.float64], poses: Tensor, canonical: Canonical
) -> list[range]:
    """The deepest of those in which the head looks to the front."""
    angles = np.abs(head_angles(poses, canonical.pose)).max(axis=1)
    frontal = [blink for blink in blinks if angles[blink].max() < FRONTAL]
    return sorted(frontal, key=lambda blink: float(opening[blink].min()))[:MOST]


def _view(
    landmarks: Landmarks, poses: Tensor, usable: NDArray[np.bool_], canonical: Canonical
) -> Canonical:
    """The canonical view with the region round both eyes in place of the lips'."""
    chosen = np.flatnonzero(usable)[:: max(1, int(usable.sum()) // 50)]
    rims = np.concatenate([RIGHT_EYE_RIM, LEFT_EYE_RIM])
    points = torch.from_numpy(landmarks[chosen][:, rims]).float()[:, None]
    there = poses[chosen]
    relative = relative_pose(canonical.pose.expand_as(there), there)
    found = canonicalise(points, canonical.depth, relative, canonical.camera)
    rim = found[:, 0].median(dim=0).values.numpy()
    right, left = rim[: len(RIGHT_EYE_RIM)], rim[len(RIGHT_EYE_RIM) :]
    between = float(np.linalg.norm(left.mean(0) - right.mean(0)))
    mask = np.zeros(canonical.frame_size, np.uint8)
    for eye in (right, left):
        cv2.fillConvexPoly(mask, cv2.convexHull(np.round(eye).astype(np.int32)), [255])
    reach = 2 * round(LID * between) + 1
    wide = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    soft = np.asarray(cv2.GaussianBlur(wide.astype(np.float32) / 255, (0, 0), FEATHER * between))
    rows, columns = np.flatnonzero(soft.max(1) > 0.004), np.flatnonzero(soft.max(0) > 0.004)
    y0, y1, x0, x1 = rows[0] // 2 * 2, rows[-1] + 1, columns[0] // 2 * 2, columns[-1] + 1
    box = (int(x0), int(y0), int(x1), int(y1))
    return replace(canonical, lip_box=box, lip_mask=torch.from_numpy(soft[y0:y1, x0:x1].copy()))


def _eyes_of(frame: NDArray[np.uint8], pose: Tensor, view: Canonical) -> Tensor:
    rgb = torch.from_numpy(np.array(frame)).permute(2, 0, 1)[None].float() / 255
    return canonical_region(rgb, pose, view)
