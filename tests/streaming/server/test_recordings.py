"""Recordings of the page, from real Chromium and from strangers, and how they come back."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from avatar.errors import AvatarError
from streaming.benchmark.watermark_attacks import VP8, Attack, carry_out
from streaming.core.config import ServeConfig
from streaming.core.mark_settings import MarkSettings
from streaming.marks.certificate import make_certificate
from streaming.marks.payload import Payload
from streaming.marks.provenance import read
from streaming.marks.verify import verify
from streaming.marks.watermark import Watermark
from streaming.server.recording_process import FILM, RECORDING, sign_recording
from tests.streaming.support.browser import SHOWN, first_picture
from tests.streaming.support.firefox import DOWNLOADS, firefox
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.polling import wait_until
from tests.streaming.support.scenery import scenery
from tests.support import need

pytest.importorskip("c2pa")
CONSENTS = {"bar": "Bar, 2 August 2026", "pale": "Pale, 3 August 2026"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    make_certificate(folder, "Example Ltd")
    return folder


@pytest.fixture(scope="module")
def marks(keys: Path) -> MarkSettings:
    return MarkSettings(certificate=str(keys / "chain.pem"), certificate_key=str(keys / "key.pem"))


@pytest.fixture(scope="module")
def server_config(marks: MarkSettings) -> ServeConfig:
    return ServeConfig(marks=marks)


def recorded(server: LiveServer, browser: Any, folder: Path) -> Path:
    """What Chromium saves when a call is recorded for some seconds."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.address)
    page.click("#start")
    first_picture(page)
    page.click("#record")
    time.sleep(4)
    with page.expect_download(timeout=120_000) as download:
        page.click("#record")
    file = folder / str(download.value.suggested_filename)
    download.value.save_as(file)
    assert not page.locator("#notice").is_visible(), page.inner_text("#notice")
    context.close()
    return file


def test_a_recording_of_the_page_is_watermarked_labelled_and_signed(
    server: LiveServer, browser: Any, keys: Path, tmp_path: Path
) -> None:
    film = recorded(server, browser, tmp_path)
    assert film.suffix == ".mp4"
    found = verify(film, keys / "anchor.pem").named(CONSENTS)
    assert found.speaker == "bar"
    assert found.label.word == "AI"
    assert found.provenance
    assert (found.provenance.valid, found.provenance.trusted) == (True, True)
    assert (found.provenance.synthetic, found.provenance.speaker) == (True, "bar")


def test_without_a_certificate_it_is_watermarked_and_labelled(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "bars").mkdir()
    with serving_bars(tmp_path / "bars") as server:
        found = verify(recorded(server, browser, tmp_path))
    assert found.watermark.found
    assert found.label.word == "AI"
    assert found.provenance is None


def test_a_recording_in_firefox_is_watermarked_labelled_and_signed(
    server: LiveServer, keys: Path, tmp_path: Path
) -> None:
    need("firefox-esr")
    with firefox(tmp_path) as page:
        page.goto(server.address)
        wait_until(lambda: page.evaluate("document.querySelectorAll('#gallery > *').length"), 20)
        page.click("#start")
        wait_until(lambda: page.evaluate(SHOWN), 30)
        page.click("#record")
        time.sleep(4)
        page.click("#record")
        wait_until(lambda: list((tmp_path / DOWNLOADS).glob("*.mp4")), 120)
        (film,) = (tmp_path / DOWNLOADS).glob("*.mp4")
        wait_until(lambda: film.stat().st_size, 30)
        assert page.evaluate("document.getElementById('notice').hidden")
    found = verify(film, keys / "anchor.pem").named(CONSENTS)
    assert found.speaker == "bar"
    assert found.label.word == "AI"
    assert found.provenance
    assert (found.provenance.valid, found.provenance.trusted) == (True, True)


def recording(folder: Path, watermark: Watermark | None) -> Path:
    """As Firefox makes them: VP8 in WebM."""
    pictures = scenery(52)
    file = folder / "recording.webm"
    carry_out(Attack("", codec=VP8), map(watermark, pictures) if watermark else pictures, file)
    return file.rename(folder / RECORDING)


def test_a_webm_becomes_a_signed_mp4_that_names_the_speaker_and_the_consent(
    marks: MarkSettings, tmp_path: Path
) -> None:
    recording(tmp_path, Watermark(Payload.today("pale")))
    sign_recording(tmp_path, CONSENTS, marks)
    with (tmp_path / FILM).open("rb") as film:
        found = read(film)
    assert found
    assert (found.valid, found.speaker) == (True, "pale")
    assert CONSENTS["pale"].encode() in (tmp_path / FILM).read_bytes()


@pytest.mark.parametrize("of", [None, "somebody else"])
def test_what_carries_no_watermark_of_a_face_of_the_call_is_not_signed(
    of: str | None, marks: MarkSettings, tmp_path: Path
) -> None:
    recording(tmp_path, Watermark(Payload.today(of)) if of else None)
    with pytest.raises(AvatarError, match="does not carry the watermark"):
        sign_recording(tmp_path, CONSENTS, marks)
    assert not (tmp_path / FILM).exists()


def test_what_is_no_video_is_refused(marks: MarkSettings, tmp_path: Path) -> None:
    (tmp_path / RECORDING).write_bytes(b"no video")
    with pytest.raises(AvatarError, match="cannot be read as video"):
        sign_recording(tmp_path, CONSENTS, marks)


def test_only_a_call_of_ones_own_is_signed(server: LiveServer) -> None:
    answer = httpx.post(f"{server.address}/recording?session=0123", content=b"video")
    assert answer.status_code == 404
    assert "no such call of yours" in answer.json()["detail"]


def test_a_server_without_a_certificate_signs_nothing(tmp_path: Path) -> None:
    with serving_bars(tmp_path) as server:
        answer = httpx.post(f"{server.address}/recording?session=0123", content=b"video")
    assert answer.json()["detail"] == "this server signs no recordings"


def test_the_label_is_a_picture_and_absent_if_the_settings_say_so(
    server: LiveServer, marks: MarkSettings, tmp_path: Path
) -> None:
    image = httpx.get(f"{server.address}/label.png").content
    assert image.startswith(b"\x89PNG")
    bare = dataclasses.replace(marks, label=False, label_reason="a notice at the door")
    with serving_bars(tmp_path, ServeConfig(marks=bare)) as unlabelled:
        assert httpx.get(f"{unlabelled.address}/label.png").status_code == 404
