"""Expressions: a finished picture with the face drawn along as this person's own is, and relit.

As the lips: what an expression changes is known in the canonical view and put where the head now is
(C2O of Speech2Lip, arXiv:2309.04814).  The lips are drawn first and smile along with the rest, so
whatever they say can still be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.gestures import ExpressionName
from avatar.i420 import I420, yuv_difference
from avatar.models.warp import canonicalise, observe, relative_pose, sample
from avatar.rendering.picture_warp import (
    Array,
    Part,
    block_centres,
    in_pixels,
    pixels_of,
    refined,
    sampled,
)
from avatar.speakers.canonical import Canonical
from avatar.speakers.expressions import Expression

PITCH = 8  # pixels between the points that are moved; in between it is smooth
EDGE_STEP = 4  # px of a region's edge between those that are followed; a block is left as margin
BATCH = 16  # frames solved at once
SEEN = 0.02  # px, and of 255: what changes less is left out of the region


@dataclass(frozen=True)
class _Change:
    """What one expression changes in every reference frame."""

    part: Part  # blocks outside of which nothing changes in any frame
    back: NDArray[np.float16]  # (N, h, w, 2) px from each point of the lattice
    light: Array  # (H, W, 3) Y, U, V in the canonical region
    origin: Array  # (2,) of that region


class ExpressionWarp:
    """Knows of every reference frame what its expressions change there."""

    def __init__(
        self,
        expressions: Mapping[ExpressionName, Expression],
        canonical: Canonical,
        poses: Tensor,
    ) -> None:
        """poses (N, 6) of the reference frames."""
        height, width = canonical.frame_size
        parts = {name: _part(one, canonical, poses) for name, one in expressions.items()}
        self._part = _union(list(parts.values()))
        lattice = torch.from_numpy(block_centres(height, width, PITCH)[self._part])
        there = [_in_canonical(lattice, canonical, some) for some in poses.split(BATCH)]
        self._there = np.concatenate([found.numpy() for found in there])
        self._changes = {
            name: _change(expression, parts[name], there, canonical, poses)
            for name, expression in expressions.items()
        }
        self._luma = pixels_of(height, width)
        self._chroma = pixels_of(height // 2, width // 2)

    def show(self, picture: I420, frame: int, shown: Mapping[ExpressionName, float]) -> None:
        """Have the face of `picture`, which shows reference frame `frame`, show expressions so far
        (0..1), where it lies."""
        height, width = picture.shape[0] * 2 // 3, picture.shape[1]
        luma, chroma = picture[:height], picture[height:].reshape(2, height // 2, width // 2)
        changes = [(share, self._changes[name]) for name, share in shown.items()]
        part = _union([change.part for _, change in changes])
        here, half = ((in_pixels(part[0], p), in_pixels(part[1], p)) for p in (PITCH, PITCH // 2))
        known = _inside(part, self._part)
        back = np.zeros_like(self._there[frame][known])
        for share, change in changes:
            back += np.float32(share) * change.back[frame][known]
        light = _light(self._there[frame][known], self._chroma[half].shape[:2], changes)
        moved = sampled(luma, refined(back, self._luma[here]), cv2.INTER_CUBIC)
        luma[here] = _added(moved, cv2.resize(light[..., 0], moved.shape[::-1]))
        at = refined(back / 2, self._chroma[half])
        for plane, difference in zip(chroma, (light[..., 1], light[..., 2]), strict=True):
            plane[half] = _added(sampled(plane, at, cv2.INTER_LINEAR), difference)


def _light(there: Array, size: tuple[int, ...], changes: list[tuple[float, _Change]]) -> Array:
    """What is added to Y, U and V at half the size (h, w): (h, w, 3); `there`: the lattice in the
    canonical view."""
    at = np.asarray(cv2.resize(there, size[::-1]), np.float32)
    light = np.zeros((*size, 3), np.float32)
    for share, change in changes:
        light += np.float32(share) * sampled(change.light, at - change.origin, cv2.INTER_LINEAR)
    return light


def _part(expression: Expression, canonical: Canonical, poses: Tensor) -> Part:
    """Rows and columns of blocks outside of which nothing changes in any frame."""
    height, width = canonical.frame_size
    changed = np.zeros((height, width), bool)
    (x, y), (rows, columns) = expression.origin.tolist(), expression.back.shape[1:]
    far = expression.back.abs().amax(dim=0) > SEEN
    lit = expression.light.abs().amax(dim=0) > SEEN / 255
    changed[y : y + rows, x : x + columns] = (far | lit).numpy()
    inner = cv2.erode(changed.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    edge = torch.from_numpy(np.argwhere(changed & ~inner)[::EDGE_STEP])
    if not len(edge):
        return slice(0, 1), slice(0, 1)
    points = edge.flip(1).float()[None, :, None].expand(len(poses), -1, -1, -1)
    depth = canonical.depth[edge[:, 0], edge[:, 1]][None, :, None].expand(len(poses), -1, -1)
    relative = relative_pose(canonical.pose.expand_as(poses), poses)
    seen = observe(points, depth, relative, canonical.camera).flatten(0, 2)
    blocks = torch.tensor([width // PITCH, height // PITCH])
    low = ((seen.amin(dim=0) / PITCH).floor().int() - 1).clamp(min=0)
    high = torch.minimum((seen.amax(dim=0) / PITCH).ceil().int() + 1, blocks)
    (x0, y0), (x1, y1) = torch.minimum(low, blocks - 1).tolist(), high.tolist()
    return slice(y0, max(y1, y0 + 1)), slice(x0, max(x1, x0 + 1))


def _union(parts: list[Part]) -> Part:
    rows, columns = (
        slice(min(one.start for one in along), max(one.stop for one in along))
        for along in zip(*parts, strict=True)
    )
    return rows, columns


def _inside(part: Part, whole: Part) -> Part:
    """`part` as it is counted from the beginning of `whole`, which holds it."""
    rows, columns = (
        slice(one.start - all_of.start, one.stop - all_of.start)
        for one, all_of in zip(part, whole, strict=True)
    )
    return rows, columns


def _in_canonical(lattice: Tensor, canonical: Canonical, poses: Tensor) -> Tensor:
    """Where the lattice (h, w, 2) of frames with `poses` (B, 6) is in the canonical view."""
    relative = relative_pose(canonical.pose.expand_as(poses), poses)
    points = lattice.expand(len(poses), -1, -1, -1)
    return canonicalise(points, canonical.depth, relative, canonical.camera)


def _change(
    expression: Expression, part: Part, there: list[Tensor], canonical: Canonical, poses: Tensor
) -> _Change:
    """`there`: the lattice of all frames in the canonical view, in batches."""
    back = [
        _observed(expression, found, canonical, some)
        for found, some in zip(there, poses.split(BATCH), strict=True)
    ]
    light = yuv_difference(expression.light).permute(1, 2, 0).contiguous().numpy()
    origin = expression.origin.numpy().astype(np.float32)
    return _Change(part, np.concatenate(back), light, origin)


def _observed(
    expression: Expression, found: Tensor, canonical: Canonical, poses: Tensor
) -> NDArray[np.float16]:
    """The expression's movement at canonical points (B, h, w, 2), as frames with `poses` see it."""
    batch = len(poses)
    back = sample(expression.back.expand(batch, -1, -1, -1), found - expression.origin)
    depth = sample(canonical.depth.expand(batch, 1, -1, -1), found)[:, 0]
    relative = relative_pose(canonical.pose.expand_as(poses), poses)
    moved = observe(found + back.permute(0, 2, 3, 1), depth, relative, canonical.camera)
    seen = moved - observe(found, depth, relative, canonical.camera)
    return np.asarray(seen.numpy(), np.float16)


def _added(
    plane: NDArray[np.uint8], difference: NDArray[np.integer[Any] | np.floating[Any]]
) -> NDArray[np.uint8]:
    return np.asarray(cv2.add(plane, difference, dtype=cv2.CV_8U), np.uint8)
