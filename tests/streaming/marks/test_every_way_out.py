"""Whatever way pictures leave, they say that they are synthetic."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from avatar.speakers.card import read_card
from streaming import cli
from streaming.marks.label import Label
from streaming.marks.payload import Payload
from streaming.marks.video_frames import lumas
from streaming.marks.watermark import Watermark
from streaming.marks.watermark_reader import WatermarkReader
from streaming.media.avatar_stream import AvatarStream
from streaming.media.clock import SessionClock
from tests.sounds import tone, write_wav
from tests.streaming.support.scenery import I420, scenery


class Renderer:
    """Hands over the pictures that a test gives it."""

    lookahead = 2

    def __init__(self) -> None:
        self.deliver: Callable[[int, I420], None]

    async def join(self, speaker: str, deliver: Callable[[int, I420], None], *_: object) -> Any:
        self.deliver = deliver
        return SimpleNamespace(speaker=speaker)


async def delivered(pictures: list[I420], watermark: bool) -> list[I420]:
    renderer = Renderer()
    stream = AvatarStream(renderer, SessionClock(0.2), watermark=watermark)  # type: ignore[arg-type]
    await stream.join("demo")
    stream.clock.start(0)
    got = []
    for number, picture in enumerate(pictures):
        renderer.deliver(number, picture)
        found = stream._pictures.for_frame(number)
        assert found
        got.append(found[1])
    return got


async def test_a_stream_is_marked_with_its_speaker_before_any_sink_sees_it() -> None:
    reader = WatermarkReader()
    for number, picture in enumerate(await delivered(scenery(12), watermark=True)):
        reader.add(number / 5, picture[:384])
    reader.flush(2.4)
    assert reader.finding.payload == Payload.today("demo")


async def test_a_stream_is_left_alone_if_the_settings_say_so() -> None:
    pictures = scenery(3)
    left = await delivered(pictures, watermark=False)
    assert all((one == other).all() for one, other in zip(left, pictures, strict=True))


def render(monkeypatch: pytest.MonkeyPatch, bundle: Path, folder: Path, *words: str) -> Path:
    write_wav(folder / "sound.wav", tone(1.0, level=0))
    film = folder / "film.mp4"
    arguments = ["avatar", "render", str(bundle), "--sound", str(folder / "sound.wav")]
    arguments += ["-o", str(film), "--device", "cpu", "--backend", "torch", *words]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    return film


def first_luma(film: Path) -> np.ndarray:
    return next(lumas(film, 5))[1].astype(int)


def test_a_rendered_film_carries_label_and_watermark(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").mkdir()
    plain = render(
        monkeypatch,
        tiny_bundle,
        tmp_path / "plain",
        *("--label", "off", "--label-reason", "a test", "--watermark", "off"),
    )
    marked = render(monkeypatch, tiny_bundle, tmp_path)
    difference = first_luma(marked) - first_luma(plain)
    label = np.abs(difference) > 40
    assert label[:20, 90:].mean() > 0.2
    assert not label[30:].any()
    name = read_card(tiny_bundle).name
    flat = np.full((192, 128), 128, np.uint8)
    expected = Watermark(Payload.today(name))(flat)[:128].astype(int) - 128
    match = np.corrcoef(difference[40:].ravel(), expected[40:].ravel())[0, 1]
    assert match > 0.4


def test_the_label_stays_in_its_corner_when_the_picture_is_mirrored() -> None:
    from streaming.sinks.framing import Framing

    picture = scenery(1)[0]
    framing = Framing((384, 384), (384, 384), mirror=True)
    seen = Label("AI")(framing(picture))
    assert (seen[:60, 300:384] == 235).any()
    assert not (seen[:60, :84] == 235).any()
