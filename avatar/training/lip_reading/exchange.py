"""What chance finds: every clip judged with what belongs to another one."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def exchanged(clips: Sequence[T]) -> list[T]:
    """For each clip that of the one half the list away.

    Clips stand in the order of their names, and neighbours by name often say half the same.
    """
    half = len(clips) // 2
    return [*clips[half:], *clips[:half]]
