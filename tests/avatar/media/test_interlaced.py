"""Interlaced recordings: what moves has smooth edges, in as many pictures, at their times."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from avatar.media.recording import recording_of
from avatar.training.preprocess.video_reader import SourceFrame, read_pictures
from tests.support import need

SECONDS, FPS = 2, 25
MOVING = (  # a bright bar that goes 6 px to the right in every field
    "nullsrc=s=320x240:r=50:d=2,format=yuv420p,"
    "geq=lum='if(between(X-6*N,20,60),220,40)':cb=100:cr=160"
)
BRIGHT = [255, 224, 178]
FORMS = {
    "h264_tff.mp4": ("interleave_top", "tff", ["-c:v", "libx264", "-crf", "12"], "yuv420p"),
    "h264_bff.mkv": ("interleave_bottom", "bff", ["-c:v", "libx264", "-crf", "12"], "yuv420p"),
    "mpeg2.ts": ("interleave_top", "tff", ["-c:v", "mpeg2video", "-q:v", "2"], "yuv420p"),
    "deep.mov": ("interleave_top", "tff", ["-c:v", "prores_ks"], "yuv422p10le"),
}


def record(path: Path, order: str, encoder: list[str], pixels: str, how: str) -> Path:
    need("ffmpeg")
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", MOVING, "-vf"]
    command += [f"tinterlace={how},setparams=field_mode={order},format={pixels}"]
    command += ["-flags", "+ildct+ilme", *encoder, "-colorspace", "bt709", str(path)]
    subprocess.run(command, check=True)
    return path


def combing(image: np.ndarray) -> float:
    """How much lines differ from those beside them more than from those of their own field."""
    luma = image.astype(np.float64).mean(axis=2)
    beside = np.abs(np.diff(luma, axis=0)).mean()
    same_field = np.abs(luma[2:] - luma[:-2]).mean()
    return float(beside - same_field)


def pictures(path: Path) -> list[SourceFrame]:
    return list(read_pictures(recording_of(path, None)))


@pytest.mark.parametrize("name", FORMS)
def test_nothing_is_left_of_the_comb(name: str, tmp_path: Path) -> None:
    how, order, encoder, pixels = FORMS[name]
    shown = pictures(record(tmp_path / name, order, encoder, pixels, how))
    assert len(shown) == SECONDS * FPS
    np.testing.assert_allclose(np.diff([one.seconds for one in shown]), 1 / FPS, atol=1e-3)
    assert max(combing(one.image) for one in shown) < 0.3
    middle = shown[10].image[120].astype(float).mean(axis=1)
    edge = float(np.flatnonzero(middle > middle.mean())[0])
    assert edge == pytest.approx(20 + 6 * 20, abs=3), "of its two moments the first is kept"
    assert shown[10].image[120, 160].tolist() == pytest.approx(BRIGHT, abs=6), "the same colours"
