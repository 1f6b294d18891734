"""The lip generator as it runs at run time: only the lattice points that can be seen, fused.

What F computes from place alone is folded into constants (`LatticeGenerator`), and points that
lie under no part of the lip mask are not computed at all: about a quarter of the box.
"""

import torch
from torch import Tensor
from torch.nn import functional

from avatar.models.lip_generator import ConditionedLayer, LatticeGenerator, LipGenerator

FAINTEST = 0.5 / 255  # of the mask: anything less is lost when it is stored in a byte
REACH = 3  # lattice points beyond the mask that bicubic sampling may touch


class FastLattice:
    """Lip codes -> canonical lip images, in the number type `kind`."""

    def __init__(self, generator: LipGenerator, lip_mask: Tensor, kind: torch.dtype) -> None:
        full = LatticeGenerator(generator)
        device = full.entered.device
        self.generator, self.kind, self.size = generator, kind, full.size
        points = self.size[0] * self.size[1]
        corners = len(full.entered) // points
        self.seen = seen_points(lip_mask, self.size).to(device)

        def kept(values: Tensor) -> Tensor:
            return values.view(corners, points, -1)[:, self.seen].flatten(0, 1)

        self.corners = corners
        self.entered = kept(full.entered).to(kind)
        self.skipped = None if full.skipped is None else kept(full.skipped).to(kind)
        self.hidden = [m for m in generator.hidden if isinstance(m, ConditionedLayer)]
        self.weights = [layer.main.weight.to(kind) for layer in self.hidden]
        self.colour = generator.colour.weight.to(kind), generator.colour.bias.to(kind)
        grey = torch.full((points, 3), 0.5, device=device)
        self.unseen = grey if full.base is None else full.base.view(corners, points, 3).mean(0)
        self.base = 0 if full.base is None else self.unseen[self.seen]
        self.linear = None if full.linear is None else self._seen_pictures(full.linear)

    def __call__(self, code: Tensor, times: Tensor) -> Tensor:
        """code (B, C) and times (B,) float32 -> canonical lip images (B, 3, h, w) float32."""
        conditions = self.generator.conditions(code, times)
        biases = [self.generator.condition(conditions)] + [
            layer.main.bias + layer.shift(conditions) for layer in self.hidden
        ]
        if code.device.type == "cpu":  # rows one by one stay in its caches, and their bias is fused
            rows = [self._colours([bias[row] for bias in biases]) for row in range(len(code))]
            colours = torch.stack(rows)
        else:
            colours = self._colours([bias[:, None] for bias in biases])
        if self.linear is not None:
            colours += (code @ self.linear).view_as(colours)
        images = self.unseen.repeat(len(code), 1, 1)
        images[:, self.seen] = colours
        return images.view(len(code), *self.size, 3).permute(0, 3, 1, 2)

    def _seen_pictures(self, linear: Tensor) -> Tensor:
        """(C, all points * 3) -> (C, seen points * 3), the mean over the corners of a pixel."""
        everywhere = linear.view(len(linear), self.corners, -1, 3)
        return everywhere[:, :, self.seen].mean(dim=1).flatten(1)

    def _colours(self, biases: list[Tensor]) -> Tensor:
        """The biases that a frame's sound and time give each layer, (units,), or of several frames
        (B, 1, units) -> (seen points, 3) or (B, seen points, 3)."""
        first, *others = (bias.to(self.kind) for bias in biases)
        hidden = functional.relu_(self.entered + first)
        for number, (weight, bias) in enumerate(zip(self.weights, others, strict=True), start=2):
            if self.skipped is not None and number == self.generator.config.skip_layer:
                hidden = functional.relu_(_linear(hidden, weight, bias) + self.skipped)
            else:
                hidden = linear_relu(hidden, weight, bias)
        colours = functional.linear(hidden, *self.colour).float()
        mean: Tensor = colours.unflatten(-2, (self.corners, -1)).mean(dim=-3)
        return mean + self.base


def linear_relu(values: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """relu(values W^T + b), in one pass over the memory where oneDNN is at hand."""
    if values.device.type == "cpu" and torch.backends.mkldnn.is_available():
        fused: Tensor = torch.ops.mkldnn._linear_pointwise(values, weight, bias, "relu", [], "")
        return fused
    return functional.relu_(_linear(values, weight, bias))


def _linear(values: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """values (..., N, K) W^T + b, where b is (M,) or one row of each batch, (B, 1, M)."""
    return functional.linear(values, weight) + bias


def seen_points(lip_mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Indices into a flattened size = (h, w) lattice over the lip box of all that can be seen."""
    resized = functional.interpolate(
        lip_mask[None, None], size, mode="bilinear", align_corners=True
    )
    covered = functional.adaptive_max_pool2d(lip_mask[None, None], size)
    width = 2 * REACH + 1
    near = functional.max_pool2d(torch.maximum(resized, covered), width, stride=1, padding=REACH)
    return torch.nonzero(near.flatten() > FAINTEST)[:, 0]
