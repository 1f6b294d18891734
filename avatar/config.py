"""Model sizes as frozen dataclasses, written to and read from plain dictionaries (YAML)."""

import dataclasses
import sys
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from avatar.errors import AvatarError
from avatar.models.blend_net import BlendNetConfig
from avatar.models.lip_generator import LipGeneratorConfig
from avatar.models.speech_head import SpeechHeadConfig

Preset = Literal["realtime", "paper"]
T = TypeVar("T")

LONGEST_VALUE = 80  # characters of a wrong value that a message shows

LATTICE_POINTS = 20_000  # positions that `realtime` draws a frame, at most


@dataclass(frozen=True)
class ModelConfig:
    """Everything that fixes the shapes of a speaker's networks."""

    preset: Preset
    speech_head: SpeechHeadConfig
    lips: LipGeneratorConfig
    blend: BlendNetConfig


def model_config(preset: Preset, head: SpeechHeadConfig, box: tuple[int, int]) -> ModelConfig:
    """Sizes of a preset for a speech head and a canonical lip box of (height, width) pixels.

    `paper` has the authors' sizes: 8 layers of 256 with a skip at the fourth, 10 octaves for place
    and time, four corners a pixel, no feature plane, no mean image, a U-Net of 64 channels on
    the whole face crop.
    """
    code = head.code
    if preset == "paper":
        lips = LipGeneratorConfig(
            code=code, box=box, lattice=box, width=256, layers=8, skip_layer=4, octaves=10,
            time_octaves=10, plane_channels=0, mean_residual=False, linear_part=False,
            corner_ensemble=True,
        )  # fmt: skip
        return ModelConfig(preset, head, lips, BlendNetConfig((64, 128, 256), 1, whole_frame=True))
    shrink = min(1.0, (LATTICE_POINTS / (box[0] * box[1])) ** 0.5)
    lattice = (round(box[0] * shrink), round(box[1] * shrink))
    lips = LipGeneratorConfig(code=code, box=box, lattice=lattice)
    return ModelConfig(preset, head, lips, BlendNetConfig())


def to_dict(config: Any) -> dict[str, Any]:
    """A dataclass as plain lists, numbers and strings."""
    return {field.name: _plain(getattr(config, field.name)) for field in dataclasses.fields(config)}


def from_dict(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build dataclass `kind`; an unknown or missing key, or a wrong type, is an `AvatarError`."""
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(fields), key=str)
    if unknown:
        raise AvatarError(
            f"{where}: unknown key {brief(unknown[0])}; known are {', '.join(fields)}"
        )
    missing = [
        name
        for name, field in fields.items()
        if name not in values
        and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise AvatarError(f"{where}: {missing[0]!r} is missing")
    return kind(**{k: _typed(hints[k], v, f"{where}.{k}") for k, v in values.items()})


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return to_dict(value)
    return list(value) if isinstance(value, tuple) else value


def _typed(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return from_dict(typing.cast(type[Any], hint), value, where)
    if origin is tuple and isinstance(value, list | tuple):
        kinds = typing.get_args(hint)
        if kinds[-1] is Ellipsis:
            kinds = (kinds[0],) * len(value)
        if len(kinds) == len(value):
            return tuple(_typed(k, v, where) for k, v in zip(kinds, value, strict=True))
    elif origin is Literal:
        if value in typing.get_args(hint):
            return value
    elif hint is float and type(value) in (int, float) and abs(value) <= sys.float_info.max:
        return float(value)
    elif isinstance(hint, type) and isinstance(value, hint) and type(value) is hint:
        return value
    kind = getattr(hint, "__name__", hint)
    raise AvatarError(f"{where}: {brief(value)} is not of the kind {kind}")


def brief(value: object) -> str:
    """A value for a message: not the whole of it if it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."
