"""The files of a bundle: checked before they are read, written whole or not at all.

`trained_speakers/<name>/` holds speaker.yaml, model.safetensors, track.safetensors, reference.mp4
and preview.jpg, and may hold eyes.safetensors, expressions.safetensors and SOURCE.md, a text for
people.  Nothing in it is executed.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from avatar.errors import AvatarError
from avatar.speakers.card import CARD, SOURCE, SpeakerCard
from avatar.speakers.consent import WITHDRAWN
from avatar.speakers.file_kinds import check_kind

ANY = -1  # a length that a file may choose itself
MAX_LOOP = 10_000  # frames of one turn of the loop
STORED = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}

Shapes = Mapping[str, tuple[int, ...]]


def check_files(folder: Path, card: SpeakerCard) -> None:
    """Every file present, nothing else, each of the size and the hash in speaker.yaml."""
    known = {CARD, SOURCE, WITHDRAWN, *(record.name for record in card.files)}
    strange = sorted({path.name for path in folder.iterdir()} - known)
    if strange:
        raise AvatarError(f"{folder}: {strange[0]!r} does not belong in a speaker; take it out")
    for record in card.files:
        path = folder / record.name
        if not path.is_file() or path.is_symlink():
            raise AvatarError(f"{path}: is missing; fetch the bundle anew")
        size = path.stat().st_size
        if size != record.bytes:
            raise AvatarError(
                f"{path}: has {size} bytes instead of {record.bytes}; fetch the bundle anew"
            )
        check_kind(path)
        if sha256(path) != record.sha256:
            raise AvatarError(f"{path}: its content has changed (sha256); fetch the bundle anew")


def sha256(path: Path) -> str:
    """Hash of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def model_shapes(card: SpeakerCard, networks: Mapping[str, nn.Module]) -> Shapes:
    """Name and shape of every tensor of model.safetensors."""
    width, height = card.size
    x0, y0, x1, y1 = card.lip_box
    weights = {
        f"{prefix}.{name}": tuple(tensor.shape)
        for prefix, module in networks.items()
        for name, tensor in module.state_dict().items()
    }
    return weights | {
        "depth": (height, width),
        "head_mask": (height, width),
        "lip_mask": (y1 - y0, x1 - x0),
    }


def track_shapes(card: SpeakerCard) -> Shapes:
    """Name and shape of every tensor of track.safetensors."""
    return {"poses": (card.frames, 6), "times": (card.frames,), "order": (ANY,)}


def read_tensors(path: Path, shapes: Shapes) -> dict[str, Tensor]:
    """Tensors of exactly these names and shapes; floats come back as float32."""
    try:
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
            if names != set(shapes):
                odd = sorted(names ^ set(shapes))[0]
                raise AvatarError(f"{path}: tensor {odd!r} is missing or unknown; fetch it anew")
            for name, shape in shapes.items():
                _check_tensor(f"{path}: tensor {name!r}", file.get_slice(name), shape)
            tensors = {name: file.get_tensor(name) for name in shapes}
    except (SafetensorError, OSError) as error:
        raise AvatarError(f"{path}: is damaged ({error}); fetch the bundle anew") from error
    for name, tensor in tensors.items():
        if tensor.is_floating_point():
            tensors[name] = tensor.float()
            if not bool(tensors[name].isfinite().all()):
                raise AvatarError(f"{path}: tensor {name!r} holds NaN or infinity; train it anew")
    return tensors


def shape_of(path: Path, name: str, dimensions: int) -> tuple[int, ...]:
    """Of a tensor whose lengths are the file's own matter. Raises AvatarError."""
    try:
        with safe_open(path, framework="pt") as file:
            shape = tuple(file.get_slice(name).get_shape())
    except (SafetensorError, OSError) as error:
        raise AvatarError(f"{path}: is damaged ({error}); fetch the bundle anew") from error
    if len(shape) != dimensions:
        raise AvatarError(f"{path}: tensor {name!r} has shape {shape}; fetch the bundle anew")
    return shape


def with_prefix(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors of one network, under the names it knows them by."""
    start = f"{prefix}."
    return {name.removeprefix(start): t for name, t in tensors.items() if name.startswith(start)}


def _check_tensor(what: str, found: object, shape: tuple[int, ...]) -> None:
    kind, there = found.get_dtype(), tuple(found.get_shape())  # type: ignore[attr-defined]
    fits = len(there) == len(shape) and all(
        a == b or (b == ANY and a <= MAX_LOOP) for a, b in zip(there, shape, strict=True)
    )
    if not fits:
        raise AvatarError(f"{what} has shape {there} instead of {shape}; fetch the bundle anew")
    if kind not in STORED:
        raise AvatarError(f"{what} is of type {kind}, not of {', '.join(STORED)}")
