"""Processes that share limits know of each other, and forget those that died."""

import threading
from pathlib import Path

from streaming.server.call_ledger import Held, NoOthers, SharedLedger, load_of, strike_out


def test_each_sees_what_the_others_hold_and_not_its_own(tmp_path: Path) -> None:
    one, other, third = (SharedLedger(tmp_path, name) for name in ("a", "b", "c"))
    one.note(Held(2.5, {"198.51.100.7": 2}))
    other.note(Held(1.0, {"198.51.100.7": 1, "192.0.2.1": 1}))
    with third.others() as held:
        assert held == Held(3.5, {"198.51.100.7": 3, "192.0.2.1": 1})
    with one.others() as held:
        assert held == Held(1.0, {"198.51.100.7": 1, "192.0.2.1": 1})


def test_one_that_died_holds_nothing(tmp_path: Path) -> None:
    one, other = SharedLedger(tmp_path, "a"), SharedLedger(tmp_path, "b")
    one.note(Held(2.0, {"192.0.2.1": 2}))
    assert load_of(tmp_path, "a") == 2.0
    strike_out(tmp_path, "a")
    strike_out(tmp_path, "a")
    assert load_of(tmp_path, "a") == 0.0
    with other.others() as held:
        assert held == Held()


def test_nobody_takes_anything_while_another_looks(tmp_path: Path) -> None:
    one, other = SharedLedger(tmp_path, "a"), SharedLedger(tmp_path, "b")
    seen: list[float] = []

    def look() -> None:
        with other.others() as held:
            seen.append(held.load)

    waiting = threading.Thread(target=look)
    with one.others():
        waiting.start()
        waiting.join(0.2)
        assert not seen, "it waits"
        one.note(Held(1.0))
    waiting.join(10)
    assert seen == [1.0]


def test_a_single_process_has_no_others() -> None:
    ledger = NoOthers()
    ledger.note(Held(5.0))
    with ledger.others() as held:
        assert held == Held()
