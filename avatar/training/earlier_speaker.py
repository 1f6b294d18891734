"""A speaker that was trained before on the same video: its pictures stay, its ear is learned anew.

A better speech encoder is then had in a third of the time.  The pictures are drawn from lip codes,
so the codes of the video must be the ones that the speaker's networks know: principal components
come back with other signs, and where two of them weigh alike, turned.  The turn between what its
old ear hears and the new components is found by orthogonal Procrustes (Schoenemann, "A generalized
solution of the orthogonal Procrustes problem", 1966), for shape and appearance apart.
"""

from dataclasses import replace

import torch
from torch import Tensor

from avatar.config import ModelConfig
from avatar.errors import AvatarError
from avatar.speakers.speaker import Networks, Speaker, load_speaker
from avatar.training.clips import clip_codes, clip_features
from avatar.training.lip_code import SHAPE_COMPONENTS
from avatar.training.lip_data import LipData
from avatar.training.preprocess.tracked_video import TrackedVideo

ALIKE = 0.3  # correlation of the lips' shapes, old and new, from which the video is the same


def earlier_speaker(name: str, tracked: TrackedVideo) -> Speaker:
    """Read it. Raises AvatarError if it was made from pictures that stand elsewhere."""
    speaker = load_speaker(name)
    view = speaker.canonical
    same = (tracked.size, tracked.camera, tuple(tracked.lip_box))
    if same != (speaker.card.size, view.camera, tuple(view.lip_box)):
        raise _other_video(name)
    return speaker


def keep_pictures(networks: Networks, config: ModelConfig, earlier: Speaker) -> None:
    """Take over the lip generator and Blend-Net."""
    known = earlier.card.model
    if (config.lips, config.blend) != (known.lips, known.blend):
        raise AvatarError(
            f"{earlier.name}: its pictures have other dimensions (preset {known.preset}); train "
            "without --start-from"
        )
    networks.lips.load_state_dict(earlier.networks.lips.state_dict())
    networks.blend.load_state_dict(earlier.networks.blend.state_dict())


def in_its_codes(data: LipData, earlier: Speaker, sound: Tensor) -> LipData:
    """The same data with lip codes that mean to the speaker's pictures what they always meant."""
    features = clip_features(earlier.networks.encoder, sound, data.clip)
    heard = clip_codes(earlier.networks.head, features, data.clip)
    found = data.codes.codes
    if found.shape != heard.shape:
        raise _other_video(earlier.name)
    blocks = (slice(0, SHAPE_COMPONENTS), slice(SHAPE_COMPONENTS, None))
    weight = data.codes.weight
    turns = [_turn(found[data.train, b], heard[data.train, b], weight[b]) for b in blocks]
    turned = found @ torch.block_diag(*turns)
    shape = blocks[0]
    r = _alike(turned[data.train, shape], heard[data.train, shape], weight[shape])
    if r < ALIKE:
        raise _other_video(earlier.name)
    return replace(data, codes=replace(data.codes, codes=turned))


def _turn(codes: Tensor, like: Tensor, weight: Tensor) -> Tensor:
    """The rotation (C, C) that makes codes (n, C) most like others, by what each weighs (C,)."""
    scale = weight.sqrt()
    together = (codes * scale).T @ (like / like.std(dim=0).clamp_min(1e-6) * scale)
    left, _, right = torch.linalg.svd(together)
    return torch.as_tensor(left @ right)


def _alike(codes: Tensor, others: Tensor, weight: Tensor) -> float:
    """Mean correlation of the components, each as much as it weighs."""
    together = torch.corrcoef(torch.cat([codes, others], dim=1).T)
    r = together.diagonal(codes.shape[1]).nan_to_num()
    return float((weight * r).sum() / weight.sum())


def _other_video(name: str) -> AvatarError:
    return AvatarError(
        f"{name}: was not trained from this video; give the one it was trained from, or train "
        "without --start-from"
    )
