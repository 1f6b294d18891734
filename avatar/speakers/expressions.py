"""How a speaker smiles and raises the brows: expressions.safetensors of a bundle, which need not be
there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from avatar.errors import AvatarError
from avatar.gestures import ExpressionName
from avatar.speakers import bundle
from avatar.speakers.card import EXPRESSIONS, SpeakerCard

SMALLEST = 8  # pixels of a side
FARTHEST = 0.125  # of the frame's width, that a point is moved
STRONGEST = 0.5  # of white, that the light changes


@dataclass(frozen=True)
class Expression:
    """What one expression changes in the canonical view, where it is strongest."""

    origin: Tensor  # (2,) int64 x, y of its region in the canonical frame
    back: Tensor  # (2, h, w) px x, y from each pixel to where what it shows is without it
    light: Tensor  # (3, h, w) RGB that is added; white is 1


Expressions = Mapping[ExpressionName, Expression]


def write_expressions(path: Path, expressions: Expressions) -> None:
    """Write expressions.safetensors at `path`."""
    tensors = {
        f"{name}.{part}": tensor.to(torch.float16) if tensor.is_floating_point() else tensor
        for name, expression in expressions.items()
        for part, tensor in vars(expression).items()
    }
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)


def read_expressions(folder: Path, card: SpeakerCard) -> Expressions:
    """None of them if the card names none. Raises AvatarError."""
    path = folder / EXPRESSIONS
    if not card.expressions:
        return {}
    shapes: dict[str, tuple[int, ...]] = {}
    for name in card.expressions:
        region = bundle.shape_of(path, f"{name}.back", 3)[1:]
        shapes |= {
            f"{name}.origin": (2,),
            f"{name}.back": (2, *region),
            f"{name}.light": (3, *region),
        }
    tensors = bundle.read_tensors(path, shapes)
    found = {name: Expression(**bundle.with_prefix(tensors, name)) for name in card.expressions}
    for expression in found.values():
        _check(expression, card, path)
    return found


def _check(expression: Expression, card: SpeakerCard, path: Path) -> None:
    (x, y), (height, width) = expression.origin.tolist(), expression.back.shape[1:]
    inside = min(x, y) >= 0 and x + width <= card.size[0] and y + height <= card.size[1]
    large = min(height, width) >= SMALLEST
    if not (
        inside
        and large
        and float(expression.back.abs().max()) <= FARTHEST * card.size[0]
        and float(expression.light.abs().max()) <= STRONGEST
    ):
        raise AvatarError(f"{path}: holds no expressions of this speaker; fetch the bundle anew")
