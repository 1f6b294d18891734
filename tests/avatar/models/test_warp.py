"""Geometry against closed forms."""

import math

import pytest
import torch
from torch import Tensor

from avatar.models.warp import (
    Camera,
    canonicalise,
    observe,
    pixel_lattice,
    relative_pose,
    rotation_matrix,
    sample,
)

CAMERA = Camera(focal=300.0, cx=63.5, cy=63.5)
SIZE = 128


def pose(
    yaw: float = 0.0, pitch: float = 0.0, shift: tuple[float, float, float] = (0, 0, 4)
) -> Tensor:
    return torch.tensor([[pitch, yaw, 0.0, *shift]])


def sphere_depth(radius: float = 1.0, distance: float = 4.0) -> Tensor:
    """z of the first hit of each pixel's ray with a sphere; the tangent depth outside."""
    points = pixel_lattice((0, 0, SIZE, SIZE))
    rays = torch.cat([(points - CAMERA.cx) / CAMERA.focal, torch.ones(SIZE, SIZE, 1)], dim=-1)
    a = rays.square().sum(dim=-1)
    inner = (distance**2 - a * (distance**2 - radius**2)).clamp_min(0)
    return (distance - inner.sqrt()) / a


def test_rotation_about_each_axis() -> None:
    quarter = math.pi / 2
    turned = rotation_matrix(torch.eye(3) * quarter) @ torch.eye(3).roll(1, 0)[..., None]
    # A quarter turn about an axis takes the next axis to the one after it.
    assert torch.allclose(
        rotation_matrix(torch.tensor([0.0, 0.0, quarter])) @ torch.tensor([1.0, 0.0, 0.0]),
        torch.tensor([0.0, 1.0, 0.0]),
        atol=1e-6,
    )
    assert torch.allclose(turned.norm(dim=1), torch.ones(3, 1), atol=1e-6)


def test_plane_moves_as_projection_says() -> None:
    """A plane at z = 4 moved 0.2 to the right and 1 nearer: u = f (X + 0.2) / 3 + c."""
    points = pixel_lattice((0, 0, SIZE, SIZE))[None]
    relative = relative_pose(pose(), pose(shift=(0.2, 0.0, 3.0)))
    seen = observe(points, torch.full((1, SIZE, SIZE), 4.0), relative, CAMERA)
    world = (points - CAMERA.cx) / CAMERA.focal * 4.0
    wanted = (world + torch.tensor([0.2, 0.0])) / 3.0 * CAMERA.focal + CAMERA.cx
    assert torch.allclose(seen, wanted, atol=1e-3)


def test_textured_sphere_seen_from_another_pose() -> None:
    """Render a sphere with a known texture at two poses; O2C brings the second onto the first."""
    angle = math.radians(8)
    observed = pose(yaw=angle)
    image = render_sphere(observed)
    points = pixel_lattice((44, 44, 84, 84))[None]
    depth = sphere_depth()[44:84, 44:84][None]
    seen = sample(image, observe(points, depth, relative_pose(pose(), observed), CAMERA))
    wanted = render_sphere(pose())[..., 44:84, 44:84]
    assert (seen - wanted).abs().max() < 0.01
    assert (image[..., 44:84, 44:84] - wanted).abs().max() > 0.05  # the warp had something to do


def render_sphere(head: Tensor) -> Tensor:
    """Ray-traced unit sphere with a smooth texture fixed to it: (1, 1, SIZE, SIZE)."""
    points = pixel_lattice((0, 0, SIZE, SIZE))
    rays = torch.cat([(points - CAMERA.cx) / CAMERA.focal, torch.ones(SIZE, SIZE, 1)], dim=-1)
    hit = rays * sphere_depth()[..., None] - head[0, 3:]
    local = hit @ rotation_matrix(head[0, :3])
    return (torch.sin(4 * local[..., 0]) * torch.cos(3 * local[..., 1]))[None, None]


@pytest.mark.parametrize(("yaw", "pitch"), [(0.0, 0.0), (10.0, -5.0), (-12.0, 8.0)])
def test_c2o_undoes_o2c(yaw: float, pitch: float) -> None:
    """C2O(O2C(x)) = x to a small part of a pixel, on a curved depth."""
    observed = pose(math.radians(yaw), math.radians(pitch), (0.1, -0.05, 4.2))
    relative = relative_pose(pose(), observed)
    depth = sphere_depth()
    points = pixel_lattice((48, 48, 80, 80))[None]
    there = observe(points, depth[48:80, 48:80][None], relative, CAMERA)
    back = canonicalise(there, depth, relative, CAMERA)
    assert (back - points).abs().max() < 0.01


def test_depth_learns_through_the_warp() -> None:
    depth = torch.full((1, 8, 8), 4.0, requires_grad=True)
    points = pixel_lattice((40, 40, 48, 48))[None]
    observe(points, depth, relative_pose(pose(), pose(0.1)), CAMERA).sum().backward()
    assert depth.grad is not None
    assert depth.grad.abs().min() > 0
