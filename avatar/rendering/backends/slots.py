"""Rows of tensors that are lent to streams: joining, leaving and switching are index operations.

With a tensor for each stream, a step for many of them would spend its time in stacking and
unstacking; from rows of one tensor they are read, and written back, all at once.
"""

from collections.abc import Callable
from weakref import finalize

FIRST = 8  # rows to begin with


class Slot:
    """A row that belongs to one stream, until nobody holds this object."""

    def __init__(self, row: int) -> None:
        self.row = row
        self.fresh = True
        """Nothing was written into the row yet: it holds what the stream before it left."""


class SlotPool:
    """Hands out the lowest free row; `grow(rows)` is called for more of them, always twice as many.

    Used by one thread.
    """

    def __init__(self, grow: Callable[[int], None]) -> None:
        self._grow = grow
        self._rows = 0
        self._free: list[int] = []

    def take(self) -> Slot:
        """A row that nobody else has."""
        if not self._free:
            more = max(FIRST, 2 * self._rows)
            self._free += range(self._rows, more)  # in place: finalizers hold this very list
            self._rows = more
            self._grow(more)
        slot = Slot(min(self._free))
        self._free.remove(slot.row)
        finalize(slot, self._free.append, slot.row)
        return slot
