"""A file and live streams, judged by other programs: both tracks there, and in step."""

import asyncio
import json
import socket
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from avatar.errors import AvatarError
from streaming.media.clock import VOICE_RATE
from streaming.media.playout import VOICE_PACKET
from streaming.render.renderer import I420
from streaming.sinks.destination import Destination
from streaming.sinks.recorder import Recorder
from tests.sounds import sine
from tests.support import need

SIZE = (192, 128)
SECONDS = 4
FLASHES = (25, 60, 85)  # frames that are bright, with a tone beside them


def face(number: int) -> I420:
    picture = np.full((SIZE[1] * 3 // 2, SIZE[0]), 128, np.uint8)
    picture[: SIZE[1]] = 220 if number in FLASHES else 40
    return picture


def voice(packet: int) -> np.ndarray:
    """20 ms of 1 kHz beside every bright frame."""
    level = 0.5 * (packet // 2 in FLASHES)
    place = np.arange(VOICE_PACKET) + packet * VOICE_PACKET
    return sine(place, VOICE_RATE, 1000, level)


async def perform(film: Recorder, pace: float = 0.0) -> None:
    for number in range(SECONDS * 25):
        await film.ready()
        film.show(number, face(number))
        for packet in (2 * number, 2 * number + 1):
            film.speak(packet * VOICE_PACKET, voice(packet))
        await asyncio.sleep(pace)
    await film.close()


def judge(file: Path) -> None:
    """ffprobe sees both tracks; decoded, every flash has its tone within 40 ms."""
    need("ffmpeg")
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(file)]
    streams = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"]
    assert sorted(stream["codec_name"] for stream in streams) == ["aac", "h264"]
    with av.open(str(file)) as film:
        bright = [
            float(frame.pts * frame.time_base)
            for frame in film.decode(video=0)
            if frame.to_ndarray()[: SIZE[1]].mean() > 150
        ]
    with av.open(str(file)) as film:
        heard = []
        for frame in film.decode(audio=0):
            samples = np.abs(frame.to_ndarray()[0])
            loud = np.flatnonzero(samples > 0.2)
            if len(loud):
                heard.append(float(frame.pts * frame.time_base) + loud[0] / frame.sample_rate)
    onsets = [t for t, before in zip(heard, [-9.0, *heard], strict=False) if t - before > 0.2]
    assert len(bright) == len(onsets) == len(FLASHES)
    np.testing.assert_allclose(onsets, bright, atol=0.040)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "2024-05-01T12:30:00 [%d].mov"])
async def test_a_file_has_both_tracks_in_step(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    film = await Recorder.open(Destination.parse(str(file)), SIZE)
    assert not file.exists(), "it appears when it is whole"
    await perform(film)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    judge(file)


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(type=kind) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize("scheme", ["srt", "rtmp", "tcp"])
async def test_another_program_receives_a_stream(tmp_path: Path, scheme: str) -> None:
    """ffmpeg listens as OBS's Media Source does, and keeps what comes."""
    need("ffmpeg")
    port = free_port(socket.SOCK_DGRAM if scheme == "srt" else socket.SOCK_STREAM)
    address = f"{scheme}://127.0.0.1:{port}" + ("/live/face" if scheme == "rtmp" else "")
    listening = {"srt": ["-i", f"{address}?mode=listener"], "tcp": ["-i", f"{address}?listen=1"]}
    source = listening.get(scheme, ["-listen", "1", "-i", address])
    kept = tmp_path / "kept.mkv"
    command = ["ffmpeg", "-v", "error", "-y", "-analyzeduration", "500000", *source, "-c", "copy"]
    receiver = subprocess.Popen([*command, str(kept)])
    try:
        film = await connected(Destination.parse(address))
        await perform(film, pace=0.03)
        receiver.wait(10)
    finally:
        receiver.kill()
        receiver.wait()
    judge(kept)


async def connected(destination: Destination) -> Recorder:
    """Open, once the receiver listens."""
    for _ in range(40):
        await asyncio.sleep(0.25)
        try:
            film = await Recorder.open(destination, SIZE)
            await asyncio.sleep(0.5)
            film.show(0, face(0))
            film.speak(0, voice(0))
            await film.ready()
        except AvatarError:
            continue
        return film
    raise AssertionError("nobody listened")


async def test_nobody_listening_is_one_line() -> None:
    port = free_port(socket.SOCK_STREAM)
    with pytest.raises(AvatarError, match="refused"):
        await Recorder.open(Destination.parse(f"rtmp://127.0.0.1:{port}/live/face"), SIZE)


async def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "no").write_text("a file, no folder")
    with pytest.raises(AvatarError, match=r"no/film.mp4 takes nothing"):
        await Recorder.open(Destination.parse(str(tmp_path / "no" / "film.mp4")), SIZE)


@pytest.mark.parametrize("text", ["film.avi", "film", "ftp://host/film.mp4", "srt://", ""])
def test_other_destinations_are_refused_in_words(text: str) -> None:
    with pytest.raises(AvatarError, match="give a file"):
        Destination.parse(text)
