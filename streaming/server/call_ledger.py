"""What every event loop of this machine holds, so that limits are those of the machine."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Held:
    """What one or several processes hold."""

    load: float = 0.0
    "Callers and viewers, in callers."
    networks: dict[str, int] = field(default_factory=dict)
    "Calls by the address that they came from."


class CallLedger(Protocol):
    """Tells a process what the others hold, and them what it holds."""

    @contextmanager
    def others(self) -> Iterator[Held]:
        """What the others hold; while this lasts they take nothing more."""
        ...

    def note(self, held: Held) -> None:
        """What this process holds from now on."""
        ...


class NoOthers:
    """The ledger of a server that is one process."""

    @contextmanager
    def others(self) -> Iterator[Held]:
        yield Held()

    def note(self, held: Held) -> None:
        pass


class SharedLedger:
    """A file for each process, and a lock that the system takes back if its holder dies."""

    def __init__(self, folder: Path, own: str) -> None:
        """`own`: the name of this process among those that share the folder."""
        self._folder = folder
        self._own = f"{own}.held"

    @contextmanager
    def others(self) -> Iterator[Held]:
        import fcntl

        with (self._folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield _sum(_read(file) for file in self._others())

    def note(self, held: Held) -> None:
        fresh = self._folder / f"{self._own}.new"
        fresh.write_text(json.dumps(asdict(held)), encoding="utf-8")
        fresh.replace(self._folder / self._own)

    def _others(self) -> Iterator[Path]:
        return (file for file in self._folder.glob("*.held") if file.name != self._own)


def load_of(folder: Path, name: str) -> float:
    """What the process of this name holds, in callers."""
    return _read(folder / f"{name}.held").load


def strike_out(folder: Path, name: str) -> None:
    """The process of this name is gone, and holds nothing any more."""
    (folder / f"{name}.held").unlink(missing_ok=True)


def _read(file: Path) -> Held:
    try:
        return Held(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:  # its process holds nothing yet, or has just ended
        return Held()


def _sum(all_held: Iterator[Held]) -> Held:
    load, networks = 0.0, Counter[str]()
    for held in all_held:
        load += held.load
        networks.update(held.networks)
    return Held(load, networks)
