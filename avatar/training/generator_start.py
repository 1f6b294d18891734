"""Where the lip generator starts from: what least squares knows without any training."""

import torch
from torch import Tensor

from avatar.models.lip_generator import LipGenerator
from avatar.training.lip_data import LipData

HEARD_SHARE = 0.7  # weight of the codes that the head heard beside the true ones
RIDGE = 1.0
BATCH = 256


@torch.no_grad()
def start_generator(generator: LipGenerator, data: LipData, heard: Tensor) -> None:
    """Set the mean canonical lips and, where the generator has them, the pictures of the code.

    The pictures solve ridge regression from codes to canonical lips in closed form, over heard
    codes (F, C) and true ones: for what the head cannot hear, the pictures learn to be faint.
    """
    rows, device = data.train, generator.mean.device

    def lips(part: Tensor) -> Tensor:
        return data.lips[part].to(device).float()

    total = sum(lips(part).sum(dim=0) for part in rows.split(BATCH))
    generator.mean.copy_(torch.as_tensor(total)[None] / len(rows) / 255)
    if not generator.config.linear_part:
        return
    true, made = data.codes.codes[rows].to(device), heard[rows].to(device)
    gram = HEARD_SHARE * made.T @ made + (1 - HEARD_SHARE) * true.T @ true
    size = generator.mean[0].numel()
    target = torch.zeros(true.shape[1], size, device=device)
    for part in torch.arange(len(rows)).split(BATCH):
        rest = lips(rows[part]) / 255 - generator.mean
        code = HEARD_SHARE * made[part] + (1 - HEARD_SHARE) * true[part]
        target += code.T @ rest.flatten(1)
    ridge = RIDGE * torch.eye(len(gram), device=device)
    pictures = torch.linalg.solve(gram + ridge, target)
    generator.pictures.copy_(pictures.reshape(generator.pictures.shape))
