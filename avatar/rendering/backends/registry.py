"""The back ends there are: a new one is its file beside this one, and one line here.

Nothing is imported before it is asked for, so that help texts and settings can be read off at once.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from avatar.errors import AvatarError

AUTO = "auto"
PLAIN = "torch"  # the one that runs everywhere


@dataclass(frozen=True)
class BackendEntry:
    """Where a back end draws, and who makes it."""

    maker: str
    """`module:class` in this package; made with speaker, device, number type, region."""
    device: str | None = None
    """The only type of device that it draws on."""
    package: str | None = None
    """The optional package that it needs."""
    automatic: bool = False
    """Measured to be quicker than PyTorch: `auto` takes it where it runs."""

    def runs_on(self, device: str) -> bool:
        """Whether this type of device and the package that it needs are right."""
        there = self.package is None or importlib.util.find_spec(self.package) is not None
        return self.device in (None, device) and there

    @property
    def factory(self) -> Callable[..., Any]:
        """(speaker, device, number type, (height, width) of its regions) -> the back end."""
        module, name = self.maker.split(":")
        factory: Callable[..., Any] = getattr(
            importlib.import_module(f"{__package__}.{module}"), name
        )
        return factory


BACKENDS = {
    PLAIN: BackendEntry("base:Backend"),
    "compile": BackendEntry("torch_compile:CompiledBackend"),
    "openvino": BackendEntry("openvino:OpenVinoBackend", "cpu", "openvino", automatic=True),
    "tensorrt": BackendEntry("tensorrt:TensorRtBackend", "cuda", "torch_tensorrt"),
}


def check_backend(name: str) -> None:
    """Raises AvatarError for a name that is none of them, nor `auto`."""
    if name != AUTO and name not in BACKENDS:
        known = ", ".join((AUTO, *BACKENDS))
        raise AvatarError(f"there is no back end {name!r}; use one of {known}")


def quickest(device: str) -> str:
    """The back end that `auto` means on this type of device."""
    quick = (name for name, one in BACKENDS.items() if one.automatic and one.runs_on(device))
    return next(quick, PLAIN)


def listed() -> str:
    """All names, for help texts: auto, torch, ... or tensorrt (cuda)."""
    names = [AUTO] + [
        name if entry.device is None else f"{name} ({entry.device})"
        for name, entry in BACKENDS.items()
    ]
    return f"{', '.join(names[:-1])} or {names[-1]}"
