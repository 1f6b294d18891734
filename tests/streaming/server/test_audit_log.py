"""The audit log of a server that takes real calls."""

import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from streaming import cli
from streaming.core.config import ServeConfig
from streaming.core.mark_settings import MarkSettings
from tests.streaming.support.live_server import serving_bars
from tests.streaming.support.page_socket import Page, connect, gone
from tests.streaming.support.polling import until
from tests.streaming.support.talking_peer import TalkingPeer


def records(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


async def test_a_call_is_noted_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    audit = tmp_path / "audit.jsonl"
    audit.write_text('{"event": "of an earlier run"}\n')
    marks = MarkSettings(label=False, label_reason="a notice hangs at the door")
    with serving_bars(tmp_path, ServeConfig(audit=str(audit), marks=marks)) as server:
        peer = TalkingPeer()
        async with connect(server) as socket:
            page = Page(socket)
            await page.call(peer, speaker="pale")
            await until(lambda: len(peer.face) >= 5)
            assert [one["event"] for one in records(audit)][1:] == ["call begun"]
            await page.send(type="speaker", name="bar")
            await page.expect("speaker")
            seen = len(peer.face)
            await until(lambda: len(peer.face) >= seen + 10)
        await gone(server)
        await peer.close()
    _, begun, ended = records(audit)
    assert (begun["speaker"], begun["source"]) == ("pale", "microphone")
    assert (ended["event"], ended["call"]) == ("call ended", begun["call"])
    assert (ended["speakers"], ended["sources"]) == (["pale", "bar"], ["microphone"])
    assert ended["seconds"] > 0
    for record in (begun, ended):
        assert record["time"].endswith("+00:00")
        assert record["marks"] == {
            "watermark": True,
            "label": False,
            "label_reason": "a notice hangs at the door",
        }


async def test_a_call_that_the_stopping_server_ends_is_noted_and_one_that_never_began_is_not(
    tmp_path: Path,
) -> None:
    audit, peers = tmp_path / "audit.jsonl", (TalkingPeer(), TalkingPeer())
    config = ServeConfig(audit=str(audit), max_sessions=2)
    with serving_bars(tmp_path, config) as server:
        async with httpx.AsyncClient(base_url=server.address, timeout=20) as client:
            for peer in peers:
                offer = {"sdp": await peer.offer(), "type": "offer"}
                answer = (await client.post("/offer", json=offer)).json()
        await peers[1].take_answer(answer["sdp"])
        await until(audit.read_text)
    for peer in peers:
        await peer.close()
    assert [(one["event"], one["call"]) for one in records(audit)] == [
        ("call begun", answer["session_id"]),
        ("call ended", answer["session_id"]),
    ]


def test_a_log_that_cannot_be_written_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = tmp_path / "nowhere" / "audit.jsonl"
    monkeypatch.setattr(sys, "argv", ["avatar", "serve", "--audit", str(audit)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    error = " ".join(capsys.readouterr().err.split())
    assert "cannot be written (No such file or directory)" in error
    assert "Traceback" not in error
