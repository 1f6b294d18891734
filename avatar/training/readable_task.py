"""The last phase, if there is a lip reader: the ear learns to be read off the lips it asks for."""

import copy

import torch
from torch import Tensor

from avatar.models.lip_generator import LatticeGenerator
from avatar.models.word_reader import WordReader
from avatar.rendering.compose import paste
from avatar.speakers.speaker import Networks
from avatar.training.fit import autocast, draw
from avatar.training.lip_data import LipData
from avatar.training.lip_reading.reader_loss import ReaderLoss
from avatar.training.speech_pieces import SEGMENT, Others
from avatar.training.speech_task import SpeechTask

HEAD_RATE = 1e-3
READER_WEIGHT = 0.25


class ReadableTask(SpeechTask):
    """The head goes on as it was taught, and lips are drawn for what it hears; a `fit.Task`.

    The pictures stay as they are.
    """

    def __init__(
        self,
        data: LipData,
        sound: Tensor,
        others: Others | None,
        networks: Networks,
        reader: WordReader,
        device: torch.device,
    ) -> None:
        super().__init__(data, sound, others, networks, False, device, settling=True)
        self.name = "readable"
        self.reader_loss = ReaderLoss(reader, data)
        self.lips = LatticeGenerator(copy.deepcopy(networks.lips).requires_grad_(False))

    def parameter_groups(self) -> list[dict[str, object]]:
        """The head, slower than when it knew nothing."""
        return [{"params": list(self.head.parameters()), "lr": HEAD_RATE, "weight_decay": 0.02}]

    def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
        """The head's own, and the reader's of one piece of the video."""
        found = super().losses(rng, progress)
        start = draw(rng, 1, self.own.starts)
        mels = self._log_mel(self.own.sound_at(start, self.ahead))
        features = self._features(self._by_other_microphones(mels, rng))
        rows = start + torch.arange(SEGMENT)
        made = self._drawn(self.head(self._windows(features)[0]), rows)
        seen = self.reader_loss(rows, made, rng)
        return found | {"reader": READER_WEIGHT * seen.to(self.device)}

    def _drawn(self, codes: Tensor, rows: Tensor) -> Tensor:
        """Regions (F, 3, h, w) of the frames `rows` with the lips of codes (F, C)."""
        with autocast(self.device):
            lips = self.lips(codes)
        regions = self.data.regions
        true = self.data.region_frames[rows].float() / 255
        return paste(true, lips.float().cpu(), regions.grids[rows], regions.masks[rows])
