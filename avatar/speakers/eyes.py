"""How a speaker blinks: eyes.safetensors of a bundle, which need not be there."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from avatar.errors import AvatarError
from avatar.speakers import bundle
from avatar.speakers.card import EYES, SpeakerCard

MAX_PICTURES = 200
SMALLEST = 8  # pixels of a side


@dataclass(frozen=True)
class Eyes:
    """Blinks as filmed, in the canonical view, and which reference frames are in the middle of one.

    Blink b shows the pictures from ends[b - 1] (0 for the first) to ends[b].
    """

    origin: Tensor  # (2,) int64 x, y of the region round both eyes, in the canonical frame
    mask: Tensor  # (h, w) 0..1, feathered: what moves in a blink
    pictures: Tensor  # (K, 3, h, w) RGB 0..1
    closed: Tensor  # (K,) how far the lids are down, 0..1
    ends: Tensor  # (B,) int64
    openness: Tensor  # (N,) of the eyes in each reference frame; usually 1

    @property
    def blinks(self) -> list[range]:
        """The pictures of each blink."""
        ends = self.ends.tolist()
        return [range(*both) for both in zip([0, *ends[:-1]], ends, strict=True)]


def write_eyes(path: Path, eyes: Eyes) -> None:
    """Write eyes.safetensors at `path`."""
    tensors = {
        name: tensor.to(torch.float16) if tensor.is_floating_point() else tensor
        for name, tensor in vars(eyes).items()
    }
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)


def read_eyes(folder: Path, card: SpeakerCard) -> Eyes | None:
    """None if the bundle has none. Raises AvatarError."""
    path = folder / EYES
    if all(file.name != EYES for file in card.files):
        return None
    shape = bundle.shape_of(path, "mask", 2)
    pictures = bundle.shape_of(path, "closed", 1)
    blinks = bundle.shape_of(path, "ends", 1)
    shapes = {
        "origin": (2,),
        "mask": shape,
        "pictures": (*pictures, 3, *shape),
        "closed": pictures,
        "ends": blinks,
        "openness": (card.frames,),
    }
    eyes = Eyes(**bundle.read_tensors(path, shapes))
    _check(eyes, card, path)
    return eyes


def _check(eyes: Eyes, card: SpeakerCard, path: Path) -> None:
    (x, y), (height, width) = eyes.origin.tolist(), eyes.mask.shape
    ends = eyes.ends.tolist()
    inside = min(x, y) >= 0 and x + width <= card.size[0] and y + height <= card.size[1]
    rising = all(a < b for a, b in zip([0, *ends], ends, strict=False))
    if not (inside and ends and rising and ends[-1] == len(eyes.pictures) <= MAX_PICTURES):
        raise AvatarError(f"{path}: holds no blinks of this speaker; fetch the bundle anew")
