"""The virtual cameras of this machine, each tried."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from avatar.audio import FPS
from avatar.errors import AvatarError

VIDEO_DEVICES = Path("/sys/devices/virtual/video4linux")  # only cameras that are no hardware
TRIAL_SIZE = (640, 480)


@dataclass(frozen=True)
class CameraState:
    """A back end of pyvirtualcam and what came of opening it."""

    backend: str
    device: str
    problem: str = ""


def list_cameras() -> list[CameraState]:
    """Every back end, with every device that can be told apart. Raises AvatarError."""
    return [_try(backend, device) for backend in sorted(backends()) for device in _devices(backend)]


def backends() -> list[str]:
    """Names in pyvirtualcam's registry. Raises AvatarError with what to install."""
    try:
        import pyvirtualcam.camera
    except ImportError as error:
        raise AvatarError(
            "virtual cameras need one more package: pip install 'speech2lip-live[camera]'"
        ) from error
    return list(pyvirtualcam.camera.BACKENDS)


def _devices(backend: str) -> Iterator[str | None]:
    if backend != "v4l2loopback" or not VIDEO_DEVICES.is_dir():
        yield None
        return
    for folder in sorted(VIDEO_DEVICES.iterdir()):
        yield f"/dev/{folder.name}"


def _try(backend: str, device: str | None) -> CameraState:
    import pyvirtualcam

    try:
        with pyvirtualcam.Camera(*TRIAL_SIZE, FPS, device=device, backend=backend) as camera:
            return CameraState(backend, camera.device)
    except RuntimeError as error:
        problem = str(error).removeprefix(f"'{backend}' backend: ")
        return CameraState(backend, device or "", problem)
