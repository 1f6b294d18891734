"""`avatar serve` as a program: ready, stopped, refused."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.streaming.support.certificate import make_certificate
from tests.streaming.support.polling import wait_until
from tests.support import AVATAR, need
from tests.tiny_speaker import make_tiny_bundle

TLS, SIGNING = ("--tls-cert", "--tls-key"), ("--certificate", "--certificate-key")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("speakers") / "tiny")


def serve(*flags: str) -> "subprocess.Popen[str]":
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*AVATAR, "serve", "--port", "0", *flags], **pipes)


def started_by(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def await_end(processes: list[str]) -> None:
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in processes))


def test_it_says_where_it_is_and_stops_cleanly_at_ctrl_c(bundle: Path) -> None:
    process = serve("--speaker", str(bundle))
    assert process.stdout
    line = process.stdout.readline()
    assert line.startswith("tiny is ready at http://127.0.0.1:")
    health = httpx.get(line.split()[-1] + "/healthz").json()
    assert health["speaker"] == "tiny"
    children = started_by(process.pid)
    for _ in range(2):  # the impatient press it twice
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "Traceback" not in errors
    await_end(children)


def test_a_killed_server_takes_its_renderer_with_it(bundle: Path) -> None:
    process = serve("--speaker", str(bundle))
    assert process.stdout
    process.stdout.readline()
    children = started_by(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    await_end(children)


def test_a_speaker_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    process = serve("--speaker", str(tmp_path / "nobody"))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "Traceback" not in errors
    assert "nobody" in errors


def test_a_port_in_use_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = serve("--port", str(taken.getsockname()[1]))
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "--port" in errors


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (("--host", "0.0.0.0"), "--tls-cert"),
        (("--behind-proxy", "127.0.0.1"), "--token-secret-file"),
        (("--token-secret-file", "/nowhere/secret"), "/nowhere/secret"),
        (("--ice-server", "turn:turn.example"), "turn_secret_file"),
    ],
)
def test_a_server_that_would_let_strangers_in_does_not_start(
    flags: tuple[str, ...], word: str
) -> None:
    process = serve(*flags)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.startswith("error:")
    assert word in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize("flags", [TLS, SIGNING])
def test_a_key_of_another_certificate_is_one_line_at_once(
    flags: tuple[str, str], tmp_path: Path, bundle: Path
) -> None:
    if flags == SIGNING:
        need("c2pa")
    (tmp_path / "other").mkdir()
    cert, _ = make_certificate(tmp_path)
    _, key = make_certificate(tmp_path / "other")
    process = serve("--speaker", str(bundle), flags[0], cert, flags[1], key)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "is not the key of" in errors.replace("\n", " ")
    assert "Traceback" not in errors
