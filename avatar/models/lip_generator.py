"""The speech-driven implicit model F(gamma(x), f_s, gamma(t)) -> colour of the canonical lips.

Speech2Lip (arXiv:2309.04814) section 3.1, equations 1-3.  Three things make it fast and quick to
learn, all optional so that the authors' own network is one configuration of the same class: a
learned feature plane over the canonical box stands beside gamma(x); the network predicts the
difference to the mean canonical lip image; and each number of f_s has a picture of its own over the
box that it adds in proportion, so that the network is left with what is not linear.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class LipGeneratorConfig:
    """Dimensions of F; they travel in the bundle."""

    code: int  # length of f_s
    box: tuple[int, int]  # height and width of the canonical lip box, pixels
    lattice: tuple[int, int]  # height and width of the image drawn at run time
    width: int = 48
    layers: int = 3
    skip_layer: int = 0  # the inputs enter once more at this layer; 0 = never
    octaves: int = 8  # of gamma(x)
    time_octaves: int = 4  # of gamma(t)
    plane_channels: int = 24  # 0 = no feature plane, gamma(x) alone
    mean_residual: bool = True  # c is the difference to the mean canonical lips
    linear_part: bool = True  # each number of f_s adds its own picture
    corner_ensemble: bool = False  # four corner evaluations a pixel at run time too


def positional_encoding(values: Tensor, octaves: int) -> Tensor:
    """gamma: (..., D) in [0, 1] -> (..., 2 D octaves) sines and cosines, NeRF's equation 4."""
    scales = 2.0 ** torch.arange(octaves, device=values.device) * torch.pi
    angles = (values[..., None] * scales).flatten(-2)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def lattice_positions(size: tuple[int, int], device: torch.device | None = None) -> Tensor:
    """Positions (u, v) in [0, 1]^2 of a size = (h, w) lattice that spans the box: (h, w, 2)."""
    v = torch.linspace(0, 1, size[0], device=device)
    u = torch.linspace(0, 1, size[1], device=device)
    vs, us = torch.meshgrid(v, u, indexing="ij")
    return torch.stack([us, vs], dim=-1)


class LipGenerator(nn.Module):
    """F as one multi-layer perceptron over positions, evaluated for whole images at once."""

    mean: Tensor

    def __init__(self, config: LipGeneratorConfig) -> None:
        super().__init__()
        self.config = config
        inputs = 4 * config.octaves + config.plane_channels
        conditions = config.code + 2 * config.time_octaves
        self.position = nn.Linear(inputs, config.width)
        self.condition = nn.Linear(conditions, config.width)
        self.hidden = nn.ModuleList(
            ConditionedLayer(config.width, conditions) for _ in range(config.layers - 1)
        )
        self.skip = nn.Linear(inputs, config.width, bias=False) if config.skip_layer else None
        self.colour = nn.Linear(config.width, 3)
        if config.plane_channels:
            shape = (1, config.plane_channels, *config.box)
            self.plane = nn.Parameter(nn.init.normal_(torch.empty(shape), std=0.1))
        if config.linear_part:
            self.pictures = nn.Parameter(torch.zeros(1, 3 * config.code, *config.box))
        self.register_buffer("mean", torch.full((1, 3, *config.box), 0.5))
        nn.init.zeros_(self.colour.bias)
        if config.mean_residual:
            nn.init.normal_(self.colour.weight, std=1e-3)

    def place(self, positions: Tensor) -> "Placed":
        """All that F computes from position alone, whatever is said; positions (N, 2)."""
        described = positional_encoding(positions, self.config.octaves)
        if self.config.plane_channels:
            described = torch.cat([described, _read(self.plane, positions)], dim=-1)
        return Placed(
            entered=self.position(described),
            skipped=None if self.skip is None else self.skip(described),
            base=_read(self.mean, positions) if self.config.mean_residual else None,
            linear=self._linear(positions) if self.config.linear_part else None,
        )

    def forward(self, positions: Tensor, code: Tensor, time: Tensor | None = None) -> Tensor:
        """Colours of one frame's positions.

        positions (N, 2) in [0, 1]^2, shared by the batch; code f_s (B, C); time (B,) in [0, 1], the
        place of the frame in the training video, or None where it is not known -> (B, N, 3) RGB.
        """
        return self.colours(self.place(positions), code, time)

    def conditions(self, code: Tensor, time: Tensor | None) -> Tensor:
        """f_s and gamma(t) as one row a frame; an unknown time is encoded as zeros."""
        width = 2 * self.config.time_octaves
        if time is None or not width:
            return torch.cat([code, code.new_zeros(code.shape[0], width)], dim=-1)
        known = (time >= 0).to(code.dtype)[:, None]
        encoded = positional_encoding(time.clamp_min(0)[:, None], self.config.time_octaves)
        return torch.cat([code, encoded.to(code.dtype) * known], dim=-1)

    def colours(self, placed: "Placed", code: Tensor, time: Tensor | None) -> Tensor:
        """The network proper: codes (B, C) and times (B,) of the frames -> (B, N, 3)."""
        conditions = self.conditions(code, time)
        hidden = functional.relu(placed.entered + self.condition(conditions)[:, None])
        for index, layer in enumerate(self.hidden, start=2):
            hidden = layer(hidden, conditions)
            if placed.skipped is not None and index == self.config.skip_layer:
                hidden = hidden + placed.skipped
            hidden = functional.relu_(hidden)
        colour: Tensor = self.colour(hidden)
        if placed.linear is not None:
            colour = colour + (code @ placed.linear).unflatten(1, (-1, 3))
        return colour if placed.base is None else colour + placed.base

    def _linear(self, positions: Tensor) -> Tensor:
        """The pictures at positions (N, 2) as one matrix (C, N * 3)."""
        read = _read(self.pictures, positions).reshape(-1, self.config.code, 3)
        return read.transpose(0, 1).flatten(1)


class ConditionedLayer(nn.Module):
    """A linear layer whose bias is what the frame says."""

    def __init__(self, width: int, conditions: int) -> None:
        super().__init__()
        self.main = nn.Linear(width, width)
        self.shift = nn.Linear(conditions, width, bias=False)

    def forward(self, hidden: Tensor, conditions: Tensor) -> Tensor:
        """hidden (B, N, width), conditions (B, K) -> (B, N, width), in one fused product."""
        bias = (self.main.bias + self.shift(conditions))[:, None]
        return torch.baddbmm(bias, hidden, self.main.weight.T.expand(len(hidden), -1, -1))


class Placed(NamedTuple):
    """What F knows of N positions before anything is said."""

    entered: Tensor  # (N, width), the first layer's part in x
    skipped: Tensor | None  # (N, width), the same for the skip layer
    base: Tensor | None  # (N, 3), the mean canonical lips
    linear: Tensor | None  # (C, N * 3), the picture that each number of f_s adds


class LatticeGenerator(nn.Module):
    """F on the fixed lattice of run time, with all that depends on position alone folded away."""

    entered: Tensor
    skipped: Tensor | None
    base: Tensor | None
    linear: Tensor | None

    def __init__(self, generator: LipGenerator) -> None:
        super().__init__()
        self.generator = generator
        self.size = generator.config.lattice
        weight = generator.colour.weight
        positions = lattice_positions(self.size, weight.device)
        if generator.config.corner_ensemble:
            positions = positions + self._corner_offsets(weight.device)[:, None, None]
        with torch.no_grad():
            placed = generator.place(positions.reshape(-1, 2).to(weight.dtype))
        for name, value in placed._asdict().items():
            self.register_buffer(name, value)

    def forward(self, code: Tensor, time: Tensor | None = None) -> Tensor:
        """code (B, C), time (B,) or None -> canonical lip images (B, 3, h, w)."""
        placed = Placed(self.entered, self.skipped, self.base, self.linear)
        colours = self.generator.colours(placed, code, time)
        images = colours.transpose(1, 2).reshape(len(code), 3, -1, *self.size)
        return images.mean(dim=2)

    def _corner_offsets(self, device: torch.device) -> Tensor:
        """Corners of a rectangle one pixel wide, the pixel in its middle: equal areas (4, 2)."""
        half = torch.tensor([0.5 / (self.size[1] - 1), 0.5 / (self.size[0] - 1)])
        corners = half * torch.tensor([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
        return corners.to(device)


def continuous_sampling(
    generator: LipGenerator, code: Tensor, time: Tensor | None, rng: torch.Generator
) -> Tensor:
    """The canonical lip image by continuous sampling, c(x) = sum_i (S_i / S) c_i (equation 3).

    Each pixel is blended from the four corners of a randomly sized rectangle around it, each
    corner weighted by the sub-rectangle opposite.  The rectangles are the cells of one lattice of
    random pitch and offset, so neighbours share corners and a pixel costs one evaluation, not four.
    Returns (B, 3, box height, box width).
    """
    height, width = generator.config.box
    pitch = 0.75 + 0.75 * torch.rand(2, generator=rng)
    phase = torch.rand(2, generator=rng)
    ys = _corners(height, float(pitch[0]), float(phase[0]))
    xs = _corners(width, float(pitch[1]), float(phase[1]))
    corners = torch.stack(torch.meshgrid(xs, ys, indexing="xy"), dim=-1)
    device = code.device
    scale = torch.tensor([width - 1, height - 1], dtype=torch.float32)
    colours = generator((corners / scale).flatten(0, 1).to(device), code, time)
    image = colours.transpose(1, 2).reshape(len(code), 3, len(ys), len(xs))
    rows = corner_weights(ys, height).to(device, image.dtype)
    columns = corner_weights(xs, width).to(device, image.dtype)
    return torch.einsum("yj,bcji,xi->bcyx", rows, image, columns)


def corner_weights(corners: Tensor, pixels: int) -> Tensor:
    """Share of each corner coordinate in each pixel 0..pixels-1: (pixels, corners), rows sum to 1.

    The area weights S_i / S of a rectangle are products of these, one for each axis.
    """
    at = torch.arange(pixels, dtype=torch.float32)
    right = torch.searchsorted(corners, at, right=True).clamp(1, len(corners) - 1)
    low, high = corners[right - 1], corners[right]
    share = (at - low) / (high - low)
    weights = torch.zeros(pixels, len(corners))
    rows = torch.arange(pixels)
    weights[rows, right] = share
    weights[rows, right - 1] = 1 - share
    return weights


def _corners(pixels: int, pitch: float, phase: float) -> Tensor:
    count = int((pixels - 1) / pitch + phase) + 2
    return (torch.arange(count, dtype=torch.float32) - phase) * pitch


def _read(plane: Tensor, positions: Tensor) -> Tensor:
    """Bilinear reading of a (1, C, h, w) plane at positions (N, 2) in [0, 1]^2 -> (N, C)."""
    grid = (positions * 2 - 1)[None, :, None].to(plane.dtype)
    read = functional.grid_sample(plane, grid, align_corners=True, padding_mode="border")
    return read[0, :, :, 0].transpose(0, 1)
