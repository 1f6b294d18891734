"""`avatar camera` as a program, between a real sound server and a camera of the test's own."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from streaming.media.frame_marker import ENDED
from tests.streaming.support.polling import load_factor, wait_until
from tests.streaming.support.sound_server import SoundServer, write_clicks
from tests.support import need
from tests.tiny_speaker import make_tiny_bundle, tiny_smile

SKEW_LIMIT = 0.040  # seconds
CLICKS = int(os.environ.get("CAMERA_SECONDS", "8"))  # seconds of them; 600 for a look at drift
SAMPLE_RATE = 16_000
CAMERA = [sys.executable, "-m", "tests.streaming.support.recorded_camera"]


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> str:
    need("pyvirtualcam")
    return str(make_tiny_bundle(tmp_path_factory.mktemp("speakers") / "tiny"))


class RunningCamera:
    """The program, what its camera noted, and what it said."""

    def __init__(
        self,
        folder: Path,
        environment: dict[str, str],
        words: list[str],
        terminal: int | None = None,
    ) -> None:
        self._notes = folder / "notes"
        command = [*CAMERA, str(self._notes), "camera", "--device", "cpu", *words]
        self.said = folder / "said"
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                command, env=environment, stdin=terminal, stdout=said, stderr=said
            )

    @property
    def notes(self) -> list[dict[str, Any]]:
        if not self._notes.exists():
            return []
        lines = self._notes.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    @property
    def pictures(self) -> list[dict[str, Any]]:
        return [note for note in self.notes if "at" in note]

    def take_away(self) -> None:
        self._notes.with_suffix(".taken").touch()

    def give_back(self) -> None:
        self._notes.with_suffix(".taken").unlink()

    def stop(self) -> tuple[int, list[str]]:
        """Ctrl-C; the exit code, and the processes it had started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(15), children.split()


OpenCamera = Callable[..., Any]


@pytest.fixture
def camera(tmp_path: Path, sound_server: SoundServer, speaker: str) -> OpenCamera:
    @contextmanager
    def running(*words: str, terminal: int | None = None) -> Iterator[RunningCamera]:
        words = ("--speaker", speaker, "--microphone", "mic.monitor", *words)
        one = RunningCamera(tmp_path, sound_server.environment, list(words), terminal)
        try:
            yield one
        finally:
            one.process.kill()
            one.process.wait()

    return running


def test_a_voice_comes_out_as_face_and_voice_in_step(
    camera: OpenCamera, sound_server: SoundServer, tmp_path: Path
) -> None:
    clicks = write_clicks(tmp_path / "clicks.wav", CLICKS)
    with camera("--voice", "cable", "--block-code") as running:
        wait_until(lambda: len(running.pictures) > 75, 30)
        with sound_server.recording("cable") as heard:
            time.sleep(1)
            sound_server.play(clicks).wait()
            time.sleep(1)
        code, children = running.stop()
    assert code == 130, running.said.read_text()
    assert "Traceback" not in running.said.read_text()
    assert running.notes[-1] == {"closed": True}
    wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in children), 5)
    moments = np.array([note["at"] for note in running.pictures])
    rate = (len(moments) - 1) / (moments[-1] - moments[0])
    assert rate == pytest.approx(25, abs=0.5 * load_factor())
    skews = np.array(match(lips_of(running), heard.onsets()))
    print("ms, first and last ten:", *(np.round(part * 1000) for part in (skews[:10], skews[-10:])))
    assert len(skews) >= 0.9 * CLICKS - 1
    # A picture that came late on a busy machine is late against its voice too; the path is not.
    assert abs(np.median(skews)) <= SKEW_LIMIT, skews


def lips_of(running: RunningCamera) -> list[float]:
    """When the pictures say that sounds began: each carries the place of an onset in its frame."""
    shown = [
        note for note in running.pictures if note["code"] and note["code"][1] not in (0, ENDED)
    ]
    first = {tuple(note["code"]): note for note in reversed(shown)}
    return sorted(note["at"] + (note["code"][1] - 1) / SAMPLE_RATE for note in first.values())


def match(lips: list[float], heard: list[float]) -> list[float]:
    """Seconds by which each onset is heard after it is seen."""
    nearest = (min(heard, key=functools.partial(apart, seen)) for seen in lips)
    return [found - seen for seen, found in zip(lips, nearest, strict=True)]


def apart(one: float, other: float) -> float:
    return abs(one - other)


def test_a_camera_that_is_taken_away_and_given_back(camera: OpenCamera) -> None:
    with camera() as running:
        wait_until(lambda: len(running.pictures) > 10, 30)
        running.take_away()
        wait_until(lambda: "takes no more pictures" in running.said.read_text(), 5)
        wait_until(lambda: "is in use" in running.said.read_text(), 5)
        running.give_back()
        before = len(running.pictures)
        wait_until(lambda: len(running.pictures) > before + 25, 10)
        assert running.stop()[0] == 130


def test_sound_devices_that_are_pulled_out_and_come_back(
    camera: OpenCamera, sound_server: SoundServer, tmp_path: Path
) -> None:
    module = sound_server.add_sink("headset")
    clicks = write_clicks(tmp_path / "clicks.wav", 3)
    with camera("--microphone", "headset.monitor", "--voice", "headset", "--block-code") as running:
        wait_until(lambda: len(running.pictures) > 50, 30)
        sound_server.control("unload-module", module)
        wait_until(lambda: "microphone" in running.said.read_text(), 15)
        wait_until(lambda: "sound output" in running.said.read_text(), 15)
        before = len(running.pictures)
        wait_until(lambda: len(running.pictures) > before + 25, 10)
        sound_server.add_sink("headset")
        wait_until(lambda: running.said.read_text().count("over: ") >= 2, 20)
        time.sleep(3)
        with sound_server.recording("headset") as heard:
            time.sleep(1)
            sound_server.play(clicks, "headset").wait()
            time.sleep(1)
        assert heard.onsets()
        assert any(note["code"][1] for note in running.pictures[before:] if note["code"])
        assert running.stop()[0] == 130


def test_mirrored_and_letter_boxed_into_a_file_and_no_camera(
    camera: OpenCamera, tmp_path: Path
) -> None:
    need("ffmpeg")
    file = tmp_path / "film.mp4"
    words = ("--out", str(file), "--size", "320x180", "--mirror", "--background", "green")
    with camera(*words) as running:
        wait_until(lambda: list(tmp_path.glob(".*.part.mp4")), 40)
        time.sleep(4)  # the file on the disk grows by its buffer only
        assert running.stop()[0] == 130
    assert not running.notes, "no camera was asked for"
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(file)]
    streams = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"]
    assert {(s["codec_name"], s.get("width"), s.get("height")) for s in streams} == {
        ("h264", 320, 180),
        ("aac", None, None),
    }
    ends = [float(stream["start_time"]) + float(stream["duration"]) for stream in streams]
    assert min(ends) > 0.5
    assert abs(ends[0] - ends[1]) < 0.5 * load_factor()


def test_a_key_in_its_terminal_makes_the_face_smile(camera: OpenCamera, tmp_path: Path) -> None:
    darkens = replace(tiny_smile(), light=torch.full((3, 24, 48), -0.4))
    smiling = make_tiny_bundle(tmp_path / "smiling", expressions={"smile": darkens})
    film = tmp_path / "film.mp4"
    keyboard, terminal = os.openpty()
    with camera("--speaker", str(smiling), "--out", str(film), terminal=terminal) as running:
        wait_until(lambda: list(tmp_path.glob(".*.part.mp4")), 40)
        time.sleep(3)
        os.write(keyboard, b"6")
        time.sleep(5)
        assert running.stop()[0] == 130
    os.close(keyboard)
    os.close(terminal)
    with av.open(str(film)) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    mouth = np.array([picture[80:96, 48:80].mean() for picture in pictures])
    smiles = mouth < np.median(mouth[:25]) - 40
    print("smiles in pictures", *np.flatnonzero(np.diff(smiles)))
    assert not smiles[:25].any()
    assert 25 < smiles.sum() < 100, "a smile takes three seconds"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--microphone", "nobody"), "there is no microphone 'nobody'"),
        (("--voice", "nobody"), "there is no sound output 'nobody'"),
        (("--microphone", "Null"), "could be several: 'mic.monitor', 'cable.monitor'"),
        (("--size", "12"), "write it like 1280x720"),
        (("--background", "gruen"), "not a colour"),
        (("--out", "film.avi"), "give a file"),
        (("--speaker", "nobody"), "nobody"),
    ],
)
def test_a_mistake_is_one_line(camera: OpenCamera, words: tuple[str, str], said: str) -> None:
    with camera(*words) as running:
        assert running.process.wait(60) == 2
    lines = running.said.read_text().strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]


def test_no_virtual_camera_is_one_line(camera: OpenCamera) -> None:
    with camera() as running:
        running.take_away()
        assert running.process.wait(60) == 2
    text = running.said.read_text()
    assert "cannot be opened" in text
    assert "--list" in text
    assert "Traceback" not in text


def test_without_a_sound_server_there_is_no_microphone(tmp_path: Path, speaker: str) -> None:
    need("sounddevice")
    environment = os.environ | {"PULSE_SERVER": f"unix:{tmp_path}/nowhere"}
    running = RunningCamera(tmp_path, environment, ["--speaker", speaker])
    assert running.process.wait(60) == 2
    assert "microphone" in running.said.read_text()
    assert "Traceback" not in running.said.read_text()


def test_the_list_says_what_is_missing(sound_server: SoundServer) -> None:
    command = [sys.executable, "-c", "from streaming.cli import main; main()", "camera", "--list"]
    done = subprocess.run(command, env=sound_server.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "mic.monitor" in done.stdout
    assert "cable" in done.stdout
    assert "modprobe v4l2loopback" in done.stdout
