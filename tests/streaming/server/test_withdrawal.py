"""A speaker that is withdrawn while the server runs, or whose consent runs out then."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from avatar.speakers.consent import withdraw
from streaming.render.find_speakers import find_speakers
from tests.streaming.support.level_bar import find_withdrawable_bars
from tests.streaming.support.live_server import LiveServer, serving_bars
from tests.streaming.support.page_socket import Page, connect, gone
from tests.streaming.support.polling import until
from tests.streaming.support.talking_peer import TalkingPeer

WHY = "pale was withdrawn (2026-08-02: she asked); choose another"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with serving_bars(tmp_path, find_in=find_withdrawable_bars) as server:
        yield server


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


def test_of_a_speaker_on_disk_the_folder_says_whether_it_may_be_shown(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_bundle, tmp_path / "tiny"))
    speakers = find_speakers(str(folder), "cpu")
    assert speakers.consents["tiny"] == "nobody: the face is drawn"
    assert not speakers.refusal("tiny")
    withdraw(folder, "she asked")
    assert "she asked" in speakers.refusal("tiny")
