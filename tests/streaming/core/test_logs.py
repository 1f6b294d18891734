"""Logs for machines: JSON with the call's id, and no secret at any level."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from avatar.errors import AvatarError
from streaming.core.logs import LogSettings
from streaming.security.tokens import Grant, TokenSigner
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.page_socket import Page, connect
from tests.streaming.support.talking_peer import TalkingPeer
from tests.tiny_speaker import make_tiny_bundle

SECRETS = ("token-secret-0123456789abcdef0123456789", "turn-secret-0123456789abcdef0123456789")


@pytest.mark.parametrize(("style", "level"), [("xml", "info"), ("json", "loud"), ("text", "")])
def test_what_is_not_known_is_refused(style: str, level: str) -> None:
    with pytest.raises(AvatarError, match="must be"):
        LogSettings(style, level)  # type: ignore[arg-type]


def serve(folder: Path) -> "subprocess.Popen[str]":
    files = [folder / "token", folder / "turn"]
    for file, secret in zip(files, SECRETS, strict=True):
        file.write_text(secret)
        file.chmod(0o600)
    words = ["serve", "--port", "0", "--speaker", str(make_tiny_bundle(folder / "tiny"))]
    words += ["--token-secret-file", str(files[0]), "--turn-secret-file", str(files[1])]
    words += ["--ice-server", "turn:127.0.0.1:9", "--log-format", "json", "--log-level", "debug"]
    start = "from streaming.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", start, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_every_line_is_json_names_its_call_and_holds_no_secret(tmp_path: Path) -> None:
    server = serve(tmp_path)
    assert server.stdout
    address = next(line for line in server.stdout if "://" in line).split()[-1]
    token = TokenSigner(SECRETS[0].encode()).sign(Grant("*", "talk", time.time() + 60))
    async with connect(LiveServer(address)) as socket:
        page, peer = Page(socket), TalkingPeer()
        await page.send(type="token", token=token)
        servers = (await page.expect("hello"))["ice_servers"]
        call = (await page.call(peer))["session_id"]
        (renderer,) = renderers(server.pid)
        os.kill(renderer, signal.SIGKILL)
        await page.expect("stats")
        await peer.close()
    async with connect(LiveServer(address)) as socket:
        await Page(socket).send(type="token", token=token[:-4] + "aaaa")
        await Page(socket).expect("error")
    server.send_signal(signal.SIGINT)
    _, text = server.communicate(timeout=60)
    lines = [json.loads(line) for line in text.splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*map(set, lines))
    mine = [line["message"] for line in lines if line.get("session") == call]
    assert any("opened" in message for message in mine)
    assert any("closed" in message for message in mine)
    assert any(line["level"] == "error" for line in lines), "the renderer was killed"
    hidden = [token, *SECRETS, *(one["credential"] for one in servers if "credential" in one)]
    assert len(hidden) == 4
    assert not [secret for secret in hidden if secret in text]


def renderers(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    command = {int(child): Path(f"/proc/{child}/cmdline").read_text() for child in children}
    return [child for child, words in command.items() if "spawn_main" in words]
