"""The networks of one speaker and drawing with them, as the phases of training leave them."""

from collections.abc import Iterator

import torch
from torch import Tensor

from avatar.config import ModelConfig
from avatar.models.blend_net import BlendNet
from avatar.models.lip_generator import LatticeGenerator, LipGenerator
from avatar.models.speech_encoder import SpeechEncoder
from avatar.models.speech_head import SpeechHead
from avatar.rendering.compose import paste
from avatar.speakers.speaker import Networks
from avatar.training.lip_data import LipData

BATCH = 16


def new_networks(config: ModelConfig, encoder: SpeechEncoder, seed: int) -> Networks:
    """Fresh networks, the same for the same seed."""
    torch.manual_seed(seed)
    return Networks(
        encoder,
        SpeechHead(config.speech_head),
        LipGenerator(config.lips),
        BlendNet(config.blend),
    )


@torch.inference_mode()
def composites(
    networks: Networks, data: LipData, codes: Tensor, rows: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """The paper's protocol: true frames with their lips replaced.

    codes (F, C), rows the frames to draw -> batches of (made, true) regions (B, 3, rh, rw), 0..1.
    """
    device = networks.lips.colour.weight.device
    generator = LatticeGenerator(networks.lips)
    for part in rows.split(BATCH):
        true = data.region_frames[part].to(device).float() / 255
        masks = data.regions.masks[part].to(device)
        made = generator(codes[part].to(device))
        pasted = paste(true, made, data.regions.grids[part].to(device), masks)
        yield networks.blend(pasted, masks).clamp(0, 1), true
