"""Calls through a real coturn: caller and server have no other way to each other.

    caller 9.1.0.2 --- 9.1.0.1 relay 9.2.0.1 --- 9.2.0.2 server
                            9.9.9.9

The relay's machine forwards nothing by itself; a proxy on it hands on the signalling.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from streaming.security.tokens import Grant, TokenSigner
from tests.streaming.support.certificate import make_certificate
from tests.streaming.support.namespaces import Machine, lay_cable, machines
from tests.support import AVATAR, need
from tests.tiny_speaker import make_tiny_bundle

ROOT = Path(__file__).parents[3]
TOKENS, TURN = "0123456789abcdef0123456789abcdef", "shared with coturn"
PORT, RELAY = "8443", "9.9.9.9"
COTURN_READY = "SQLite DB connection success"


@dataclass
class Net:
    caller: Machine
    relay: Machine
    server: Machine
    folder: Path

    def config(self, *ice_servers: str, secret: str = TURN) -> str:
        """A configuration file of the server."""
        cert, key = make_certificate(self.folder)
        (self.folder / "token.secret").write_text(TOKENS)
        (self.folder / "turn.secret").write_text(secret)
        settings = {
            "speaker": str(self.folder / "tiny"),
            "host": "9.2.0.2",
            "port": int(PORT),
            "tls_cert": cert,
            "tls_key": key,
            "token_secret_file": str(self.folder / "token.secret"),
            "turn_secret_file": str(self.folder / "turn.secret"),
            "ice_servers": list(ice_servers),
        }
        file = self.folder / "serve.yaml"
        file.write_text(json.dumps(settings))
        return str(file)

    def call(self, seconds: float) -> dict[str, Any]:
        token = TokenSigner(TOKENS.encode()).sign(Grant("*", "talk", time.time() + 600))
        program = [sys.executable, "-m", "tests.streaming.support.netns_caller"]
        where = f"wss://9.1.0.1:{PORT}/ws"
        command = self.caller.inside(*program, where, token, str(seconds))
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report


@contextmanager
def running(command: list[str], ready: str) -> Iterator["subprocess.Popen[str]"]:
    """A program that has printed a line with `ready` in it."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(command, cwd=ROOT, **pipes)
    try:
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            if ready in line:
                break
        else:
            pytest.fail("".join(said))
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    need("turnserver")
    folder = tmp_path_factory.mktemp("turn")
    make_tiny_bundle(folder / "tiny")
    with machines("caller", "relay", "server") as (caller, relay, server):
        lay_cable(caller, "9.1.0.2/24", relay, "9.1.0.1/24")
        lay_cable(server, "9.2.0.2/24", relay, "9.2.0.1/24")
        relay.ip("address", "add", f"{RELAY}/32", "dev", "lo")
        caller.ip("route", "add", RELAY, "via", "9.1.0.1")
        server.ip("route", "add", RELAY, "via", "9.2.0.1")
        strict = ["--listening-port=3479", f"--denied-peer-ip={RELAY}"]
        forward = [sys.executable, "-m", "tests.streaming.support.forward_tcp"]
        with (
            running(relay.inside(*coturn(folder)), COTURN_READY),
            running(relay.inside(*coturn(folder), *strict), COTURN_READY),
            running(relay.inside(*forward, "9.1.0.1", PORT, "9.2.0.2", PORT), "ready"),
        ):
            yield Net(caller, relay, server, folder)


def coturn(folder: Path) -> list[str]:
    return [
        "turnserver", "-n", "--use-auth-secret", f"--static-auth-secret={TURN}",
        "--realm=avatar.test", f"--listening-ip={RELAY}", f"--relay-ip={RELAY}",
        "--min-port=50000", "--max-port=50100", "--no-cli", "--no-tls", "--no-dtls",
        "--log-file=stdout", "--simple-log", f"--pidfile={folder / 'turn.pid'}",
        f"--userdb={folder / 'turn.db'}",
    ]  # fmt: skip


def serving(net: Net, config: str) -> Any:
    return running(net.server.inside(*AVATAR, "serve", "--config", config), "calls at once")


def test_a_call_goes_through_the_relay_with_credentials_of_the_servers_making(net: Net) -> None:
    with serving(net, net.config(f"turn:{RELAY}")):
        report = net.call(6)
    assert report["pictures"] > 50
    assert report["voice"] > 100
    assert "relay" in report["pair"]


def test_without_it_there_is_no_way(net: Net) -> None:
    with serving(net, net.config()):
        report = net.call(4)
    assert (report["pictures"], report["pair"]) == (0, [])


def examine(net: Net, config: str) -> "subprocess.CompletedProcess[str]":
    command = net.server.inside(*AVATAR, "doctor", "--config", config)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_the_doctor_finds_nothing_wrong_where_calls_go_through(net: Net) -> None:
    done = examine(net, net.config(f"stun:{RELAY}", f"turn:{RELAY}", f"turn:{RELAY}?transport=tcp"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(f"relays packets at {RELAY}") == 2
    assert "sees a public address at 9.2.0.2" in done.stdout
    assert "bad" not in done.stdout
    assert TURN not in done.stdout


def test_the_doctor_says_why_calls_would_not_go_through(net: Net) -> None:
    config = net.config(
        f"turn:mallory:guess@{RELAY}", f"turn:{RELAY}:3479", f"turn:{RELAY}:3999", "stun:9.2.0.77"
    )
    done = examine(net, config)
    assert done.returncode == 1
    wrong = [line for line in done.stdout.splitlines() if line.startswith("bad")]
    assert len(wrong) == 4, done.stdout
    for line, words in zip(
        wrong,
        ("refuses the credentials", "a packet sent through it is lost", "no answer", "no answer"),
        strict=True,
    ):
        assert words in line
    assert "guess" not in done.stdout
