"""A trained speaker, read from its bundle."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from avatar.errors import AvatarError
from avatar.i420 import I420
from avatar.models.blend_net import BlendNet
from avatar.models.lip_generator import LipGenerator
from avatar.models.speech_encoder import SpeechEncoder
from avatar.models.speech_head import SpeechHead
from avatar.speakers import bundle
from avatar.speakers.canonical import Canonical
from avatar.speakers.card import MODEL, PREVIEW, REFERENCE, TRACK, SpeakerCard, read_card
from avatar.speakers.consent import check_consent
from avatar.speakers.expressions import Expressions, read_expressions
from avatar.speakers.eyes import Eyes, read_eyes
from avatar.speakers.folders import speaker_folder, speaker_folders
from avatar.speakers.reference_video import read_reference

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Networks:
    """All that was learned, in evaluation mode, float32."""

    encoder: SpeechEncoder
    head: SpeechHead
    lips: LipGenerator
    blend: BlendNet


@dataclass(frozen=True)
class ReferenceTrack:
    """What is known of the reference frames."""

    poses: Tensor  # (N, 6) head poses
    times: Tensor  # (N,) place in the training video, 0..1, or -1 where it has none
    order: Tensor  # (L,) int64 the frames of one turn of the loop, in the order they are shown


@dataclass(frozen=True)
class Speaker:
    """Everything in a bundle; the reference video is decoded when asked for."""

    folder: Path
    card: SpeakerCard
    networks: Networks
    canonical: Canonical
    head_mask: Tensor  # (H, W) 0..1 in the canonical frame
    track: ReferenceTrack
    eyes: Eyes | None  # None: nobody knows how this speaker blinks
    expressions: Expressions  # those that the speaker's video showed

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def lookahead(self) -> int:
        """Video frames of sound that its ear hears beyond the one it describes."""
        return self.card.encoder.lookahead

    @property
    def preview(self) -> Path:
        """A JPEG of the speaker."""
        return self.folder / PREVIEW

    def reference(self) -> Iterator[I420]:
        """The frames of the reference video, I420, one after the other."""
        return read_reference(self.folder / REFERENCE, self.card.size, self.card.frames)


@dataclass(frozen=True)
class SpeakerEntry:
    """A speaker that could be loaded."""

    name: str
    folder: Path
    card: SpeakerCard

    @property
    def preview(self) -> Path:
        """A JPEG of the speaker."""
        return self.folder / PREVIEW


def list_speakers() -> list[SpeakerEntry]:
    """The speakers that can be found, by name; what is broken or lacks consent is left out."""
    entries = []
    for name, folder in speaker_folders().items():
        try:
            card = read_card(folder)
            check_consent(folder, card)
            entries.append(SpeakerEntry(name, folder, card))
        except AvatarError as error:
            log.warning("%s", error)
    return entries


def load_speaker(name_or_path: str | Path) -> Speaker:
    """Read a speaker by name (see `speaker_folders`) or from a folder.

    Names, sizes, hashes, types and dimensions are checked before anything is allocated; the first
    thing wrong raises AvatarError.
    """
    folder = speaker_folder(name_or_path)
    card = read_card(folder)
    check_consent(folder, card)
    bundle.check_files(folder, card)
    shapes = bundle.model_shapes(card, vars(_blank_networks(card)))
    height, width = card.size[1], card.size[0]
    tensors = bundle.read_tensors(folder / MODEL, shapes)
    networks = new_networks(card)
    for prefix, module in vars(networks).items():
        module.load_state_dict(bundle.with_prefix(tensors, prefix))
        module.eval().requires_grad_(False)
    track = bundle.read_tensors(folder / TRACK, bundle.track_shapes(card))
    _check_order(track["order"], card.frames, folder / TRACK)
    canonical = Canonical(
        camera=card.camera,
        pose=torch.tensor(card.canonical_pose),
        depth=tensors["depth"].reshape(height, width),
        lip_box=card.lip_box,
        lip_mask=tensors["lip_mask"],
    )
    return Speaker(
        folder,
        card,
        networks,
        canonical,
        tensors["head_mask"],
        ReferenceTrack(**track),
        read_eyes(folder, card),
        read_expressions(folder, card),
    )


def new_networks(card: SpeakerCard) -> Networks:
    """Networks of a card's dimensions, untrained."""
    model = card.model
    return Networks(
        SpeechEncoder(card.encoder),
        SpeechHead(model.speech_head),
        LipGenerator(model.lips),
        BlendNet(model.blend),
    )


def _blank_networks(card: SpeakerCard) -> Networks:
    """Networks without memory, to know their shapes. Raises AvatarError if there can be none."""
    try:
        with torch.device("meta"), _OnlyShapes():
            return new_networks(card)
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise AvatarError(
            f"{card.name}: there are no networks of its dimensions ({error}); fetch it anew"
        ) from error


class _OnlyShapes(TorchFunctionMode):
    """Leaves numbers out: without memory, PyTorch would import 800 modules to fill them in."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        return given["tensor"] if func is nn.init.normal_ else func(*args, **given)


def _check_order(order: Tensor, frames: int, path: Path) -> None:
    if not len(order) or int(order.min()) < 0 or int(order.max()) >= frames:
        raise AvatarError(f"{path}: its loop names frames that are not there; fetch it anew")
