"""A finished picture with its head turned farther: pose control at a millisecond a frame.

As in `pose_control`, what stands where at another pose follows from the canonical depth
(Speech2Lip, arXiv:2309.04814, section 3.5).  Here the whole picture is drawn along: the head's
movement fades out over neck, shoulders and background, so nothing is uncovered and there is no edge
to be seen.
"""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor

from avatar.gestures import HeadTurn
from avatar.i420 import I420
from avatar.models.warp import (
    Camera,
    canonicalise,
    relative_pose,
    rotation_matrix,
    sample,
)
from avatar.rendering.head_angles import AXES
from avatar.rendering.picture_warp import (
    Array,
    Part,
    block_centres,
    extent,
    in_pixels,
    pixels_of,
    refined,
    sampled,
)
from avatar.speakers.canonical import Canonical

PITCH = 16  # pixels between the points that are turned; in between it is smooth
REACH = 0.16  # of the frame's width, over which the head's movement fades out
EDGE = 0.06  # of the frame's width, over which it fades out before the frame's edge
NECK = (0.0, 1.2, 1.0)  # eye distances right, down and back from the head's origin: it turns there
FACE = (
    -1.1,
    -0.8,
    1.1,
    1.5,
)  # eye distances from the origin: what is sampled finely, as it is sharp
SEEN = 0.15  # px: what moves less stays
INVERSE_STEPS = 3
BATCH = 16  # frames solved at once


class HeadWarp:
    """Knows of every reference frame where its head stands in space."""

    def __init__(self, canonical: Canonical, head_mask: Tensor, poses: Tensor) -> None:
        """head_mask (H, W) 0..1 in the canonical frame; poses (N, 6) of the reference frames."""
        height, width = canonical.frame_size
        self._camera = canonical.camera
        self._lattice = block_centres(height, width, PITCH)
        weight, depth = _faded(head_mask.numpy(), canonical.depth.numpy())
        edge = _edge(self._lattice, height, width)
        parts = [
            _in_space(self._lattice, canonical, weight, depth, poses[at : at + BATCH])
            for at in range(0, len(poses), BATCH)
        ]
        self._points = np.concatenate([points for points, _ in parts])
        self._weights = np.concatenate([weights for _, weights in parts]) * edge[..., None]
        self._necks = (_rotations(poses) @ np.array(NECK) + poses[:, 3:].numpy()).astype(np.float32)
        self._luma = pixels_of(height, width)
        self._chroma = pixels_of(height // 2, width // 2)
        self._faces = [_face(pose, canonical.camera) for pose in poses.tolist()]

    def turn(self, picture: I420, frame: int, turn: HeadTurn) -> None:
        """Turn the head of `picture`, which shows reference frame `frame`, where it lies."""
        back = self._back(frame, turn)
        moves = np.abs(back).max(axis=-1) > SEEN
        if not moves.any():
            return
        rows, columns = extent(moves)
        back = back[rows, columns]
        height, width = picture.shape[0] * 2 // 3, picture.shape[1]
        luma, chroma = picture[:height], picture[height:].reshape(2, height // 2, width // 2)
        here = in_pixels(rows, PITCH), in_pixels(columns, PITCH)
        fine = refined(back, self._luma[here])
        face = _within(self._faces[frame], here)
        turned = sampled(luma, fine, cv2.INTER_LINEAR)
        turned[face] = sampled(luma, fine[face], cv2.INTER_CUBIC)
        luma[here] = turned
        here = in_pixels(rows, PITCH // 2), in_pixels(columns, PITCH // 2)
        fine = refined(back / 2, self._chroma[here])
        for plane in chroma:
            plane[here] = sampled(plane, fine, cv2.INTER_LINEAR)

    def _back(self, frame: int, turn: HeadTurn) -> Array:
        """From where in the picture each point of the lattice comes, less itself: (h, w, 2) px."""
        forth = self._forth(frame, turn)
        own = (self._lattice + 0.5) / PITCH - 0.5
        back = -forth
        for _ in range(INVERSE_STEPS):
            at = (own + back / PITCH).astype(np.float32)
            back = -sampled(forth, at, cv2.INTER_LINEAR)
        return np.asarray(back, np.float32)

    def _forth(self, frame: int, turn: HeadTurn) -> Array:
        """How far each point of the lattice goes: (h, w, 2) px."""
        neck = self._necks[frame]
        rotation = Rotation.from_euler(AXES, [-turn.yaw, -turn.pitch, turn.roll], degrees=True)
        matrix = rotation.as_matrix().astype(np.float32)
        there = (self._points[frame] - neck) @ matrix.T + neck
        there[..., 2] -= turn.nearer * neck[2]
        centre = np.array([self._camera.cx, self._camera.cy], np.float32)
        seen = there[..., :2] / there[..., 2:] * np.float32(self._camera.focal) + centre
        return np.asarray((seen - self._lattice) * self._weights[frame], np.float32)


def _faded(head_mask: Array, depth: Array) -> tuple[Tensor, Tensor]:
    """How far each pixel of the canonical frame goes with the head, 0..1, and its depth.

    Round the head the depth is that of the head's edge, so that what is near it goes alike.
    """
    outside = (head_mask < 0.5).astype(np.uint8)
    away, nearest = cv2.distanceTransformWithLabels(
        outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    at_edge = np.zeros(nearest.max() + 1, np.float32)
    inside = outside == 0
    at_edge[nearest[inside]] = depth[inside]
    reach = REACH * depth.shape[1]
    smooth = cv2.GaussianBlur(at_edge[nearest], (0, 0), reach / 8)
    blend = np.clip(away / (reach / 8), 0, 1)
    weight = _smooth_step(1 - away / reach)
    extended = depth + blend * (smooth - depth)
    extended[~inside] = (at_edge[nearest] + blend * (smooth - at_edge[nearest]))[~inside]
    return torch.from_numpy(weight), torch.from_numpy(extended.astype(np.float32))


def _in_space(
    lattice: Array, canonical: Canonical, weight: Tensor, depth: Tensor, poses: Tensor
) -> tuple[Array, Array]:
    """Where the lattice (h, w, 2) of frames with `poses` (B, 6) stands before their camera:
    (B, h, w, 3), and how far each of its points goes with the head, (B, h, w, 1)."""
    relative = relative_pose(canonical.pose.expand_as(poses), poses)
    points = torch.from_numpy(lattice).expand(len(poses), -1, -1, -1)
    found = canonicalise(points, depth, relative, canonical.camera)
    both = torch.stack([weight, depth])[None].expand(len(poses), -1, -1, -1)
    weights, depths = sample(both, found).unbind(dim=1)
    camera = canonical.camera
    centre = points.new_tensor([camera.cx, camera.cy])
    rays = torch.cat([(found - centre) / camera.focal, torch.ones_like(found[..., :1])], dim=-1)
    rotation, shift = relative
    there = torch.einsum("bij,bhwj->bhwi", rotation, rays * depths[..., None])
    return (there + shift[:, None, None]).numpy(), weights[..., None].numpy()


def _edge(lattice: Array, height: int, width: int) -> Array:
    """0 at the frame's edge, 1 inside: (h, w)."""
    far = np.array([width - 1, height - 1], np.float32) - lattice
    return _smooth_step(np.minimum(lattice, far).min(axis=-1) / (EDGE * width))


def _rotations(poses: Tensor) -> NDArray[np.float64]:
    return rotation_matrix(poses[:, :3]).double().numpy()


def _face(pose: list[float], camera: Camera) -> Part:
    """Where the eyes and the mouth are in a frame with this pose (6,)."""
    (x, y, z) = pose[3:]
    eyes = camera.focal / z  # px
    at = np.array([x, y]) * eyes + (camera.cx, camera.cy)
    x0, y0, x1, y1 = (max(0, round(v)) for v in np.tile(at, 2) + np.array(FACE) * eyes)
    return slice(y0, y1), slice(x0, x1)


def _within(part: Part, outer: Part) -> Part:
    """`part` as it is counted from the beginning of `outer`."""
    rows, columns = (
        slice(max(0, one.start - all_of.start), max(0, one.stop - all_of.start))
        for one, all_of in zip(part, outer, strict=True)
    )
    return rows, columns


def _smooth_step(values: Array) -> Array:
    inside = np.clip(values, 0, 1)
    return np.asarray(inside * inside * (3 - 2 * inside), np.float32)
