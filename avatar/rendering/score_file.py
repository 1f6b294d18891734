"""Scores: a text or a spreadsheet's table of gestures over time."""

from pathlib import Path

from avatar.errors import AvatarError
from avatar.gestures import (
    EXPRESSIONS,
    GESTURES,
    LONGEST_S,
    SHORTEST_S,
    Gesture,
    Score,
)
from avatar.rendering.text_table import is_number, number, read_table

CONTENT = "seconds, gesture and, if need be, strength (-1 to 1) and how many seconds it takes"
LONGEST_FILM_S = 24 * 3600.0


def read_score(path: Path) -> Score:
    """Read lines of seconds, gesture, strength, length; AvatarError names the first bad line."""
    score = [_line(fields, f"{path}, line {row}") for row, fields in read_table(path, "score")]
    if not score:
        raise AvatarError(f"{path}: holds no gesture; write lines of {CONTENT}")
    return score


def _line(fields: list[str], where: str) -> tuple[float, Gesture]:
    numbers = [number(field) for field in [*fields[:1], *fields[2:]] if is_number(field)]
    if not 2 <= len(fields) <= 4 or len(numbers) != len(fields) - 1:
        raise AvatarError(f"{where}: needs {CONTENT}")
    name = fields[1].lower()
    if name not in (known := (*GESTURES, *EXPRESSIONS)):
        raise AvatarError(f"{where}: gestures are {', '.join(known)}")
    seconds, strength, length = [*numbers, *(1.0, 0.0)[len(numbers) - 1 :]]
    if not 0 <= seconds <= LONGEST_FILM_S:
        raise AvatarError(f"{where}: seconds are counted from 0, the start of the sound")
    if not -1 <= strength <= 1:
        raise AvatarError(f"{where}: strength reaches from -1 to 1")
    if len(numbers) == 3 and not SHORTEST_S <= length <= LONGEST_S:
        raise AvatarError(f"{where}: a gesture takes {SHORTEST_S:g} to {LONGEST_S:g} seconds")
    gesture = Gesture(name, strength, length)
    if gesture.problem:
        raise AvatarError(f"{where}: {gesture.problem}")
    return seconds, gesture
