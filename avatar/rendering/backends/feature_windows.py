"""The last speech features of every stream of a speaker: what the speech head looks at."""

from collections.abc import Sequence

import torch
from torch import Tensor

from avatar.rendering.backends.device import to_device
from avatar.rendering.backends.slots import Slot, SlotPool


class FeatureWindows:
    """Windows (length, features) in the rows of one tensor."""

    def __init__(self, length: int, features: int, device: torch.device) -> None:
        self._windows = torch.zeros(0, length, features, device=device)
        self._pool = SlotPool(self._grow)

    def new_window(self) -> Slot:
        """A window that nothing was pushed into yet."""
        return self._pool.take()

    def last(self, slots: Sequence[Slot]) -> Tensor:
        """The newest features (B, features) of B streams; zeros where there are none yet."""
        rows = to_device(torch.tensor([slot.row for slot in slots]), self._windows.device)
        begun = to_device(torch.tensor([not slot.fresh for slot in slots]), self._windows.device)
        return self._windows[rows, -1] * begun[:, None]

    def push(self, slots: Sequence[Slot], features: Tensor) -> Tensor:
        """The newest features (B, features) of B streams -> their windows (B, length, features).

        The first that a window sees repeat into its past.
        """
        rows = to_device(torch.tensor([slot.row for slot in slots]), features.device)
        begun = to_device(torch.tensor([not slot.fresh for slot in slots]), features.device)
        newest = features[:, None]
        moved = torch.cat([self._windows[rows, 1:], newest], dim=1)
        windows = torch.where(begun[:, None, None], moved, newest)
        self._windows[rows] = windows
        for slot in slots:
            slot.fresh = False
        return windows

    def _grow(self, rows: int) -> None:
        more = self._windows.new_zeros(rows - len(self._windows), *self._windows.shape[1:])
        self._windows = torch.cat([self._windows, more])
