"""What a head can be asked to do: gestures, as smooth curves of its turn over time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

GestureName = Literal["nod", "shake", "tilt", "look", "lean"]
GESTURES: tuple[GestureName, ...] = get_args(GestureName)
LARGEST_TURN = 12.0  # degrees from the frontal view, each
NEAREST = 0.1  # of the head's distance, that it comes nearer or goes away
SHORTEST_S, LONGEST_S = 0.3, 10.0  # of a gesture
RISE = 0.3  # of a gesture that is held: its share until it is there, and for coming back


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
    """One movement of the head."""

    name: GestureName
    strength: float = 1.0  # -1 to 1; less than 0: to the other side
    seconds: float = 0.0  # 0: as long as it usually takes

    @property
    def length(self) -> float:
        """Seconds."""
        return self.seconds or _CURVES[self.name].seconds

    def at(self, seconds: float) -> HeadTurn:
        """The turn so long after it began; at rest before and after."""
        share = seconds / self.length
        if not 0 < share < 1:
            return AT_REST
        return _CURVES[self.name].turn(share).times(self.strength)


Score = Sequence[tuple[float, Gesture]]  # at which second each begins


@dataclass(frozen=True)
class _Curve:
    seconds: float
    turn: Callable[[float], HeadTurn]  # of the share 0..1 that is over


def _held(share: float) -> float:
    """Rises to 1, stays, and comes back; its speed is 0 at both ends."""
    near = min(share, 1 - share, RISE) / RISE
    return near**3 * (10 - 15 * near + 6 * near**2)


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
