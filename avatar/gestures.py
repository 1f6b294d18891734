"""What a face can be asked to do: gestures of the head, as smooth curves of its turn over time, and
expressions, as how far they are there."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeGuard, get_args

from avatar.errors import AvatarError

HeadGesture = Literal["nod", "shake", "tilt", "look", "lean"]
ExpressionName = Literal["smile", "brows"]
GestureName = Literal[HeadGesture, ExpressionName]
GESTURES: tuple[HeadGesture, ...] = get_args(HeadGesture)  # every head's
EXPRESSIONS: tuple[ExpressionName, ...] = get_args(ExpressionName)  # of speakers that show them
LARGEST_TURN = 12.0  # degrees from the frontal view, each
NEAREST = 0.1  # of the head's distance, that it comes nearer or goes away
SHORTEST_S, LONGEST_S = 0.3, 10.0  # of a gesture
RISE = 0.3  # of a gesture that is held: its share until it is there, and for coming back
LONGEST_RISE_S = 0.6  # of an expression
EXPRESSION_S: dict[ExpressionName, float] = {"smile": 3.0, "brows": 1.6}


@dataclass(frozen=True)
class HeadTurn:
    """How far a head is moved from where the loop has it."""

    yaw: float = 0.0  # degrees, to the picture's right
    pitch: float = 0.0  # degrees, up
    roll: float = 0.0  # degrees, clockwise
    nearer: float = 0.0  # of its distance from the camera

    def __add__(self, other: "HeadTurn") -> "HeadTurn":
        return HeadTurn(
            self.yaw + other.yaw,
            self.pitch + other.pitch,
            self.roll + other.roll,
            self.nearer + other.nearer,
        )

    def times(self, strength: float) -> "HeadTurn":
        """So many times as far."""
        return HeadTurn(*(strength * value for value in vars(self).values()))

    def within(self, head: tuple[float, float, float]) -> "HeadTurn":
        """No farther than `LARGEST_TURN` from the frontal view, for a head turned so already, and
        than `NEAREST`."""
        turns = (self.yaw, self.pitch, self.roll)
        yaw, pitch, roll = (_towards(at, turn) for at, turn in zip(head, turns, strict=True))
        return HeadTurn(yaw, pitch, roll, min(max(self.nearer, -NEAREST), NEAREST))


AT_REST = HeadTurn()


def _towards(at: float, turn: float) -> float:
    """`turn`, cut so that it does not lead beyond the largest, nor farther beyond it."""
    return min(max(turn, min(-LARGEST_TURN - at, 0.0)), max(LARGEST_TURN - at, 0.0))


@dataclass(frozen=True)
class Gesture:
    """One movement of the head, or an expression."""

    name: GestureName
    strength: float = 1.0  # -1 to 1; less than 0: to the other side; of expressions 0 to 1
    seconds: float = 0.0  # 0: as long as it usually takes

    @property
    def length(self) -> float:
        """Seconds."""
        usual = EXPRESSION_S[self.name] if is_expression(self.name) else _CURVES[self.name].seconds
        return self.seconds or usual

    def at(self, seconds: float) -> HeadTurn:
        """The turn so long after it began; at rest before and after."""
        share = seconds / self.length
        if is_expression(self.name) or not 0 < share < 1:
            return AT_REST
        return _CURVES[self.name].turn(share).times(self.strength)

    def shown_at(self, seconds: float) -> float:
        """How far an expression is there so long after it began, 0..1; a turn of the head: 0."""
        if not is_expression(self.name) or not 0 < seconds < self.length:
            return 0.0
        rise = min(RISE * self.length, LONGEST_RISE_S)
        return max(self.strength, 0.0) * _eased(min(seconds, self.length - seconds, rise) / rise)

    @property
    def problem(self) -> str:
        """What no face can make of it, in words; nothing: all is well."""
        if is_expression(self.name) and self.strength < 0:
            return f"the strength of {self.name} reaches from 0 to 1"
        return ""


Score = Sequence[tuple[float, Gesture]]  # at which second each begins


@dataclass(frozen=True)
class _Curve:
    seconds: float
    turn: Callable[[float], HeadTurn]  # of the share 0..1 that is over


def is_expression(name: GestureName) -> TypeGuard[ExpressionName]:
    """Whether it is one, and no movement of the head."""
    return name in EXPRESSIONS


def can_do(expressions: Sequence[str]) -> tuple[GestureName, ...]:
    """All that a speaker with these expressions can be asked for."""
    return (*GESTURES, *(name for name in EXPRESSIONS if name in expressions))


def require(gesture: Gesture, speaker: str, expressions: Sequence[str]) -> None:
    """Raises AvatarError if it is an expression that the speaker does not have."""
    if gesture.name not in (known := can_do(expressions)):
        raise AvatarError(
            f"{speaker} does not show {gesture.name} in its own video; it can {', '.join(known)}"
        )


def _eased(near: float) -> float:
    """From 0 to 1; its speed is 0 at both ends."""
    return near**3 * (10 - 15 * near + 6 * near**2)


def _held(share: float) -> float:
    """Rises to 1, stays, and comes back."""
    return _eased(min(share, 1 - share, RISE) / RISE)


def _nod(share: float) -> HeadTurn:
    """Down twice, the second time less."""
    return HeadTurn(pitch=-7 * (1 - 0.5 * share) * math.sin(2 * math.pi * share) ** 2)


def _shake(share: float) -> HeadTurn:
    """There and back, twice."""
    return HeadTurn(yaw=8 * math.sin(4 * math.pi * share) * math.sin(math.pi * share))


_CURVES: dict[GestureName, _Curve] = {
    "nod": _Curve(1.1, _nod),
    "shake": _Curve(1.7, _shake),
    "tilt": _Curve(2.4, lambda share: HeadTurn(roll=7).times(_held(share))),
    "look": _Curve(2.4, lambda share: HeadTurn(yaw=10).times(_held(share))),
    "lean": _Curve(2.8, lambda share: HeadTurn(pitch=-2, nearer=0.05).times(_held(share))),
}
