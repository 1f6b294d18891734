"""The motion of a face as numbers: what the speech encoder says of the mouth, and the head's turn.

For figures that are not filmed: the same motion in the names that game engines know, Apple's 52
blend shapes of a face (ARKit), of which sound tells those of mouth and jaw.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VISEMES = ("SIL", "PP", "FF", "TH", "DD", "KK", "CH", "SS", "RR", "AA", "EE", "II", "OO", "UU")
TRACKS = (
    "aperture",
    "jaw",
    "closure",
    "rounding",
    "protrusion",
    "spread",
    "lip_teeth",
    "tongue_tip",
    "teeth",
)
MOUTH = len(VISEMES) + len(TRACKS)

# In the order of the files that Live Link Face writes.
# fmt: off
BLEND_SHAPES = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft",
    "eyeSquintLeft", "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight",
    "eyeLookOutRight", "eyeLookUpRight", "eyeSquintRight", "eyeWideRight", "jawForward", "jawRight",
    "jawLeft", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRight", "mouthLeft",
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft",
    "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft",
    "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft", "browDownRight",
    "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft",
    "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)
# fmt: on
DIGITS = 4  # after the point
JAW_OPEN = 0.6  # of the shape's range, which reaches beyond what speech opens
NEAR = 0.5  # aperture from which lips are wide enough apart to funnel instead of to pucker


@dataclass(frozen=True)
class Motion:
    """What a face does in one video frame."""

    mouth: NDArray[np.float32]  # (MOUTH,) VISEMES, then TRACKS, each 0..1
    head: tuple[float, float, float]
    """Yaw (to the picture's right), pitch (up), roll (clockwise), degrees from the frontal view."""
    lids: float = 0.0
    "How far both eyelids are down, as in a blink; 0..1."
    smile: float = 0.0
    brows: float = 0.0
    "How far they are there as expressions; 0..1."

    @property
    def visemes(self) -> dict[str, float]:
        """Probabilities."""
        return _named(VISEMES, self.mouth[: len(VISEMES)])

    @property
    def tracks(self) -> dict[str, float]:
        """How far each articulator is on its way."""
        return _named(TRACKS, self.mouth[len(VISEMES) :])

    @property
    def blend_shapes(self) -> dict[str, float]:
        """Those that sound tells, blinks and expressions, by ARKit's names, 0..1; all others: 0."""
        asked = {
            "eyeBlinkLeft": self.lids,
            "eyeBlinkRight": self.lids,
            **dict.fromkeys(("mouthSmileLeft", "mouthSmileRight"), self.smile),
            **dict.fromkeys(("cheekSquintLeft", "cheekSquintRight"), 0.5 * self.smile),
            **dict.fromkeys(("browInnerUp", "browOuterUpLeft", "browOuterUpRight"), self.brows),
        }
        return _blend_shapes(self.tracks, self.visemes["TH"]) | asked

    def named(self) -> dict[str, dict[str, float]]:
        """All of it by name, as files and messages have it."""
        head = dict(zip(("yaw", "pitch", "roll"), self.head, strict=True))
        parts = {
            "head": head,
            "visemes": self.visemes,
            "tracks": self.tracks,
            "blendShapes": self.blend_shapes,
        }
        return {
            part: {name: round(value, DIGITS) for name, value in values.items()}
            for part, values in parts.items()
        }


def _named(names: tuple[str, ...], values: NDArray[np.float32]) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))


def _blend_shapes(track: Mapping[str, float], tongue: float) -> dict[str, float]:
    """By what each shape is defined to do; `mouthClose` brings lips together under an open jaw."""
    jaw = JAW_OPEN * track["jaw"]
    apart = min(1.0, track["aperture"] / NEAR)
    together = max(track["closure"], 1 - min(1.0, track["aperture"] / max(track["jaw"], 1e-3)))
    rounded, contact = max(track["rounding"], track["protrusion"]), track["lip_teeth"]
    teeth = track["teeth"] * (1 - track["closure"])
    press, spread = 0.3 * track["closure"], 0.5 * track["spread"]
    lower, upper = 0.4 * teeth * (1 - contact), 0.3 * max(teeth, contact)
    return {
        "jawOpen": jaw,
        "mouthClose": jaw * together,
        "mouthFunnel": rounded * apart,
        "mouthPucker": rounded * (1 - apart),
        "mouthStretchLeft": spread,
        "mouthStretchRight": spread,
        "mouthRollLower": max(0.6 * contact, 0.5 * press),
        "mouthRollUpper": 0.5 * press,
        "mouthPressLeft": press,
        "mouthPressRight": press,
        "mouthLowerDownLeft": lower,
        "mouthLowerDownRight": lower,
        "mouthUpperUpLeft": upper,
        "mouthUpperUpRight": upper,
        "tongueOut": 0.3 * tongue,
    }
