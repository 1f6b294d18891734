"""GAMEM, the geometry-aware mutual explicit mapping between canonical and observed space.

Speech2Lip (arXiv:2309.04814) section 3.2.  A pixel p with depth D(p) in one view stands at
K T D(p) K^-1 p in the other, T being the relative head pose.  Both images are *sampled* through
these maps (backward warps): O2C samples the observed frame at `observe(p_c)`, C2O samples the
canonical image at `canonicalise(p_o)`.

One depth serves both ways.  The canonical depth D_c gives O2C directly; C2O is its numerical
inverse, so that C2O(O2C(x)) = x holds to the sampling error and D_o needs no second estimate.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

INVERSE_STEPS = 8


@dataclass(frozen=True)
class Camera:
    """Pinhole camera of the face crop, in pixels; x to the right, y down, z forward."""

    focal: float
    cx: float
    cy: float


def rotation_matrix(axis_angle: Tensor) -> Tensor:
    """Rodrigues' formula: (..., 3) axis-angle in radians -> (..., 3, 3) rotation."""
    angle = axis_angle.norm(dim=-1, keepdim=True).clamp_min(1e-12)[..., None]
    x, y, z = (axis_angle / angle[..., 0]).unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1)
    cross = cross.reshape(*cross.shape[:-1], 3, 3)
    eye = torch.eye(3, dtype=axis_angle.dtype, device=axis_angle.device)
    rotation: Tensor = eye + angle.sin() * cross + (1 - angle.cos()) * (cross @ cross)
    return rotation


def relative_pose(canonical: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
    """T_c->o = T_o T_c^-1 of two poses (..., 6): rotation (..., 3, 3), translation (..., 3)."""
    rotation_c, rotation_o = rotation_matrix(canonical[..., :3]), rotation_matrix(observed[..., :3])
    rotation = rotation_o @ rotation_c.transpose(-1, -2)
    shift = observed[..., 3:] - (rotation @ canonical[..., 3:, None])[..., 0]
    return rotation, shift


def pixel_lattice(box: tuple[int, int, int, int], device: torch.device | None = None) -> Tensor:
    """Pixel centres of the box (x0, y0, x1, y1) as (h, w, 2) coordinates (x, y)."""
    x0, y0, x1, y1 = box
    ys, xs = torch.meshgrid(
        torch.arange(y0, y1, dtype=torch.float32, device=device),
        torch.arange(x0, x1, dtype=torch.float32, device=device),
        indexing="ij",
    )
    return torch.stack([xs, ys], dim=-1)


def sample(image: Tensor, points: Tensor, mode: str = "bilinear") -> Tensor:
    """Read image (B, C, H, W) at pixel coordinates (B, h, w, 2) -> (B, C, h, w); edges repeat."""
    height, width = image.shape[-2:]
    scale = points.new_tensor([2 / max(width - 1, 1), 2 / max(height - 1, 1)])
    grid = (points * scale - 1).to(image.dtype)
    return functional.grid_sample(image, grid, mode, padding_mode="border", align_corners=True)


def observe(points: Tensor, depth: Tensor, pose: tuple[Tensor, Tensor], camera: Camera) -> Tensor:
    """Where canonical pixels stand in the observed frame.

    points (B, h, w, 2) canonical pixels, depth (B, h, w) their z in the canonical camera,
    pose (B, 3, 3) and (B, 3) of `relative_pose` -> (B, h, w, 2) observed pixels.
    """
    centre = points.new_tensor([camera.cx, camera.cy])
    rays = torch.cat([(points - centre) / camera.focal, torch.ones_like(points[..., :1])], dim=-1)
    rotation, shift = pose
    moved = torch.einsum("bij,bhwj->bhwi", rotation, rays * depth[..., None])
    moved = moved + shift[:, None, None]
    return moved[..., :2] / moved[..., 2:].clamp_min(1e-3) * camera.focal + centre


def canonicalise(
    points: Tensor, depth: Tensor, pose: tuple[Tensor, Tensor], camera: Camera
) -> Tensor:
    """Where observed pixels stand in the canonical frame: the inverse of `observe`.

    points (B, h, w, 2) observed pixels, depth (H, W) or (1, H, W) of the whole canonical frame ->
    (B, h, w, 2) canonical pixels.  Solved by quasi-Newton steps with one Jacobian a frame (the
    map is nearly affine over a head), `INVERSE_STEPS` of them.
    """
    volume = depth.reshape(1, 1, *depth.shape[-2:]).expand(points.shape[0], -1, -1, -1)
    offset, jacobian = _affine_fit(depth.reshape(depth.shape[-2:]), pose, camera)
    inverse = torch.linalg.inv(jacobian)

    def step(residual: Tensor) -> Tensor:
        return torch.einsum("bij,bhwj->bhwi", inverse, residual)

    found = step(points - offset[:, None, None])
    for _ in range(INVERSE_STEPS):
        there = sample(volume, found)[:, 0]
        found = found + step(points - observe(found, there, pose, camera))
    return found


def _affine_fit(
    depth: Tensor, pose: tuple[Tensor, Tensor], camera: Camera
) -> tuple[Tensor, Tensor]:
    """Least-squares affine map of canonical to observed pixels: offset (B, 2), matrix (B, 2, 2)."""
    height, width = depth.shape
    ys = torch.linspace(0.3 * height, 0.8 * height, 12, device=depth.device).round()
    xs = torch.linspace(0.25 * width, 0.75 * width, 12, device=depth.device).round()
    grid = torch.stack(torch.meshgrid(xs, ys, indexing="xy"), dim=-1)
    at = depth[grid[..., 1].long(), grid[..., 0].long()].detach()
    batch = pose[0].shape[0]
    there = observe(
        grid.expand(batch, -1, -1, -1),
        at.expand(batch, -1, -1),
        (pose[0].detach(), pose[1].detach()),
        camera,
    ).flatten(1, 2)
    design = torch.cat([grid.flatten(0, 1), torch.ones_like(grid[..., :1]).flatten(0, 1)], dim=-1)
    solution = torch.linalg.lstsq(design.expand(batch, -1, -1), there).solution
    return solution[:, 2], solution[:, :2].transpose(-1, -2)
