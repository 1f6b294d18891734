"""Face boxes anywhere in a picture (MediaPipe's BlazeFace, near and far models)."""

from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from avatar.training.preprocess.video_reader import Image

CONFIDENCE = 0.6
NEAR, FAR = 0, 1  # MediaPipe's model_selection: faces within 2 m, within 5 m


class FaceDetector:
    """Finds faces near the camera, and only where there are none, far ones."""

    def __init__(self) -> None:
        from mediapipe.python.solutions.face_detection import FaceDetection

        self._models: list[Any] = [FaceDetection(CONFIDENCE, model) for model in (NEAR, FAR)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for model in self._models:
            model.close()

    def boxes(self, image: Image) -> NDArray[np.float64]:
        """(H, W, 3) RGB -> (N, 3): centre x, y and side of each face in px."""
        for model in self._models:
            found = model.process(image).detections
            if found:
                return np.array([self._square(face, image) for face in found])
        return np.zeros((0, 3))

    @staticmethod
    def _square(face: Any, image: Image) -> tuple[float, float, float]:
        height, width = image.shape[:2]
        box = face.location_data.relative_bounding_box
        centre = (box.xmin + box.width / 2) * width, (box.ymin + box.height / 2) * height
        return *centre, (box.width * width + box.height * height) / 2
