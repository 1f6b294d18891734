"""The phases that learn pictures: sync expert, lip generator, and the generator with Blend-Net."""

import torch
from torch import Tensor, nn

from avatar.models.blend_net import BlendNet, punch_holes
from avatar.models.lip_generator import LipGenerator, continuous_sampling
from avatar.models.sync_expert import MOUTH_FRAMES, SyncExpert, contrastive_loss
from avatar.rendering.compose import paste
from avatar.training.fit import autocast, draw
from avatar.training.lip_data import LipData
from avatar.training.losses import (
    PERCEPTUAL_WEIGHT,
    SYNC_WEIGHT,
    perceptual_loss,
    photometric,
    synchronisation,
)

NEIGHBOURHOOD = 250  # frames within which the sync expert's negatives are drawn
GENERATOR_RATE = 5e-4  # faster, and its ReLUs die: its linear part leaves it little to correct
BLEND_RATE, REFINING = 2e-3, 4e-4  # of Blend-Net from nothing, and of one that knows its work
BLEND_BATCH = 8  # frames of a step
FOREIGN_REFERENCE = 0.3  # share of Blend-Net's inputs whose own mouth is another frame's


class SyncTask:
    """Contrastive training of the sync expert on true lips; a `fit.Task`."""

    name = "sync"

    def __init__(
        self, data: LipData, features: Tensor, expert: SyncExpert, device: torch.device
    ) -> None:
        self.data, self.features, self.device = data, features, device
        self.expert = expert.to(device)
        self.modules = nn.ModuleDict({"expert": expert})
        self.starts = data.windows(MOUTH_FRAMES)

    def parameter_groups(self) -> list[dict[str, object]]:
        """Both encoders together."""
        return [{"params": list(self.expert.parameters()), "lr": 1e-3, "weight_decay": 0.05}]

    def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
        """InfoNCE over windows of one stretch of video."""
        del progress
        centre = int(draw(rng, 1, self.starts))
        near = self.starts[(self.starts - centre).abs() < NEIGHBOURHOOD]
        apart = near[(near + int(torch.randint(3, (1,), generator=rng))) % 3 == 0]
        rows = apart[:, None] + torch.arange(MOUTH_FRAMES)
        lips = self.data.lips[rows].to(self.device).float() / 255
        with autocast(self.device):
            mouth = self.expert.embed_mouth(lips)
            speech = self.expert.embed_speech(self.features[rows].to(self.device))
        return {"contrastive": contrastive_loss(mouth.float(), speech.float())}


class LipTask:
    """L_c: the generator on canonical lips, by continuous sampling, with the sync expert's word."""

    name = "lips"
    singles = 6  # frames of a step beside the one window that the sync expert sees

    def __init__(
        self,
        data: LipData,
        heard: Tensor,
        features: Tensor,
        generator: LipGenerator,
        expert: SyncExpert,
        device: torch.device,
    ) -> None:
        """heard (F, C) are the codes that the speech head predicts, features (F, D) its input."""
        self.data, self.device = data, device
        self.heard, self.features = heard, features
        self.generator = generator.to(device)
        self.expert = expert.to(device).eval().requires_grad_(False)
        self.modules = nn.ModuleDict({"lips": generator})
        self.starts = data.windows(MOUTH_FRAMES)
        self.uncertainty = _uncertainty(data, heard)
        self.weight = (0.2 + data.canonical.lip_mask)[None, None].to(device)
        self.perceptual = perceptual_loss()

    def parameter_groups(self) -> list[dict[str, object]]:
        """The plane learns faster than the network; the pictures start near where they end."""
        rates = {"plane": 5e-3, "pictures": 5e-4}
        return [
            {
                "params": [parameter],
                "lr": rates.get(name, GENERATOR_RATE),
                "weight_decay": 0.0 if name in rates else 1e-4,
            }
            for name, parameter in self.generator.named_parameters()
        ]

    def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
        """Losses of one window of consecutive frames and a few single ones."""
        del progress
        start = draw(rng, 1, self.starts)
        window = start + torch.arange(MOUTH_FRAMES)
        rows = torch.cat([window, draw(rng, self.singles, self.data.train)])
        codes, time = self.conditions(rng, rows)
        true = self.data.lips[rows].to(self.device).float() / 255
        with autocast(self.device):
            made = continuous_sampling(self.generator, codes, time, rng)
        made = made.float()
        features = self.features[window].to(self.device)
        return {
            "photometric": photometric(made, true, self.weight),
            "perceptual": PERCEPTUAL_WEIGHT * self.perceptual(made, true),
            "sync": SYNC_WEIGHT
            * synchronisation(self.expert, made[None, :MOUTH_FRAMES], features[None]),
        }

    def conditions(self, rng: torch.Generator, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Codes (B, C) and times (B,) to draw the frames `rows` from.

        Half are what the head heard, half the true codes blurred by as much as the head errs; the
        time is unknown (-1) in half of them.
        """
        noise = torch.rand(len(rows), 1, generator=rng) * self.uncertainty
        noise = noise * torch.randn(len(rows), self.heard.shape[1], generator=rng)
        true = torch.rand(len(rows), 1, generator=rng) < 0.5
        codes = torch.where(true, self.data.codes.codes[rows] + noise, self.heard[rows])
        known = torch.rand(len(rows), generator=rng) < 0.5
        time = torch.where(known, rows / len(self.heard), -1.0)
        return codes.to(self.device), time.to(self.device)


class BlendTask:
    """L_o: generator and Blend-Net together, judged on the observed frame."""

    name = "blend"

    def __init__(self, lips: LipTask, blend: BlendNet, rate: float = BLEND_RATE) -> None:
        self.rate = rate
        self.lips, self.blend = lips, blend.to(lips.device)
        self.data, self.device = lips.data, lips.device
        self.modules = nn.ModuleDict({"lips": lips.generator, "blend": blend})

    def parameter_groups(self) -> list[dict[str, object]]:
        """Blend-Net from the start, the generator only fine-tuned."""
        groups = self.lips.parameter_groups()
        for group in groups:
            group["lr"] = 0.25 * float(str(group["lr"]))
        return [{"params": list(self.blend.parameters()), "lr": self.rate}, *groups]

    def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
        """Losses of the harmonised regions and of the canonical lips behind them."""
        del progress
        rows = draw(rng, BLEND_BATCH, self.data.train)
        codes, time = self.lips.conditions(rng, rows)
        true = self.data.region_frames[rows].to(self.device).float() / 255
        masks = self.data.regions.masks[rows].to(self.device).float()
        grids = self.data.regions.grids[rows].to(self.device).float()
        with autocast(self.device):
            made = continuous_sampling(self.lips.generator, codes, time, rng).float()
        composite = paste(self._reference(true, rows, grids, masks, rng), made, grids, masks)
        with autocast(self.device):
            blended = self.blend(punch_holes(composite, rng), masks)
        blended = blended.float()
        canonical = self.data.lips[rows].to(self.device).float() / 255
        return {
            "photometric": photometric(blended, true, 0.2 + masks),
            "perceptual": PERCEPTUAL_WEIGHT * self.lips.perceptual(blended, true),
            "canonical": photometric(made, canonical, self.lips.weight),
        }

    def _reference(
        self, true: Tensor, rows: Tensor, grids: Tensor, masks: Tensor, rng: torch.Generator
    ) -> Tensor:
        """The frame to paste into: now and then with the mouth of another frame, as at run time."""
        other = draw(rng, len(rows), self.data.train)
        foreign = torch.rand(len(rows), generator=rng) < FOREIGN_REFERENCE
        mouths = self.data.lips[other].to(self.device).float() / 255
        swapped = paste(true, mouths, grids, (masks * 4).clamp_max(1))
        return torch.where(foreign.to(self.device)[:, None, None, None], swapped, true)


def _uncertainty(data: LipData, heard: Tensor) -> Tensor:
    """Spread (C,) of the head's error, on held-out frames where there are any."""
    rows = data.held if len(data.held) else data.train
    return (data.codes.codes[rows] - heard[rows]).std(dim=0)
