"""The z-buffer against closed forms."""

import itertools
from collections import Counter

import numpy as np

from avatar.models.warp import Camera
from avatar.training.preprocess.canonical_view import CanonicalView
from avatar.training.preprocess.face_depth import canonical_depth, rasterise
from avatar.training.preprocess.landmark_sets import FACE_OVAL, mesh_triangles

CAMERA = Camera(300.0, 63.5, 63.5)
SIZE = (128, 128)


def test_a_tilted_plane_is_exact() -> None:
    corners = np.array([[-3, -3, 0], [3, -3, 0], [3, 3, 0], [-3, 3, 0]], float)
    corners[:, 2] = 10 + 0.5 * corners[:, 0]
    depth = rasterise(corners, np.array([[0, 1, 2], [0, 2, 3]]), CAMERA, SIZE)
    x = (np.arange(128) - CAMERA.cx) / CAMERA.focal
    exact = 10 / (1 - 0.5 * x)
    assert np.allclose(depth, np.broadcast_to(exact, depth.shape), atol=1e-9)


def test_the_nearer_triangle_hides_the_other() -> None:
    far = np.array([[-5, -5, 20], [5, -5, 20], [0, 8, 20]], float)
    near = np.array([[-0.3, -0.3, 10], [0.3, -0.3, 10], [0, 0.5, 10]], float)
    triangles = np.array([[0, 1, 2], [3, 4, 5]])
    for vertices in (np.r_[far, near], np.r_[near, far]):
        depth = rasterise(vertices, triangles, CAMERA, SIZE)
        assert np.isclose(depth[63, 63], 10)
        assert np.isclose(depth[40, 63], 20)


def _sphere_face() -> np.ndarray:
    """Landmarks placed on a sphere by a spiral, the oval outermost."""
    rng = np.random.default_rng(0)
    vertices = np.zeros((478, 3))
    angle, radius = rng.uniform(0, 2 * np.pi, 478), 0.8 * np.sqrt(rng.uniform(0, 1, 478))
    turn = np.linspace(0, 2 * np.pi, len(FACE_OVAL), endpoint=False)
    angle[FACE_OVAL], radius[FACE_OVAL] = turn, 0.9
    vertices[:, 0], vertices[:, 1] = radius * np.cos(angle), radius * np.sin(angle)
    vertices[:, 2] = 14 - np.sqrt(1.2**2 - radius**2)
    return vertices


def test_outside_the_face_the_head_recedes_smoothly_to_a_constant() -> None:
    from scipy.spatial import Delaunay

    vertices = _sphere_face()
    triangles = Delaunay(vertices[:468, :2]).simplices.astype(np.intp)
    depth = canonical_depth(vertices, triangles, Camera(600.0, 63.5, 63.5), SIZE)
    assert np.isfinite(depth).all()
    assert abs(depth[63, 63] - 12.8) < 0.03
    assert np.ptp(np.r_[depth[0, :5], depth[-1, :5]]) < 0.01
    assert depth.max() <= depth[0, 0] + 0.01
    assert np.abs(np.diff(depth, axis=1)).max() < 0.25


def test_the_mesh_ends_only_at_the_face_oval() -> None:
    edges = Counter(
        frozenset(map(int, pair))
        for triangle in mesh_triangles()
        for pair in itertools.combinations(triangle, 2)
    )
    border = {edge for edge, count in edges.items() if count == 1}
    oval = [int(i) for i in FACE_OVAL]
    assert border == {frozenset(pair) for pair in zip(oval, oval[1:] + oval[:1], strict=True)}


def test_the_view_of_the_canonical_frame_is_itself() -> None:
    depth = np.full((128, 128), 12.0)
    pose = np.array([0.1, -0.05, 0.02, 0.3, 0.1, 12.0])
    image = np.random.default_rng(1).integers(0, 255, (128, 128, 3)).astype(np.uint8)
    view = CanonicalView(depth, pose, CAMERA)
    assert np.abs(view.warp(image, pose).astype(int) - image).max() <= 1
    nearer = pose + np.array([0, 0, 0, 0.2, 0, 0])
    moved = view.places(nearer) - view.places(pose)
    assert np.allclose(moved, (0.2 / 12 * 300, 0), atol=1e-3)
