"""Face boxes anywhere in a picture (MediaPipe's BlazeFace, near and far models)."""

from contextlib import nullcontext
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from avatar.training.preprocess.native_silence import native_silence
from avatar.training.preprocess.video_reader import Image

CONFIDENCE = 0.6
NEAR, FAR = 0, 1  # MediaPipe's model_selection: faces within 2 m, within 5 m


class FaceDetector:
    """Finds faces near the camera, and only where there are none, far ones."""

    def __init__(self) -> None:
        self._models: dict[int, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for model in self._models.values():
            model.close()

    def boxes(self, image: Image) -> NDArray[np.float64]:
        """(H, W, 3) RGB -> (N, 3): centre x, y and side of each face in px."""
        for reach in (NEAR, FAR):
            # A graph speaks of itself, in threads of its own, until its first picture is done.
            with nullcontext() if reach in self._models else native_silence():
                found = self._model(reach).process(image).detections
            if found:
                return np.array([self._square(face, image) for face in found])
        return np.zeros((0, 3))

    def _model(self, reach: int) -> Any:
        from mediapipe.python.solutions.face_detection import FaceDetection

        if reach not in self._models:
            self._models[reach] = FaceDetection(CONFIDENCE, reach)
        return self._models[reach]

    @staticmethod
    def _square(face: Any, image: Image) -> tuple[float, float, float]:
        height, width = image.shape[:2]
        box = face.location_data.relative_bounding_box
        centre = (box.xmin + box.width / 2) * width, (box.ymin + box.height / 2) * height
        return *centre, (box.width * width + box.height * height) / 2
