"""Writes a speaker's bundle, whole or not at all."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from avatar.audio import FPS
from avatar.config import ModelConfig
from avatar.errors import AvatarError
from avatar.gestures import ExpressionName
from avatar.i420 import to_i420
from avatar.speakers.bundle import sha256
from avatar.speakers.canonical import Canonical
from avatar.speakers.card import (
    EXPRESSIONS,
    EYES,
    FILES,
    FORMAT,
    MAY_BE_THERE,
    MODEL,
    PREVIEW,
    REFERENCE,
    TRACK,
    FileRecord,
    SpeakerCard,
    TrainingRecord,
    write_card,
)
from avatar.speakers.expressions import Expression, write_expressions
from avatar.speakers.eyes import Eyes, write_eyes
from avatar.speakers.folders import check_name
from avatar.speakers.reference_video import jpeg, write_reference
from avatar.speakers.speaker import Networks, ReferenceTrack, load_speaker


@dataclass(frozen=True)
class BundleDetails:
    """What a person says about the speaker."""

    licence: str
    consent: str
    source: str
    training: TrainingRecord
    consent_uses: str = ""
    consent_until: str = ""


def save_bundle(
    folder: Path,
    *,
    about: BundleDetails,
    model: ModelConfig,
    networks: Networks,
    canonical: Canonical,
    head_mask: Tensor,
    track: ReferenceTrack,
    frames: Iterable[NDArray[np.uint8]],
    preview: NDArray[np.uint8],
    eyes: Eyes | None = None,
    expressions: Mapping[ExpressionName, Expression] = MappingProxyType({}),
) -> None:
    """Write the bundle `folder`, whose last part is the speaker's name.

    `frames` are the reference frames and `preview` a portrait, (H, W, 3) uint8 RGB.  The bundle
    is written beside its place, read back with every check, and only then renamed.
    """
    check_name(folder.name)
    if folder.exists():
        raise AvatarError(f"{folder}: there is such a speaker already; choose another name")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        save_file(_model_tensors(networks, canonical, head_mask), temporary / MODEL)
        save_file({name: t.contiguous() for name, t in vars(track).items()}, temporary / TRACK)
        count = write_reference(temporary / REFERENCE, (to_i420(frame) for frame in frames))
        jpeg(temporary / PREVIEW, preview)
        if eyes:
            write_eyes(temporary / EYES, eyes)
        if expressions:
            write_expressions(temporary / EXPRESSIONS, expressions)
        card = _card(folder.name, about, model, networks, canonical, count, temporary)
        write_card(temporary, replace(card, expressions=tuple(expressions)))
        for path in temporary.iterdir():
            path.chmod(0o644)  # safetensors keeps its files to itself
        for _ in load_speaker(temporary).reference():
            pass
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _model_tensors(
    networks: Networks, canonical: Canonical, head_mask: Tensor
) -> dict[str, Tensor]:
    weights = {
        f"{prefix}.{name}": tensor.to(torch.float16)
        for prefix, module in vars(networks).items()
        for name, tensor in module.state_dict().items()
    }
    tensors = weights | {
        "depth": canonical.depth.float(),
        "lip_mask": canonical.lip_mask.to(torch.float16),
        "head_mask": head_mask.to(torch.float16),
    }
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _card(
    name: str,
    about: BundleDetails,
    model: ModelConfig,
    networks: Networks,
    canonical: Canonical,
    frames: int,
    folder: Path,
) -> SpeakerCard:
    height, width = canonical.frame_size
    there = [*FILES, *(name for name in MAY_BE_THERE if (folder / name).exists())]
    records = (FileRecord(n, (folder / n).stat().st_size, sha256(folder / n)) for n in there)
    a, b, c, x, y, z = canonical.pose.tolist()
    return SpeakerCard(
        format=FORMAT, name=name, licence=about.licence, consent=about.consent, source=about.source,
        training=about.training, fps=FPS, size=(width, height), frames=frames,
        lip_box=canonical.lip_box, camera=canonical.camera, canonical_pose=(a, b, c, x, y, z),
        encoder=networks.encoder.config, model=model, files=tuple(records),
        consent_uses=about.consent_uses, consent_until=about.consent_until,
    )  # fmt: skip
