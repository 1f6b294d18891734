"""speaker.yaml: what a bundle says about itself."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from avatar.audio import FPS
from avatar.config import ModelConfig, brief, from_dict, to_dict
from avatar.errors import AvatarError
from avatar.gestures import ExpressionName
from avatar.models.speech_encoder import EncoderConfig
from avatar.models.warp import Camera
from avatar.yaml_files import YamlError, parse_yaml

FORMAT = 2
CARD = "speaker.yaml"
MODEL = "model.safetensors"
TRACK = "track.safetensors"
REFERENCE = "reference.mp4"
PREVIEW = "preview.jpg"
SOURCE = "SOURCE.md"  # for people: where the speaker comes from; never read by the program
EYES = "eyes.safetensors"  # how the speaker blinks; need not be there
EXPRESSIONS = "expressions.safetensors"  # how the speaker smiles; need not be there
FILES = (MODEL, TRACK, REFERENCE, PREVIEW)
MAY_BE_THERE = (EYES, EXPRESSIONS)

MAX_CARD_BYTES = 64 * 1024
MAX_SIDE = 2048  # pixels of a frame
MAX_FRAMES = 5 * 60 * FPS
SIDE_MULTIPLE = 16
MAX_LAYERS = 32  # of the lip generator
MAX_DEPTH = 8  # levels of the Blend-Net

Rule = tuple[str, tuple[int, ...], int, int]  # name, values, smallest, largest


@dataclass(frozen=True)
class TrainingRecord:
    """How the speaker came to be."""

    data: str  # which videos, in words or as names
    held_out: float  # share at the end of those videos that was never trained on
    frames: int  # video frames learned from
    steps: int
    minutes: float


@dataclass(frozen=True)
class FileRecord:
    """One file of the bundle."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class SpeakerCard:
    """Everything in speaker.yaml."""

    format: int
    name: str
    licence: str
    consent: str  # who agreed, and when
    source: str
    training: TrainingRecord
    fps: int
    size: tuple[int, int]  # width, height in pixels
    frames: int  # of reference.mp4
    lip_box: tuple[int, int, int, int]
    camera: Camera
    canonical_pose: tuple[float, float, float, float, float, float]
    encoder: EncoderConfig
    model: ModelConfig
    files: tuple[FileRecord, ...]
    consent_uses: str = ""  # what for; nothing: not said
    consent_until: str = ""  # the last day, like 2027-12-31; nothing: not said
    expressions: tuple[ExpressionName, ...] = ()  # that expressions.safetensors holds


def write_card(folder: Path, card: SpeakerCard) -> None:
    """Write speaker.yaml into `folder`."""
    text = yaml.safe_dump(_plain(to_dict(card)), sort_keys=False, allow_unicode=True, width=100)
    (folder / CARD).write_text(text, encoding="utf-8")


def read_card(folder: Path) -> SpeakerCard:
    """Read and check speaker.yaml; AvatarError says what is wrong with it."""
    path = folder / CARD
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            raise AvatarError(f"{path}: too large for a speaker.yaml; fetch the bundle anew")
        values = parse_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AvatarError(f"{folder}: no {CARD} in it, so it is not a speaker") from None
    except (OSError, UnicodeDecodeError, YamlError) as error:
        raise AvatarError(f"{path}: cannot be read ({error})") from error
    if not isinstance(values, dict):
        raise AvatarError(f"{path}: must be a list of keys and values")
    if values.get("format") != FORMAT:
        found = brief(values.get("format"))
        raise AvatarError(
            f"{path}: format {found}, but this version reads format {FORMAT}: train the speaker "
            "again, or use the version that it was trained with"
        )
    card = from_dict(SpeakerCard, values, str(path))
    _check(card, path)
    return card


def _check(card: SpeakerCard, path: Path) -> None:
    width, height = card.size
    x0, y0, x1, y1 = card.lip_box
    head, lips = card.model.speech_head, card.model.lips
    rules = {
        f"fps must be {FPS}": card.fps == FPS,
        f"size must be multiples of {SIDE_MULTIPLE} up to {MAX_SIDE}": all(
            0 < side <= MAX_SIDE and side % SIDE_MULTIPLE == 0 for side in card.size
        ),
        f"frames must be 1 to {MAX_FRAMES}": 0 < card.frames <= MAX_FRAMES,
        "lip_box must lie inside the frame": 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height,
        "model.lips.box must be the size of lip_box": lips.box == (y1 - y0, x1 - x0),
        "the encoder's features must be the speech head's": card.encoder.spoken == head.features
        and head.context in (0, card.encoder.context),
        "the speech head's aperture and closure must be among its features": all(
            -1 <= heard < head.features for heard in (head.heard_aperture, head.heard_closure)
        ),
        "a speech head that tells voices apart must hear aperture, closure and hidden states": (
            not head.voice
            or (head.context > 0 and min(head.heard_aperture, head.heard_closure) >= 0)
        ),
        "the speech head's code must be the lip generator's": head.code == lips.code,
        "camera.focal must be more than 0": card.camera.focal > 0,
        f"files must be {', '.join(FILES)} and may be {', '.join(MAY_BE_THERE)}": sorted(
            file.name for file in card.files if file.name not in MAY_BE_THERE
        )
        == sorted(FILES),
        "files must be named once": len({file.name for file in card.files}) == len(card.files),
        "expressions must be named once": len(set(card.expressions)) == len(card.expressions),
        f"expressions must be those of {EXPRESSIONS}": bool(card.expressions)
        == any(file.name == EXPRESSIONS for file in card.files),
    }
    for rule, holds in rules.items():
        if not holds:
            raise AvatarError(f"{path}: {rule}; fetch the bundle anew")
    wrong = _wrong_dimension(card)
    if wrong:
        raise AvatarError(f"{path}: {wrong}; fetch the bundle anew")


def _plain(value: object) -> object:
    """Tuples of dataclasses, as `to_dict` leaves them, become lists of dictionaries."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_dict(item) if isinstance(item, FileRecord) else item for item in value]
    return value


def _wrong_dimension(card: SpeakerCard) -> str | None:
    """What is wrong with the dimensions of a card's networks, or None."""
    for name, values, smallest, largest in _rules(card):
        for value in values:
            if not smallest <= value <= largest:
                return f"{name} is {value}, not {smallest} to {largest}"
    if not 1 <= len(card.model.blend.channels) <= MAX_DEPTH:
        return f"model.blend.channels must be 1 to {MAX_DEPTH} numbers"
    return None


def _rules(card: SpeakerCard) -> list[Rule]:
    head = card.model.speech_head
    lips, blend = card.model.lips, card.model.blend
    return [(f"encoder.{name}", *limit) for name, limit in card.encoder.limits().items()] + [
        ("model.speech_head.code", (head.code,), 1, 256),
        ("model.speech_head.context", (head.context,), 0, 1024),
        ("model.speech_head.width", (head.width,), 1, 1024),
        ("model.speech_head.bottleneck", (head.bottleneck,), 1, 1024),
        ("model.speech_head.window", (head.window,), 1, 250),
        ("model.speech_head.voice", (head.voice,), 0, 1024),
        ("model.lips.lattice", lips.lattice, 2, 1024),
        ("model.lips.width", (lips.width,), 1, 512),
        ("model.lips.layers", (lips.layers,), 1, MAX_LAYERS),
        ("model.lips.skip_layer", (lips.skip_layer,), 0, lips.layers - 1),
        ("model.lips.octaves", (lips.octaves,), 1, 16),
        ("model.lips.time_octaves", (lips.time_octaves,), 0, 16),
        ("model.lips.plane_channels", (lips.plane_channels,), 0, 256),
        ("model.blend.channels", blend.channels, 1, 256),
        ("model.blend.fold", (blend.fold,), 1, 8),
    ]
