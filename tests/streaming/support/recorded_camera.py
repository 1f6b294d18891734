"""`avatar` with a camera of the test's own in pyvirtualcam's registry.

    python -m tests.streaming.support.recorded_camera NOTES camera --microphone mic.monitor ...

NOTES gets one JSON object a line: when a picture came (monotonic), and the block code it carries.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pyvirtualcam

from streaming.cli import main
from streaming.media import frame_marker
from streaming.render.renderer import I420

I420_CODE = 0x30323449


class RecordedCamera:
    """The shape of a pyvirtualcam back end; `taken` beside the notes makes it refuse to open."""

    notes = Path()

    def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None):
        if self.notes.with_suffix(".taken").exists():
            raise RuntimeError("the camera is in use")
        assert fourcc == I420_CODE
        self._size = (width, height)
        self._device = device or "recorded"
        self._file = self.notes.open("a", buffering=1)
        self._note(opened=[width, height, fps])

    def close(self) -> None:
        self._note(closed=True)
        self._file.close()

    def send(self, frame: I420) -> None:
        if self.notes.with_suffix(".taken").exists():
            raise RuntimeError("the camera was pulled out")
        width, height = self._size
        luma = frame[: width * height].reshape(height, width)
        self._note(at=time.monotonic(), code=read_code(luma), corner=int(luma[0, 0]))

    def device(self) -> str:
        return self._device

    def native_fourcc(self) -> int:
        return I420_CODE

    def _note(self, **what: object) -> None:
        self._file.write(json.dumps(what) + "\n")


def read_code(luma: I420) -> tuple[int, int] | None:
    """Frame number and onset that `FrameMarker` burnt into a picture."""
    height, width = luma.shape
    cell = width // frame_marker.CELLS
    middles = np.arange(frame_marker.CELLS) * cell + cell // 2
    bright = luma[height - cell // 2 - 1, middles] > (frame_marker.DARK + frame_marker.BRIGHT) / 2
    return frame_marker.decode([bool(one) for one in bright])


if __name__ == "__main__":
    RecordedCamera.notes = Path(sys.argv.pop(1))
    pyvirtualcam.register_backend("recorded", RecordedCamera)
    main()
