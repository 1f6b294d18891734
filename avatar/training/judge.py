"""First figures of a new speaker, on the frames that were held out."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from avatar.speakers.speaker import Networks
from avatar.training.lip_data import LipData
from avatar.training.networks import composites


@dataclass(frozen=True)
class Verdict:
    """Figures on held-out frames of the training video."""

    frames: int
    psnr_region: float  # dB, lip region, true frames with their lips replaced
    aperture_r: float  # correlation of the aperture the codes carry with the tracked one
    code_r: float  # mean correlation of the six leading shape components


def judge(networks: Networks, data: LipData, heard: Tensor) -> Verdict:
    """Compare what is drawn from sound with the truth; on training frames if none are held out."""
    rows = data.held if len(data.held) else data.train
    aperture = torch.from_numpy(np.array(data.tracked.aperture[rows]))
    errors = [
        (made - true).square().mean(dim=(1, 2, 3)).cpu()
        for made, true in composites(networks, data, heard, rows)
    ]
    psnr = -10 * torch.cat(errors).clamp_min(1e-8).log10()
    shape = [
        _correlation(heard[rows, k], data.codes.codes[rows, k])
        for k in range(min(6, heard.shape[1]))
    ]
    read = networks.head.read_aperture(heard[rows].to(networks.head.aperture.device)).cpu()
    return Verdict(
        frames=len(rows),
        psnr_region=float(psnr.mean()),
        aperture_r=_correlation(read, aperture),
        code_r=float(np.mean(shape)),
    )


def _correlation(a: Tensor, b: Tensor) -> float:
    return float(np.nan_to_num(np.corrcoef(a.numpy(), b.numpy())[0, 1]))
