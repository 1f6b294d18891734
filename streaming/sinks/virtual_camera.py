"""A virtual camera as a sink: whatever program opens a camera sees the face."""

from typing import TYPE_CHECKING

from avatar.audio import FPS
from avatar.errors import AvatarError
from streaming.media.sink import Voice
from streaming.render.renderer import I420
from streaming.sinks.background import Background

if TYPE_CHECKING:
    from pyvirtualcam import Camera


class VirtualCamera:
    """Sends every picture to a virtual camera of this machine; cameras carry no sound."""

    lead = 0.0

    def __init__(self, camera: "Camera", background: Background) -> None:
        self._camera = camera
        self._background = background

    @classmethod
    async def open(cls, size: tuple[int, int], device: str | None) -> "VirtualCamera":
        """Open `device`, or the first free camera. Raises AvatarError if there is none."""
        background = Background("virtual-camera")
        opened: list[Camera] = []
        try:
            await background.run(lambda: opened.append(open_camera(size, device)))
        except AvatarError:
            await background.close(lambda: None)
            raise
        return cls(opened[0], background)

    @property
    def name(self) -> str:
        return f"{self._camera.device} ({self._camera.backend})"

    async def ready(self) -> None:
        await self._background.idle()

    def show(self, number: int, picture: I420) -> None:  # noqa: ARG002
        self._background.submit(self._send, picture)

    def speak(self, start: int, samples: Voice) -> None:
        """A camera has no sound."""

    async def close(self) -> None:
        await self._background.close(self._camera.close)

    def _send(self, picture: I420) -> None:
        try:
            self._camera.send(picture)
        except (RuntimeError, OSError) as error:
            raise AvatarError(f"the camera {self.name} takes no more pictures: {error}") from error


def open_camera(size: tuple[int, int], device: str | None) -> "Camera":
    """A pyvirtualcam camera for I420 pictures of (width, height). Raises AvatarError."""
    import pyvirtualcam

    width, height = size
    try:
        return pyvirtualcam.Camera(
            width, height, FPS, fmt=pyvirtualcam.PixelFormat.I420, device=device
        )
    except RuntimeError as error:
        wanted = f"the virtual camera {device}" if device else "a virtual camera"
        reason = "; ".join(str(error).splitlines())
        raise AvatarError(
            f"{wanted} cannot be opened ({reason}); `avatar camera --list` says what is missing"
        ) from error
