"""Face landmarks of every frame, behind an interface so that another tracker can take its place."""

import importlib.util
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.errors import AvatarError
from avatar.training.preprocess.native_silence import native_silence
from avatar.training.preprocess.video_reader import Image

LANDMARKS = 478  # 468 of the face and 5 of each iris
WANTED_FACE = 300  # px across: smaller faces are enlarged before tracking
LARGEST_SCALE = 3
LAST_PYTHON = (3, 12)  # that MediaPipe's release with its models inside can run on


class LandmarkTracker(Protocol):
    """Follows one face through a clip."""

    def start(self) -> None:
        """A new clip begins: forget the last picture."""

    def track(self, image: Image) -> NDArray[np.float32] | None:
        """(H, W, 3) RGB -> (478, 3): x, y in px (centre of the first pixel is 0), z in px towards
        the back, relative to the head; None without a face."""


class MediaPipeFaceMesh:
    """The attention face mesh (arXiv:2006.10962) of MediaPipe, on the CPU."""

    def __init__(self, scale: int = 1) -> None:
        self._scale = scale
        self._mesh: Any = None

    def start(self) -> None:
        """A new clip begins: the next picture is searched for a face."""
        self.close()

    def close(self) -> None:
        """Give the graph back."""
        if self._mesh is not None:
            self._mesh.close()
            self._mesh = None

    def track(self, image: Image) -> NDArray[np.float32] | None:
        """See `LandmarkTracker.track`."""
        height, width = image.shape[:2]
        if self._scale > 1:
            size = (width * self._scale, height * self._scale)
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC))
        # The graph speaks of itself, in threads of its own, until its first picture is done.
        with native_silence() if self._mesh is None else nullcontext():
            if self._mesh is None:
                self._mesh = _face_mesh()
            found = self._mesh.process(np.ascontiguousarray(image)).multi_face_landmarks
        if not found:
            return None
        points = np.array([(p.x, p.y, p.z) for p in found[0].landmark], np.float32)
        points *= (width, height, width)
        points[:, :2] -= 0.5
        return points


def _face_mesh() -> Any:
    from mediapipe.python.solutions.face_mesh import FaceMesh

    return FaceMesh(max_num_faces=1, refine_landmarks=True)


def need_face_tracker(python: tuple[int, int] = sys.version_info[:2]) -> None:
    """Raises AvatarError, saying what to do, where MediaPipe is not there for this `python`."""
    if importlib.util.find_spec("mediapipe") is not None:
        return
    if python > LAST_PYTHON:
        raise AvatarError(
            "training and evaluating need Python 3.11 or 3.12: their face tracker, MediaPipe, has "
            "no release for Python {}.{}; everything else runs here".format(*python)
        )
    raise AvatarError("the face tracker is not installed: pip install 'speech2lip-live[train]'")


def enlargement(face_width: float) -> int:
    """How many times to enlarge pictures in which the face is `face_width` px across."""
    return int(np.clip(np.ceil(WANTED_FACE / face_width), 1, LARGEST_SCALE))


def track_clips(
    tracker: LandmarkTracker,
    frames: NDArray[np.uint8],
    clip: NDArray[np.int32],
    seen: Callable[[int], None],
) -> NDArray[np.float32]:
    """Landmarks (F, 478, 3) of all frames; NaN where no face was found."""
    points = np.full((len(frames), LANDMARKS, 3), np.nan, np.float32)
    for index, image in enumerate(frames):
        if index == 0 or clip[index] != clip[index - 1]:
            tracker.start()
        found = tracker.track(image)
        if found is not None:
            points[index] = found
        seen(index + 1)
    return points
