"""Where workers, their renderer and other machines are reached."""

from dataclasses import dataclass
from pathlib import Path

RENDERER = "renderer.sock"  # in the private folder of a server; all its workers share it
KEY_HEADER = "x-avatar-cluster"


@dataclass(frozen=True)
class MachineAddress:
    """The private door of another machine."""

    host: str
    port: int
    key: str
    "Shown in `KEY_HEADER`: it lets in the machines of a cluster, and nobody else."


Address = Path | MachineAddress
"A worker's socket on this machine, or another machine."


def key_header(address: Address) -> list[tuple[str, str]]:
    """What opens the door there."""
    return [] if isinstance(address, Path) else [(KEY_HEADER, address.key)]
