"""A speaker that is withdrawn while the server runs, or whose consent runs out then."""

import dataclasses
import functools
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import httpx
import pytest

from avatar.speakers import consent
from avatar.speakers.card import read_card, write_card
from avatar.speakers.consent import withdraw
from streaming.core.config import ServeConfig
from streaming.render import worker
from streaming.render.find_speakers import find_speakers
from streaming.render.renderer import Speakers
from tests.streaming.support.level_bar import find_withdrawable_bars
from tests.streaming.support.live_server import LiveServer, serving, serving_bars
from tests.streaming.support.page_socket import Page, connect, gone
from tests.streaming.support.polling import until
from tests.streaming.support.talking_peer import TalkingPeer

WHY = "pale was withdrawn (2026-08-02: she asked); choose another"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with serving_bars(tmp_path, find_in=find_withdrawable_bars) as server:
        yield server


LATER = "later"  # while it is in the folder, it is two days later


def find_in_time(bundle: Path, folder: Path) -> Speakers:
    """Runs in the rendering process."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(days=2 * (folder / LATER).exists())

    worker.LOOK_INTERVAL_S = 0.1
    consent.datetime = Clock  # type: ignore[attr-defined]
    return find_speakers(str(bundle), "cpu")


def agreed(bundle: Path, folder: Path, until: str) -> Path:
    """The bundle, copied to `folder`; its consent lasts `until` a day."""
    copied = Path(shutil.copytree(bundle, folder / "tiny"))
    write_card(copied, dataclasses.replace(read_card(copied), consent_until=until))
    return copied


def offered(server: LiveServer) -> list[str]:
    return [one["name"] for one in httpx.get(f"{server.address}/speakers").json()]


async def test_its_calls_end_in_words_others_go_on_and_nobody_can_call_it_again(
    server: LiveServer, tmp_path: Path
) -> None:
    peers = TalkingPeer(), TalkingPeer()
    async with connect(server) as first, connect(server) as second:
        pale, other = Page(first), Page(second)
        await pale.call(peers[0], speaker="pale")
        await other.call(peers[1], speaker="bar")
        assert offered(server) == ["bar", "pale"]
        (tmp_path / "pale.withdrawn").write_text(WHY)
        bye = await pale.expect("bye")
        assert (bye["code"], bye["reason"]) == ("withdrawn", WHY)
        assert offered(server) == ["bar"]
        assert httpx.get(f"{server.address}/speakers/pale/preview.jpg").status_code == 404
        await other.send(type="speaker", name="pale")
        assert (await other.expect("error"))["message"] == WHY
        assert server.sessions() == 1
        async with connect(server) as third:
            late = Page(third)
            await late.send(type="offer", sdp=await TalkingPeer().offer(), speaker="pale")
            assert (await late.expect("error"))["message"] == WHY
    await gone(server)
    for peer in peers:
        await peer.close()


async def test_it_can_be_called_again_once_it_is_back(server: LiveServer, tmp_path: Path) -> None:
    (tmp_path / "bar.withdrawn").write_text("bar was withdrawn")
    await until(lambda: offered(server) == ["pale"])
    (tmp_path / "bar.withdrawn").unlink()
    await until(lambda: offered(server) == ["bar", "pale"])


async def test_a_server_that_may_show_nobody_is_not_ready(
    server: LiveServer, tmp_path: Path
) -> None:
    for name in ("bar", "pale"):
        (tmp_path / f"{name}.withdrawn").write_text(f"{name} was withdrawn")
    await until(lambda: not offered(server))
    answer = httpx.get(f"{server.address}/readyz")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "bar was withdrawn; pale was withdrawn"


async def test_a_speaker_whose_consent_runs_out_in_service_is_shown_no_more(
    tiny_bundle: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = agreed(tiny_bundle, tmp_path, str(datetime.now(UTC).date() + timedelta(days=1)))
    peer = TalkingPeer()
    with serving(functools.partial(find_in_time, folder, tmp_path), ServeConfig()) as server:
        async with connect(server) as socket:
            page = Page(socket)
            await page.call(peer)
            (tmp_path / LATER).touch()
            bye = await page.expect("bye")
            assert (bye["code"], "ran out on" in bye["reason"]) == ("withdrawn", True)
        assert "tiny" not in offered(server)
        await gone(server)
    await peer.close()
    assert capfd.readouterr().err.count("the consent of tiny ran out on") == 1


def test_of_a_speaker_on_disk_the_folder_says_whether_it_may_be_shown(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    folder = agreed(tiny_bundle, tmp_path, "2999-12-31")
    speakers = find_speakers(str(folder), "cpu")
    assert speakers.consents["tiny"] == "nobody: the face is drawn"
    assert not speakers.refusal("tiny")
    for last, why in (("2020-01-31", "ran out on 2020-01-31"), ("soon", "'soon' is no day")):
        write_card(folder, dataclasses.replace(read_card(folder), consent_until=last))
        assert why in speakers.refusal("tiny")
    write_card(folder, dataclasses.replace(read_card(folder), consent_until="2999-12-31"))
    assert not speakers.refusal("tiny")
    withdraw(folder, "she asked")
    assert "she asked" in speakers.refusal("tiny")
