"""A speaker at other sizes, for benchmarks: time does not depend on what the weights are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from avatar.config import Preset, model_config
from avatar.errors import AvatarError
from avatar.i420 import I420, to_i420, to_rgb
from avatar.speakers.canonical import Canonical
from avatar.speakers.card import SIDE_MULTIPLE, SpeakerCard
from avatar.speakers.speaker import Networks, Speaker, new_networks


@dataclass(frozen=True)
class ResizedSpeaker(Speaker):
    """Frames are cut down, or their edges carried on, round the middle of the lips."""

    own: Speaker

    def reference(self) -> Iterator[I420]:
        """The frames of the reference video, I420, at the new size."""
        x, y = _offset(self.own.card, self.card.size[0])
        for picture in self.own.reference():
            yield to_i420(_cut(to_rgb(picture), x, y, self.card.size[0]))


def resized(
    speaker: Speaker, preset: Preset, frame: int | None = None, lips: float = 1.0
) -> Speaker:
    """`speaker` with the networks of `preset`, a frame of frame x frame pixels, and a lip box with
    sides `lips` times its own; with its own networks where nothing of that is new."""
    own = speaker.card
    if frame is None and lips == 1.0 and own.model.preset == preset:
        return speaker
    side = frame or own.size[0]
    if side % SIDE_MULTIPLE:
        raise AvatarError(f"a frame of {side} pixels: use a multiple of {SIDE_MULTIPLE}")
    x, y = _offset(own, side) if frame else (0, 0)
    x0, y0, x1, y1 = _scaled(own.lip_box, lips)
    box = (x0 - x, y0 - y, x1 - x, y1 - y)
    if min(box) < 0 or max(box) > side:
        raise AvatarError(f"the lip box does not fit into a frame of {side} pixels")
    height, width = box[3] - box[1], box[2] - box[0]
    card = replace(
        own,
        size=(side, side) if frame else own.size,
        lip_box=box,
        camera=replace(own.camera, cx=own.camera.cx - x, cy=own.camera.cy - y),
        model=model_config(preset, own.model.speech_head, (height, width)),
    )
    parts: dict[str, Any] = {
        "card": card,
        "networks": _untrained(card),
        "canonical": _canonical(speaker.canonical, card, (x, y) if frame else None),
    }
    if not frame:
        return replace(speaker, **parts)
    return ResizedSpeaker(
        folder=speaker.folder,
        head_mask=speaker.head_mask,
        track=speaker.track,
        eyes=None,
        expressions={},
        own=speaker,
        **parts,
    )


def _untrained(card: SpeakerCard) -> Networks:
    networks = new_networks(card)
    for module in vars(networks).values():
        module.eval().requires_grad_(False)
    return networks


def _canonical(own: Canonical, card: SpeakerCard, offset: tuple[int, int] | None) -> Canonical:
    depth = own.depth
    if offset is not None:
        depth = torch.from_numpy(_cut(depth.numpy(), *offset, card.size[0]))
    mask = functional.interpolate(
        own.lip_mask[None, None], card.model.lips.box, mode="bilinear", align_corners=True
    )
    return Canonical(card.camera, own.pose, depth, card.lip_box, mask[0, 0])


def _offset(card: SpeakerCard, side: int) -> tuple[int, int]:
    """Where a frame of side x side begins, in pixels of the speaker's own; even, may be < 0."""
    x0, y0, x1, y1 = card.lip_box
    return ((x0 + x1) // 2 - side // 2) // 2 * 2, ((y0 + y1) // 2 - side // 2) // 2 * 2


def _scaled(box: tuple[int, int, int, int], factor: float) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = box
    half_width, half_height = (x1 - x0) * factor / 2, (y1 - y0) * factor / 2
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return (
        round(x - half_width), round(y - half_height), round(x + half_width), round(y + half_height)
    )  # fmt: skip


def _cut(image: NDArray[Any], x: int, y: int, side: int) -> NDArray[Any]:
    rows = np.clip(np.arange(y, y + side), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(x, x + side), 0, image.shape[1] - 1)
    return np.ascontiguousarray(image[rows][:, columns])
