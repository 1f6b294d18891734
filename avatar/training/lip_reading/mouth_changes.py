"""Mouths as other takes would show them: moved, nearer, mirrored, darker, faster or slower."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from avatar.models.word_reader import VIEW
from avatar.training.lip_reading.filmed_sentences import FilmedSentence
from avatar.training.lip_reading.mouth_crops import CROP, MARGIN

LENGTH = 48  # pictures of a sentence that are learned from
SLOWEST, FASTEST = 0.87, 1.2  # tempo
NEARER = 0.08  # share by which a mouth may be larger or smaller
TURNED = 0.07  # rad
GAMMA = 0.35  # of the darkest and lightest, as a power of e
COVERED = (12, 18)  # height, width in px of the patch that is hidden


def spans(sentence: FilmedSentence) -> Tensor:
    """First and end frame of each word (P, 2)."""
    return torch.tensor([[float(word.first), float(word.end)] for word in sentence.words])


def as_seen(mouths: Tensor) -> Tensor:
    """Crops (..., *CROP) uint8 -> (..., *VIEW) in 0..1, nothing changed."""
    return mouths[..., MARGIN : MARGIN + VIEW[0], MARGIN : MARGIN + VIEW[1]].float() / 255


def another_take(
    sentences: Sequence[FilmedSentence], rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Mouths (B, LENGTH, *VIEW) in 0..1 and spans (B, P, 2), each changed by chance."""
    pairs = [_faster_or_slower(sentence, rng) for sentence in sentences]
    mouths = torch.stack([mouths for mouths, _ in pairs])
    return in_another_view(mouths, rng), torch.stack([places for _, places in pairs])


def in_another_view(mouths: Tensor, rng: torch.Generator) -> Tensor:
    """Crops (B, F, *CROP) in 0..1 -> (B, F, *VIEW): moved, mirrored, lit, and covered in part."""
    moved = functional.grid_sample(
        mouths, _views(len(mouths), rng), padding_mode="border", align_corners=False
    )
    power = torch.exp(GAMMA * (2 * torch.rand(len(mouths), 1, 1, 1, generator=rng) - 1))
    return _covered(moved**power, rng)


def _faster_or_slower(sentence: FilmedSentence, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    chance = torch.rand(2, generator=rng)
    places = spans(sentence)
    first, end = float(places[0, 0]), float(places[-1, 1])
    slowest = max(SLOWEST, (end - first) / LENGTH)
    tempo = slowest + max(0.0, FASTEST - slowest) * float(chance[0])
    room = LENGTH * tempo - (end - first)
    start = first - room * (0.2 + 0.6 * float(chance[1]))
    at = (start + tempo * torch.arange(LENGTH)).clamp(0, len(sentence.mouths) - 1)
    before = at.long()
    after = (before + 1).clamp_max(len(sentence.mouths) - 1)
    pictures = torch.from_numpy(sentence.mouths)
    share = (at - before)[:, None, None]
    mouths = torch.lerp(pictures[before].float(), pictures[after].float(), share) / 255
    return mouths, (places - start) / tempo


def _views(count: int, rng: torch.Generator) -> Tensor:
    """Sampling grids (B, *VIEW, 2) of a crop, moved by up to its margin, turned, mirrored."""

    def chance() -> Tensor:
        return 2 * torch.rand(count, generator=rng) - 1

    size, turn = 1 + NEARER * chance(), TURNED * chance()
    mirrored = torch.where(chance() > 0, 1.0, -1.0)
    height, width = VIEW[0] / CROP[0], VIEW[1] / CROP[1]
    aspect = CROP[0] / CROP[1]
    cos, sin = torch.cos(turn) * size, torch.sin(turn) * size
    across = torch.stack(
        [mirrored * cos * width, -sin * height * aspect, (1 - width) * chance()], dim=-1
    )
    down = torch.stack(
        [mirrored * sin * width / aspect, cos * height, (1 - height) * chance()], dim=-1
    )
    theta = torch.stack([across, down], dim=1)
    return functional.affine_grid(theta, [count, 1, *VIEW], align_corners=False)


def _covered(mouths: Tensor, rng: torch.Generator) -> Tensor:
    """A patch of every second sentence is hidden behind its mean."""
    rows, columns = torch.arange(VIEW[0])[:, None], torch.arange(VIEW[1])
    corner = torch.rand(len(mouths), 2, generator=rng) * torch.tensor(
        [VIEW[0] - COVERED[0], VIEW[1] - COVERED[1]]
    )
    top, left = corner.long().T[..., None, None]
    hidden = (rows >= top) & (rows < top + COVERED[0])
    hidden = hidden & (columns >= left) & (columns < left + COVERED[1])
    hidden &= torch.rand(len(mouths), 1, 1, generator=rng) < 0.5
    mean = mouths.mean(dim=(1, 2, 3), keepdim=True)
    return torch.where(hidden[:, None], mean, mouths)
