"""A made speaker: a drawn face whose mouth opens as loudly as a tone sounds."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.audio import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME
from avatar.models.warp import Camera
from avatar.training.preprocess.landmark_sets import LEFT_EYE, LIPS, RIGHT_EYE, RIGID
from avatar.training.preprocess.tracked_video import TrackedVideo

SIZE = 64
FRAMES = 150
CENTRE = (32, 44)  # of the mouth, px
EYES_AT = 20  # px from the top
LIP_BOX = (16, 32, 48, 56)


def made_video(folder: Path) -> TrackedVideo:
    """150 frames of 64 x 64 with 6 s of sound: syllables of chance lengths and loudnesses."""
    opening = _syllables()
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "frames.npy", np.stack([_draw(gap) for gap in opening]))
    sample = np.arange(FRAMES * SAMPLES_PER_FRAME) / SAMPLE_RATE
    loudness = np.interp(sample * FPS, np.arange(FRAMES), opening)
    tone = 0.3 * loudness * np.sign(np.sin(2 * np.pi * 150 * sample))
    np.save(folder / "sound.npy", tone.astype(np.float32))
    x0, y0, x1, y1 = LIP_BOX
    pose = np.tile(np.array([0, 0, 0, 0, 0, 8], np.float32), (FRAMES, 1))
    landmarks = np.stack([_landmarks(gap) for gap in opening]).astype(np.float32)
    whole = np.ones((SIZE, SIZE), np.float32)
    tracked = TrackedVideo(
        frames=np.load(folder / "frames.npy", mmap_mode="r"),
        sound=np.load(folder / "sound.npy"),
        camera=Camera(150.0, 31.5, 31.5),
        poses=pose,
        landmarks=landmarks,
        usable=np.ones(FRAMES, bool),
        clip=np.zeros(FRAMES, np.int32),
        canonical=int(opening.argmin()),
        canonical_pose=pose[0],
        canonical_landmarks=landmarks[int(opening.argmin())],
        depth=np.full((SIZE, SIZE), 8.0, np.float32),
        lip_box=LIP_BOX,
        lip_mask=_feather(y1 - y0, x1 - x0),
        head_mask=whole,
        face_mask=whole,
        aperture=opening.astype(np.float32),
        shape=np.zeros((478, 3), np.float32),
        noise=np.zeros(4, np.float32),
        template=whole,
        crops={},
    )
    tracked.save(folder)
    return tracked


def _syllables() -> NDArray[np.float64]:
    """Opening (F,) 0..1; no two stretches alike, so that sound fits picture at one offset only."""
    rng = np.random.default_rng(0)
    peaks = [(length, rng.uniform(0.4, 1)) for length in rng.integers(4, 11, FRAMES // 4)]
    waves = [high * np.sin(np.pi * np.arange(length) / length) for length, high in peaks]
    return np.concatenate(waves)[:FRAMES]


def _draw(gap: float) -> NDArray[np.uint8]:
    face = np.full((SIZE, SIZE, 3), (205, 165, 140), np.uint8)
    face[::8] = (190, 150, 130)
    cv2.ellipse(face, CENTRE, (10, 3 + round(6 * gap)), 0, 0, 360, (160, 70, 70), -1)
    cv2.ellipse(face, CENTRE, (7, round(6 * gap)), 0, 0, 360, (40, 10, 10), -1)
    return np.asarray(cv2.GaussianBlur(face, (3, 3), 0))


def _landmarks(gap: float) -> NDArray[np.float64]:
    points = np.tile(np.array(CENTRE, float), (478, 1))
    points[RIGID] = (CENTRE[0], EYES_AT)
    points[RIGHT_EYE], points[LEFT_EYE] = (22, EYES_AT), (42, EYES_AT)
    angle = np.linspace(0, 2 * np.pi, len(LIPS), endpoint=False)
    points[LIPS, 0] += 10 * np.cos(angle)
    points[LIPS, 1] += (3 + 6 * gap) * np.sin(angle)
    return points


def _feather(height: int, width: int) -> NDArray[np.float32]:
    inner = np.zeros((height, width), np.float32)
    inner[3:-3, 3:-3] = 1
    return np.asarray(cv2.GaussianBlur(inner, (5, 5), 0))
