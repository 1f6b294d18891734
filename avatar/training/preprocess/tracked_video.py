"""A video whose head is tracked: what training, rendering and evaluation start from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import yaml
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from avatar.audio import FPS, SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.models.warp import Camera
from avatar.training.preprocess.face_crop import Crop
from avatar.training.preprocess.landmark_sets import LIPS
from avatar.training.preprocess.masks import Box
from avatar.training.preprocess.phase_cache import write_text

FORMAT = 2
STORED = (
    "poses",
    "landmarks",
    "usable",
    "clip",
    "depth",
    "lip_mask",
    "head_mask",
    "face_mask",
    "aperture",
    "shape",
    "noise",
    "template",
    "canonical_pose",
    "canonical_landmarks",
)

__all__ = ["LIPS", "TrackedVideo"]


@dataclass(frozen=True)
class TrackedVideo:
    """One or several clips of one head, seen by one camera.

    Pixels: the centre of the first pixel is (0, 0).  Head units: the eye distance is 1.
    X_camera = R X_head + t.
    """

    frames: NDArray[np.uint8]
    """(F, H, W, 3) RGB, mapped from frames.npy."""
    sound: NDArray[np.float32]
    """(640 F,) 16 kHz; sample 640 n is the start of frame n."""
    camera: Camera
    poses: NDArray[np.float32]
    """(F, 6) axis-angle (rad) and translation (head units)."""
    landmarks: NDArray[np.float32]
    """(F, 478, 2) px."""
    usable: NDArray[np.bool_]
    """(F,) a face was found and its pose explains it."""
    clip: NDArray[np.int32]
    """(F,) number of the clip; windows in time never cross clips."""
    canonical: int
    """The canonical frame; -1 where it belongs to another video (see `canonical_pose`)."""
    canonical_pose: NDArray[np.float32]
    """(6,) pose of the canonical frame."""
    canonical_landmarks: NDArray[np.float32]
    """(478, 2) px in the canonical frame."""
    depth: NDArray[np.float32]
    """(H, W) z of every pixel of the canonical frame in its camera, head units."""
    lip_box: Box
    """(x0, y0, x1, y1) in the canonical frame: everything that speech moves."""
    lip_mask: NDArray[np.float32]
    """(h, w) 0..1 over the lip box."""
    head_mask: NDArray[np.float32]
    """(H, W) 0..1 in the canonical frame: face, hair, ears."""
    face_mask: NDArray[np.float32]
    """(H, W) 0..1 in the canonical frame."""
    aperture: NDArray[np.float32]
    """(F,) gap between the inner lips over the eye distance."""
    shape: NDArray[np.float32]
    """(478, 3) landmarks of the head at rest, head units."""
    noise: NDArray[np.float32]
    """(R,) standard deviation in px of the landmarks the pose is fitted to."""
    template: NDArray[np.float32]
    """(H, W) mean grey picture in the canonical view, to which frames are aligned."""
    crops: dict[tuple[int, int], Crop]
    """The crop of every source size (width, height)."""
    fps: int = FPS

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the frames in px."""
        return self.frames.shape[2], self.frames.shape[1]

    def save(self, folder: Path) -> None:
        """Write track.safetensors and track.yaml beside frames.npy and sound.npy."""
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in STORED}
        arrays["usable"] = arrays["usable"].astype(np.uint8)
        with replace_file(folder / "track.safetensors") as temporary:
            save_file(arrays, temporary)
        note = {
            "format": FORMAT,
            "camera": [self.camera.focal, self.camera.cx, self.camera.cy],
            "canonical": self.canonical,
            "lip_box": list(self.lip_box),
            "crops": [[*size, c.x, c.y, c.side, c.size] for size, c in sorted(self.crops.items())],
        }
        write_text(folder / "track.yaml", yaml.safe_dump(note, sort_keys=False))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.  Raises AvatarError if it is not there or of another format."""
        path = folder / "track.yaml"
        if not path.exists():
            raise AvatarError(f"{folder} holds no tracked video: track one into it first")
        note: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        if note.get("format") != FORMAT:
            raise AvatarError(f"{folder} was tracked by another version: delete it and track again")
        with safe_open(folder / "track.safetensors", framework="np") as stored:
            arrays = {name: stored.get_tensor(name) for name in STORED}
        arrays["usable"] = arrays["usable"].astype(bool)
        x0, y0, x1, y1 = note["lip_box"]
        frames = np.load(folder / "frames.npy", mmap_mode="r")
        sound = np.load(folder / "sound.npy")
        if len(sound) != len(frames) * SAMPLES_PER_FRAME or len(frames) != len(arrays["poses"]):
            raise AvatarError(f"{folder} is not whole: delete it and track again")
        return cls(
            frames=frames,
            sound=sound,
            camera=Camera(*note["camera"]),
            canonical=note["canonical"],
            lip_box=(x0, y0, x1, y1),
            crops={(w, h): Crop(*rest) for w, h, *rest in note["crops"]},
            **arrays,
        )
