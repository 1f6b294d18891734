"""The lips that a browser shows move as those of an offline render of the same sound."""

import base64
import io
import time
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from avatar.audio import FPS
from streaming.core.config import ServeConfig
from streaming.media.frame_marker import CELLS, decode
from streaming.render.find_speakers import find_speakers
from tests.streaming.support.browser import chromium, first_picture
from tests.streaming.support.live_server import serving
from tests.support import need

DEMO = Path(__file__).parents[3] / "trained_speakers" / "demo"
SAMPLE = Path(__file__).parents[3] / "streaming" / "web" / "sample.mp3"
TALK = 11.0  # seconds that are judged
RATE = 48_000
KEEP_PICTURES = """() => {
  const video = document.getElementById('video');
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const pen = canvas.getContext('2d');
  window.kept = [];
  const keep = () => {
    pen.drawImage(video, 0, 0);
    window.kept.push(canvas.toDataURL('image/jpeg', 0.92));
    video.requestVideoFrameCallback(keep);
  };
  keep();
}"""


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample voice as WAV, 48 kHz mono; Chromium plays it again and again."""
    file = tmp_path_factory.mktemp("speech") / "speech.wav"
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(SAMPLE)) as container, wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                out.writeframes(piece.to_ndarray().tobytes())
    return file


def test_the_lips_in_the_browser_move_as_in_an_offline_render(speech: Path) -> None:
    need("chromium", "playwright", "mediapipe")
    if not (DEMO / "speaker.yaml").exists():
        pytest.skip("the default speaker is not there")
    shown = _apertures(_shown_in_a_browser(speech))
    offline = _apertures(dict(enumerate(_rendered_offline(speech, rounds=2))))
    assert np.isfinite(shown).sum() >= 0.8 * TALK * FPS, "a face was seen in nearly every picture"
    assert _best_correlation(offline, shown) >= 0.9


def _shown_in_a_browser(speech: Path) -> dict[int, Any]:
    """Pictures (H, W, 3) by the frame number that is burnt into them."""
    import functools

    config = ServeConfig(block_code=True)
    find = functools.partial(find_speakers, str(DEMO), "cpu")
    with serving(find, config) as server, chromium(speech) as browser:
        page = browser.new_page()
        page.goto(server.address)
        page.click("#start")
        first_picture(page)
        time.sleep(1.5)
        page.evaluate(KEEP_PICTURES)
        time.sleep(TALK)
        kept = page.evaluate("window.kept")
    pictures = {}
    for url in kept:
        data = base64.b64decode(url.partition(",")[2])
        picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        cell = picture.shape[1] // CELLS
        row = picture[-cell // 2, cell // 2 : cell * CELLS : cell, 1] > 126
        if code := decode(list(row)):
            pictures[code[0]] = picture
    return pictures


def _rendered_offline(speech: Path, rounds: int) -> list[Any]:
    from avatar.audio import SAMPLES_PER_FRAME, load_sound
    from avatar.i420 import to_rgb
    from avatar.rendering.pipeline import Pipeline
    from avatar.speakers.speaker import load_speaker

    sound = np.tile(load_sound(speech), rounds)
    pipeline = Pipeline(load_speaker(DEMO), "cpu")
    stream = pipeline.open()
    chunks = sound[: len(sound) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME].reshape(
        -1, SAMPLES_PER_FRAME
    )
    pictures = (pipeline.step([stream], [chunk])[0] for chunk in chunks)
    return [to_rgb(picture.i420) for picture in pictures if picture is not None]


def _apertures(pictures: dict[int, Any]) -> Any:
    """Gap between the lips by frame number; NaN where no picture or no face was seen."""
    from avatar.training.preprocess.canonical_frame import lip_aperture
    from avatar.training.preprocess.landmark_tracker import LANDMARKS, MediaPipeFaceMesh

    tracker = MediaPipeFaceMesh()
    tracker.start()
    first = min(pictures)
    points = np.full((max(pictures) - first + 1, LANDMARKS, 2), np.nan, np.float32)
    for number in sorted(pictures):
        found = tracker.track(pictures[number])
        if found is not None:
            points[number - first] = found[:, :2]
    tracker.close()
    return lip_aperture(points, np.zeros(len(points), np.int32))


def _best_correlation(offline: Any, shown: Any) -> float:
    """Over every place at which the browser's stretch may lie within the offline one."""
    found = [0.0]
    for begin in range(len(offline) - len(shown) + 1):
        part = offline[begin : begin + len(shown)]
        seen = np.isfinite(part) & np.isfinite(shown)
        found.append(float(np.corrcoef(part[seen], shown[seen])[0, 1]))
    return max(found)
