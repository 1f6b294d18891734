"""Depth of the canonical frame: the fitted mesh rasterised, and a plausible head round it."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from avatar.models.warp import Camera
from avatar.training.preprocess.geometry import Array, project
from avatar.training.preprocess.landmark_sets import FACE_OVAL

HEAD_HALF = (0.95, 1.45, 1.3)  # half axes of a head in eye distances: wide, high, deep
HEAD_CENTRE = (0.0, -0.1, 1.35)  # seen from the middle of the face: a little up, behind it
BODY_BEHIND = 1.35  # eye distances: shoulders and background stand at the depth of the ears
FADE = 0.5  # eye distances over which the face's edge runs into the ellipsoid


def canonical_depth(
    vertices: Array, triangles: NDArray[np.intp], camera: Camera, size: tuple[int, int]
) -> NDArray[np.float32]:
    """Depth (H, W) of the frame in head units.

    vertices (468+, 3) in the camera of the frame, triangles (T, 3), size (width, height) px.
    """
    mesh = rasterise(vertices, triangles, camera, size)
    face = np.isfinite(mesh)
    profile = _head_profile(vertices, camera, size)
    edge = np.where(face, mesh - profile, 0)
    distance, nearest = distance_transform_edt(~face, return_indices=True)
    unit = camera.focal / float(np.median(vertices[:, 2]))
    smooth = _blur_outside(edge[tuple(nearest)], face, 0.15 * unit)
    outside = profile + smooth * np.exp(-np.square(distance / (FADE * unit)))
    outside = np.minimum(outside, profile.max())
    joined = np.where(face, mesh, outside)
    soft = gaussian_filter(joined, 0.03 * unit)
    return np.asarray(soft, np.float32)


def rasterise(
    vertices: Array, triangles: NDArray[np.intp], camera: Camera, size: tuple[int, int]
) -> Array:
    """Z-buffer (H, W) of a mesh in the camera; infinite where there is none.

    1 / z is linear in the pixels of a plane triangle, so it is what is interpolated.
    """
    width, height = size
    pixels = project(vertices, camera)
    buffer = np.full((height, width), np.inf)
    for triangle in triangles:
        _fill(buffer, pixels[triangle], 1 / vertices[triangle, 2])
    return buffer


def _fill(buffer: Array, corners: Array, inverse_depth: Array) -> None:
    height, width = buffer.shape
    x0, y0 = np.maximum(np.ceil(corners.min(0)), 0).astype(int)
    x1, y1 = np.minimum(np.floor(corners.max(0)) + 1, (width, height)).astype(int)
    system = np.concatenate([corners.T, np.ones((1, 3))])
    if x1 <= x0 or y1 <= y0 or abs(np.linalg.det(system)) < 1e-9:
        return
    xs, ys = np.meshgrid(np.arange(x0, x1), np.arange(y0, y1))
    share = np.einsum("ij,jyx->iyx", np.linalg.inv(system), np.stack([xs, ys, np.ones_like(xs)]))
    inside = (share >= -1e-9).all(0)
    depth = 1 / np.tensordot(inverse_depth, share, 1)
    part = buffer[y0:y1, x0:x1]
    part[inside] = np.minimum(part[inside], depth[inside])


def _head_profile(vertices: Array, camera: Camera, size: tuple[int, int]) -> Array:
    """An ellipsoid for the skull before a plane for the body and the background."""
    width, height = size
    oval = vertices[FACE_OVAL]
    middle = (oval.min(0) + oval.max(0)) / 2
    front = float(vertices[:468, 2].min())
    centre = np.r_[middle[:2], front] + HEAD_CENTRE
    back = front + BODY_BEHIND
    xs, ys = np.meshgrid(np.arange(width), np.arange(height))
    x = (xs - camera.cx) / camera.focal * back - centre[0]
    y = (ys - camera.cy) / camera.focal * back - centre[1]
    rest = 1 - (x / HEAD_HALF[0]) ** 2 - (y / HEAD_HALF[1]) ** 2
    bulge = HEAD_HALF[2] * np.sqrt(np.maximum(rest, 0))
    return np.asarray(np.minimum(centre[2] - bulge, back))


def _blur_outside(values: Array, face: Array, sigma: float) -> Array:
    """Smooth values along the outside only, so that the face keeps its own edge."""
    weight = (~face).astype(np.float32) + 1e-6
    return np.asarray(
        cv2.GaussianBlur(values * weight, (0, 0), sigma) / cv2.GaussianBlur(weight, (0, 0), sigma)
    )
