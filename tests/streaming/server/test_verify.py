"""`/verify` from outside: marked, unmarked, too large, no video, and strangers."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from avatar.errors import AvatarError
from streaming.benchmark.watermark_attacks import Attack, carry_out
from streaming.core.config import ServeConfig
from streaming.core.mark_settings import MarkSettings
from streaming.marks.certificate import make_certificate
from streaming.marks.payload import Payload
from streaming.marks.signing import Signing
from streaming.marks.watermark import Watermark
from streaming.server import verify, verify_process
from streaming.server.session_manager import ServerFullError
from streaming.server.upload_limit import UploadLimit
from streaming.server.verify_process import verify_apart
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.polling import until, wait_until
from tests.streaming.support.scenery import scenery
from tests.streaming.support.stranger import LIMITS, OUTSIDE, bearing, token
from tests.support import need


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verify")


@pytest.fixture(scope="module")
def server_config(token_secret_file: str) -> ServeConfig:
    return ServeConfig(token_secret_file=token_secret_file, limits=LIMITS, behind_proxy="127.0.0.1")


@pytest.fixture(scope="module")
def marked(folder: Path) -> bytes:
    return film(folder, Watermark(Payload.today("bar")))


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert not list(tmp_path.iterdir()), "the file was kept"


def film(folder: Path, watermark: Watermark | None) -> bytes:
    pictures = scenery(52)
    file = folder / "film.mkv"
    carry_out(Attack("x264"), map(watermark, pictures) if watermark else pictures, file)
    return file.read_bytes()


def send(
    server: LiveServer, content: bytes, address: str = "127.0.0.1", **grant: str
) -> httpx.Response:
    headers = bearing(token(**grant)) | OUTSIDE | {"x-forwarded-for": address}
    return httpx.post(f"{server.address}/verify", content=content, headers=headers, timeout=60)


def test_a_marked_video_is_called_synthetic_and_named_to_those_who_may_see_the_speaker(
    server: LiveServer, marked: bytes
) -> None:
    found = send(server, marked).json()
    assert found["found"]
    assert found["watermark"]["payload"]["speaker"] == "bar"
    assert "The video is synthetic: speaker bar" in found["words"][0]
    other = send(server, marked, speaker="pale").json()
    assert other["found"]
    assert other["watermark"]["payload"]["speaker"] is None


def test_an_unmarked_video_is_not_called_genuine(server: LiveServer, folder: Path) -> None:
    found = send(server, film(folder, None)).json()
    assert not found["found"]
    assert "does not prove that the video is genuine" in found["words"][0]


@pytest.mark.parametrize("content", [b"", b"no video", bytes(range(256)) * 40])
def test_what_is_no_video_is_refused_in_words(server: LiveServer, content: bytes) -> None:
    response = send(server, content)
    assert response.status_code == 400
    assert response.json()["detail"].startswith("the file: cannot be read as video")


async def begin_sending(
    server: LiveServer, size: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection over which the beginning of a file of `size` bytes was sent."""
    address = server.address.removeprefix("http://")
    reader, writer = await asyncio.open_connection(*address.split(":"))
    head = f"POST /verify HTTP/1.1\r\nHost: {address}\r\nX-Forwarded-Proto: https\r\n"
    head += f"Authorization: Bearer {token()}\r\nContent-Length: {size}\r\n\r\nhalf"
    writer.write(head.encode())
    return reader, writer


async def test_a_file_that_is_too_large_is_refused_at_once(server: LiveServer) -> None:
    reader, writer = await begin_sending(server, verify.VIDEO_LIMIT.size + 1)
    async with asyncio.timeout(10):
        assert b" 413 " in await reader.readline()
    writer.close()


def test_strangers_need_a_token_and_may_not_try_for_ever(server: LiveServer) -> None:
    headers = OUTSIDE | {"x-forwarded-for": "198.51.100.9"}
    answers = [httpx.post(f"{server.address}/verify", content=b"", headers=headers) for _ in "123"]
    assert {answer.status_code for answer in answers} == {401}
    assert send(server, b"", "198.51.100.9", role="view").status_code == 401
    tries = [send(server, b"", "198.51.100.9").status_code for _ in range(2)]
    assert tries == [400, 429]


async def test_an_address_has_one_video_checked_at_a_time(
    server: LiveServer, tmp_path: Path
) -> None:
    headers = bearing(token()) | OUTSIDE | {"x-forwarded-for": "198.51.100.10"}
    release = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"half"
        await release.wait()

    async with httpx.AsyncClient(base_url=server.address, headers=headers, timeout=30) as client:
        first = asyncio.create_task(client.post("/verify", content=slow()))
        await until(lambda: list(tmp_path.iterdir()))
        second = await client.post("/verify", content=b"x")
        release.set()
        assert (second.status_code, (await first).status_code) == (429, 400)


async def test_a_sender_who_leaves_halfway_leaves_nothing(
    server: LiveServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await begin_sending(server, 5000)
    await until(lambda: list(tmp_path.iterdir()))
    writer.close()
    await until(lambda: not list(tmp_path.iterdir()))
    assert httpx.get(f"{server.address}/healthz").status_code == 200
    assert "Exception" not in caplog.text


def test_a_signature_is_read_too(server: LiveServer, folder: Path) -> None:
    pytest.importorskip("c2pa")
    keys, signed = folder / "keys", folder / "signed.mp4"
    keys.mkdir()
    make_certificate(keys, "Example Ltd")
    carry_out(Attack("x264"), scenery(6, (128, 128)), signed)
    credentials = str(keys / "chain.pem"), str(keys / "key.pem")
    signing = Signing.of(MarkSettings(certificate=credentials[0], certificate_key=credentials[1]))
    assert signing
    signing.sign(signed, "bar", "Bar, 2 August 2026")
    found = send(server, signed.read_bytes()).json()
    assert (found["found"], found["provenance"]["signer"]) == (True, "Example Ltd")


def test_few_videos_are_checked_at_once() -> None:
    places = UploadLimit()
    first, second = places.take("198.51.100.1"), places.take("198.51.100.2")
    with first, second, pytest.raises(ServerFullError), places.take("198.51.100.3"):
        pass
    with places.take("198.51.100.3"):
        pass


async def test_a_video_that_takes_too_long_is_given_up(
    folder: Path, marked: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_process, "TIME_LIMIT", 0.01)
    (folder / "long.mkv").write_bytes(marked)
    with pytest.raises(AvatarError, match="shorter part"):
        await verify_apart(folder / "long.mkv", [])


def test_the_page_says_of_a_file_what_was_found(folder: Path, browser: Any) -> None:
    need("chromium", "playwright")
    film(folder, Watermark(Payload.today("bar")))
    with serving_bars(folder) as server:
        page = browser.new_page()
        page.goto(f"{server.address}/verify")
        page.set_input_files("#file", str(folder / "film.mkv"))
        wait_until(lambda: "speaker bar" in page.inner_text("#result"), 30)
        (folder / "no.mp4").write_bytes(b"no video")
        page.set_input_files("#file", str(folder / "no.mp4"))
        wait_until(lambda: "cannot be read as video" in page.inner_text("#result"), 30)


def test_the_page_asks_only_for_what_its_policy_allows(server: LiveServer) -> None:
    page = httpx.get(f"{server.address}/verify", headers=OUTSIDE)
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert "style=" not in page.text
    assert "<script>" not in page.text
    for name in ("verify.js", "verify.css", "page.css", "token.js"):
        assert httpx.get(f"{server.address}/{name}", headers=OUTSIDE).status_code == 200
