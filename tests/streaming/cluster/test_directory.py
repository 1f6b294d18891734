"""Which machine has which call, and where the next one goes."""

import pytest

from streaming.cluster.directory import FORGET_S, Directory, MachineReport
from streaming.security.tokens import Grant
from streaming.workers.known_call import KnownCall, WantedCall
from tests.streaming.support.virtual_time import VirtualTime


@pytest.fixture
def directory(time: VirtualTime) -> Directory:
    return Directory(time)


def tell(directory: Directory, machine: str, room: float = 0.0, *calls: KnownCall) -> None:
    directory.report(MachineReport(machine, "10.0.0.1", 4000, room, calls))


def owner(directory: Directory, wanted: WantedCall) -> str | None:
    found = directory.owner(wanted)
    return found.machine if found else None


def sent_to(directory: Directory, *besides: str) -> str | None:
    found = directory.roomiest(besides)
    return found.machine if found else None


def test_a_call_is_found_by_its_id_and_by_its_number(directory: Directory) -> None:
    call = KnownCall("00000000000a0000", "demo", None)
    tell(directory, "one")
    tell(directory, "two", 0, call)
    assert owner(directory, WantedCall((call.id,))) == "two"
    assert owner(directory, WantedCall(number=10)) == "two"
    assert owner(directory, WantedCall(("0" * 16,), 11)) is None


def test_a_viewer_is_sent_to_the_newest_call_that_its_token_allows(directory: Directory) -> None:
    tell(directory, "one", 0, KnownCall("a" * 16, "demo", 20.0), KnownCall("b" * 16, "else", 50.0))
    tell(directory, "two", 0, KnownCall("c" * 16, "demo", 30.0), KnownCall("d" * 16, "demo", None))
    assert owner(directory, WantedCall(grant=Grant("*", "view", 0))) == "one"
    assert owner(directory, WantedCall(grant=Grant("demo", "view", 0))) == "two"
    assert owner(directory, WantedCall(grant=Grant("demo", "view", 0, "a" * 16))) == "one"
    assert owner(directory, WantedCall(("d" * 16,), grant=Grant("*", "speak", 0))) is None


def test_calls_go_to_the_roomiest_and_those_under_way_count(directory: Directory) -> None:
    tell(directory, "one", 2)
    tell(directory, "two", 3)
    assert [sent_to(directory) for _ in range(6)] == ["two", "two", "one", "two", "one", None]
    tell(directory, "one", 1)
    assert sent_to(directory, "two") == "one"
    assert sent_to(directory, "one") is None


def test_a_machine_that_leaves_or_falls_silent_is_forgotten(
    directory: Directory, time: VirtualTime
) -> None:
    call = KnownCall("a" * 16, "demo", 1.0)
    tell(directory, "silent", 4, call)
    tell(directory, "leaving", 4)
    directory.leave("leaving")
    assert [report.machine for report in directory.present()] == ["silent"]
    time.now += FORGET_S
    assert owner(directory, WantedCall((call.id,))) == "silent"
    time.now += 0.1
    assert owner(directory, WantedCall((call.id,))) is None
    assert sent_to(directory) is None
