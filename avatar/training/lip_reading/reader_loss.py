"""The reader's loss: a lip reader is to see in drawn lips what it sees in the true ones.

TalkLip (Wang et al., "Seeing What You Said: Talking Face Generation Guided by a Lip Reading
Expert", CVPR 2023) asks the reader for the words; what it sees on the way to them needs no
transcript.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from avatar.models.word_reader import LEAST_SPREAD, WordReader
from avatar.training.clips import clip_ranges
from avatar.training.lip_data import LipData
from avatar.training.lip_reading.mouth_changes import as_seen, in_another_view
from avatar.training.lip_reading.mouth_crops import CROP, mouth_crop, mouth_placement

STRETCHES, LENGTH = 30, 12  # of training frames from which the spread of what is seen is known
GREY = (0.299, 0.587, 0.114)  # of red, green and blue, as `mouth_crop` weighs them


class ReaderLoss:
    """How differently a frozen reader sees the true mouths of a training video and drawn ones."""

    def __init__(self, reader: WordReader, data: LipData) -> None:
        self.reader, self.data = reader, data
        tracked = data.tracked
        followed = np.where(tracked.usable[:, None, None], tracked.landmarks, np.nan)
        self.placements = torch.cat(
            [_placement(followed[first:end]) for first, end in clip_ranges(data.clip)]
        )
        starts = data.windows(LENGTH)
        chosen = starts[:: max(1, len(starts) // STRETCHES)]
        with torch.inference_mode():
            seen = [self._look(as_seen(self._crops(at + torch.arange(LENGTH)))) for at in chosen]
        self.spread = torch.cat(seen).std(dim=0).clone()

    def __call__(self, rows: Tensor, made: Tensor, rng: torch.Generator) -> Tensor:
        """Mean squared difference of what is seen, each number of it by its spread.

        `rows` (F,) are consecutive frames, made (F, 3, h, w) their regions with drawn lips; both
        mouths are looked at in one view, changed by chance.
        """
        crops = self._crops(rows).float() / 255
        both = torch.cat([crops, self._drawn(crops, rows, made)])
        true, drawn = in_another_view(both[None].clamp_min(0), rng)[0].chunk(2)
        return ((self._look(drawn, true) - self._look(true)) / self.spread).square().mean()

    def _look(self, mouths: Tensor, light: Tensor | None = None) -> Tensor:
        """Mouths (F, *VIEW) -> (F, embedding), in the `light` of others or in their own."""
        spread, mean = torch.std_mean(mouths if light is None else light)
        return self.reader.look(((mouths - mean) / (spread + LEAST_SPREAD))[None])[0]

    def _crops(self, rows: Tensor) -> Tensor:
        """True mouths (F, *CROP) uint8."""
        frames, placements = self.data.tracked.frames, self.placements.numpy()
        cut = [mouth_crop(np.array(frames[row]), placements[row]) for row in rows.tolist()]
        return torch.from_numpy(np.stack(cut))

    def _drawn(self, crops: Tensor, rows: Tensor, made: Tensor) -> Tensor:
        """The same mouths with drawn lips: outside the region they are the true ones."""
        true = self.data.region_frames[rows].float() / 255
        weight = made.new_tensor(GREY)[:, None, None]
        change = ((made - true) * weight).sum(dim=1, keepdim=True)
        origins = self.data.regions.origins[rows]
        grid = _looks_at(self.placements[rows], origins, change.shape[-2:])
        moved = functional.grid_sample(change, grid, align_corners=True)
        return crops + moved[:, 0]


def _placement(landmarks: NDArray[np.float32]) -> Tensor:
    """Of a clip (F, 2, 3); zeros for one in which no face can be followed."""
    if np.isnan(landmarks[:, 0, 0]).all():
        return torch.zeros(len(landmarks), 2, 3)
    return torch.from_numpy(mouth_placement(landmarks))


def _looks_at(placements: Tensor, origins: Tensor, size: torch.Size) -> Tensor:
    """Where in its region, -1..1, each pixel of a crop stands: (F, *CROP, 2)."""
    y, x = torch.meshgrid(torch.arange(CROP[0]), torch.arange(CROP[1]), indexing="ij")
    moved = torch.stack([x, y], dim=-1) - placements[:, None, None, :, 2]
    turns = torch.linalg.inv(placements[:, :, :2])
    frame = torch.einsum("fij,fyxj->fyxi", turns, moved)
    inside = frame - origins[:, None, None]
    return inside / torch.tensor([size[1] - 1, size[0] - 1]) * 2 - 1
