"""Rows that are lent to streams, and the windows of features in them."""

import torch

from avatar.rendering.backends.feature_windows import FeatureWindows
from avatar.rendering.backends.slots import Slot, SlotPool

CPU = torch.device("cpu")


def test_rows_are_lent_once_and_come_back_when_nobody_holds_them() -> None:
    rows: list[int] = []
    pool = SlotPool(rows.append)
    held = [pool.take() for _ in range(9)]
    assert [slot.row for slot in held] == list(range(9))
    assert rows == [8, 16]
    del held[3]
    assert pool.take().row == 3  # and is free again at once
    assert pool.take().row == 3


def test_windows_hold_what_was_pushed_and_the_first_repeats_into_the_past() -> None:
    windows = FeatureWindows(3, 2, CPU)
    one, other = windows.new_window(), windows.new_window()

    def push(slots: list[Slot], *values: float) -> list[list[float]]:
        features = torch.tensor(values)[:, None].expand(-1, 2)
        return [row[:, 1].tolist() for row in windows.push(slots, features)]

    assert push([one], 1) == [[1, 1, 1]]
    assert push([other, one], 5, 2) == [[5, 5, 5], [1, 1, 2]]
    assert push([one, other], 3, 6) == [[1, 2, 3], [5, 5, 6]]
    del other
    others = [windows.new_window() for _ in range(20)]  # more rows than there were
    assert push([one, *others], *range(21)) == [[2, 3, 0], *([n, n, n] for n in range(1, 21))]
    one.fresh = True
    assert push([one], 7) == [[7, 7, 7]]
