"""L_D: the canonical full-head depth D_c, learned from how frames look when warped onto it.

Speech2Lip (arXiv:2309.04814) section 3.2: the depth starts from the fitted face mesh and is a
parameter, so that what the mesh does not cover (ears, hair, neck) finds its place too.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from avatar.models.warp import Camera, observe, pixel_lattice, relative_pose, sample
from avatar.training.losses import smoothness

SHRINK = 2  # the photometric comparison runs on every second pixel
CELLS = 48  # control points of the correction, each way
BATCH = 8


class CanonicalDepth(nn.Module):
    """D_c = D_mesh * exp(correction), the correction a smooth sheet of control points."""

    mesh: Tensor

    def __init__(self, mesh_depth: Tensor) -> None:
        super().__init__()
        self.register_buffer("mesh", mesh_depth)
        self.correction = nn.Parameter(torch.zeros(1, 1, CELLS, CELLS))

    def forward(self) -> Tensor:
        """Depth (H, W) of the canonical frame."""
        size = (int(self.mesh.shape[0]), int(self.mesh.shape[1]))
        sheet = functional.interpolate(self.correction, size, mode="bicubic", align_corners=True)
        depth: Tensor = self.mesh * sheet[0, 0].exp()
        return depth


class DepthTask:
    """The phase that learns D_c; a `fit.Task`."""

    name = "depth"

    def __init__(
        self,
        frames: Tensor,
        poses: Tensor,
        canonical: int,
        camera: Camera,
        mesh_depth: Tensor,
        still_mask: Tensor,
    ) -> None:
        """frames (F, 3, H, W) uint8 and poses (F, 6): a spread sample of the video, `canonical`
        the row of the canonical frame; still_mask (H, W) is 1 on the head where speech and blinks
        move nothing.
        """
        self.frames, self.poses, self.camera = frames, poses, camera
        self.canonical = canonical
        self.depth = CanonicalDepth(mesh_depth)
        self.modules = nn.ModuleDict({"depth": self.depth})
        height, width = mesh_depth.shape
        self.points = pixel_lattice((0, 0, width, height))[::SHRINK, ::SHRINK]
        self.mask = still_mask[::SHRINK, ::SHRINK][None, None]
        self.target = self._grey(frames[canonical : canonical + 1])[..., ::SHRINK, ::SHRINK]

    def parameter_groups(self) -> list[dict[str, object]]:
        """The control points alone."""
        return [{"params": list(self.modules.parameters()), "lr": 4e-3}]

    def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
        """Photometric difference after O2C, and what keeps the sheet near the mesh."""
        del progress
        rows = torch.randint(len(self.frames), (BATCH,), generator=rng)
        depth = self.depth()
        relative = relative_pose(self.poses[self.canonical].expand(BATCH, -1), self.poses[rows])
        points = self.points.expand(BATCH, -1, -1, -1)
        near = depth[::SHRINK, ::SHRINK].expand(BATCH, -1, -1)
        seen = sample(self._grey(self.frames[rows]), observe(points, near, relative, self.camera))
        seen = match_brightness(seen, self.target, self.mask)
        difference = ((seen - self.target).abs() * self.mask).sum() / (self.mask.sum() * BATCH)
        return {
            "photometric": difference,
            "smooth": 10 * smoothness(self.depth.correction[0, 0]),
            "near_mesh": 0.02 * self.depth.correction.square().mean(),
        }

    @staticmethod
    def _grey(frames: Tensor) -> Tensor:
        return frames.float().mean(dim=1, keepdim=True) / 255


def match_brightness(images: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Give images (B, 1, h, w) the mean and spread of `target` under `mask`: light is not shape."""
    total = mask.sum()

    def moments(x: Tensor) -> tuple[Tensor, Tensor]:
        mean = (x * mask).sum(dim=(2, 3), keepdim=True) / total
        spread = ((x - mean).square() * mask).sum(dim=(2, 3), keepdim=True) / total
        return mean, (spread + 1e-6).sqrt()

    (mean, spread), (wanted, wanted_spread) = moments(images), moments(target)
    return (images - mean) / spread * wanted_spread + wanted
