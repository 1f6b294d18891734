"""`avatar serve` and `avatar camera` as an unknown user, on a read-only disk, without a home."""

import signal
from pathlib import Path

from tests.streaming.support.bare_container import run_bare
from tests.streaming.support.polling import wait_until
from tests.streaming.support.sound_server import SoundServer
from tests.tiny_speaker import make_tiny_bundle


def test_the_server_serves(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "tiny")
    process = run_bare(f"serve --port 0 --speaker {bundle}")
    assert process.stdout
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert line.startswith("tiny is ready at"), errors
    assert "Traceback" not in errors


def test_the_camera_hears_a_microphone_and_films(tmp_path: Path, sound_server: SoundServer) -> None:
    bundle = make_tiny_bundle(tmp_path / "tiny")
    devices = "--microphone mic.monitor --voice cable --out /dev/shm/film.mp4"
    process = run_bare(
        f"camera --speaker {bundle} --device cpu {devices}",
        f"PULSE_SERVER={sound_server.environment['PULSE_SERVER']}",
    )
    assert process.stdout
    line = process.stdout.readline()
    own = Path(f"/proc/{process.pid}/root/dev/shm")
    wait_until(lambda: any(one.stat().st_size for one in own.glob("*.mp4")))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert line.startswith("tiny is on: Monitor of Null Output to Null Output"), errors
    assert process.returncode == 130
    assert "Traceback" not in errors
