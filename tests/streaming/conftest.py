"""Fixtures of the streaming tests: a clock, a server, a renderer, a browser, a sound server."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from streaming.render.client import RenderClient
from streaming.render.renderer import FindSpeakers
from streaming.webrtc.aiortc_patches.install import install
from tests.sounds import beeps, write_wav
from tests.streaming.support.browser import chromium
from tests.streaming.support.server_fixture import server as server
from tests.streaming.support.server_fixture import server_config as server_config
from tests.streaming.support.server_fixture import speakers as speakers
from tests.streaming.support.sound_server import SoundServer, running_sound_server
from tests.streaming.support.stranger import SECRET
from tests.streaming.support.virtual_time import VirtualTime
from tests.support import need

HERE = Path(__file__).parent
CLOCKLESS = {
    "cluster": ("directory", "private_door"),
    "benchmark": ("live_report", "server_stages", "soak_report", "speak_report"),
    "commands": ("bench", "progress", "render", "speakers", "train", "train_encoder", "verify"),
    "core": ("config", "heap", "ice_servers", "mark_settings", "secret_files", "thread_rest"),
    "desktop": ("advice", "drift", "keys"),
    "devices": ("resampler",),
    "marks": (
        "label",
        "label_reader",
        "payload",
        "provenance",
        "reed_muller",
        "watermark",
        "watermark_reader",
    ),
    "media": ("concealment", "frame_buffer", "frame_marker", "speech_queue", "trace", "upsampler"),
    "render": ("batcher", "find_speakers"),
    "server": ("call_ledger", "past_calls"),
    "security": (
        "access",
        "candidate_filter",
        "certificate",
        "ip_addresses",
        "rate_limit",
        "tokens",
    ),
    "sinks": ("framing", "drift_correction"),
    "talk": ("agent_file",),
    "webrtc": (
        "jitter_buffer",
        "messages",
        "packet_sender",
        "prompt_voice",
        "timeouts",
        "video_encoders",
    ),
    "workers": ("merged_metrics",),
}  # modules that only compute, or whose time is virtual; what is not named here touches the clock
SIDE_BY_SIDE = {
    "calls": (
        "behind_proxy",
        "codecs",
        "hidden_candidates",
        "motion_page",
        "nginx",
        "token_page",
        "turn",
    ),
    "commands": ("bare_container", "serve", "token"),
    "core": ("logs",),
    "doctor": ("access_check", "stun_probe"),
    "doors": ("livekit_join", "livetalking", "local_avatar", "speak_socket", "whep"),
    "media": ("audio_input", "clock", "playout"),
    "render": ("capacity", "client"),
    "security": ("rtp_guard", "sdp_check", "strangers"),
    "server": (
        "app",
        "audit_log",
        "call_handler",
        "debug",
        "drain",
        "faults",
        "metrics",
        "motion",
        "recordings",
        "request_body",
        "resumption",
        "session_manager",
        "verify",
        "withdrawal",
    ),
    "sinks": ("disk_full", "reconnecting", "recorder"),
    "webrtc": ("aiortc_patches", "ice_restart", "lookahead", "tracks"),
}  # modules that wait for more than they measure: two at once; all others run alone


def _files(modules: dict[str, tuple[str, ...]]) -> set[Path]:
    named = [(folder, name) for folder, names in modules.items() for name in names]
    return {HERE / folder / f"test_{name}.py" for folder, name in named}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Calls pass in real time, on machines that pause now and then: two more attempts, and said."""
    computed, waiting = _files(CLOCKLESS), _files(SIDE_BY_SIDE)
    for item in items:
        if HERE not in item.path.parents or item.path in computed:
            continue
        item.add_marker(pytest.mark.flaky(reruns=2))
        item.add_marker(pytest.mark.realtime)
        if item.path not in waiting:
            item.add_marker(pytest.mark.alone)


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture(autouse=True, scope="session")
def _changed_aiortc() -> None:
    install()


@pytest.fixture(scope="module")
def token_secret_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The secret that `support.stranger.token` signs with."""
    file = tmp_path_factory.mktemp("secrets") / "token.secret"
    file.write_bytes(SECRET)
    file.chmod(0o600)
    return str(file)


@pytest.fixture
async def renderer(speakers: FindSpeakers) -> AsyncIterator[RenderClient]:
    """A rendering process and the server's end of it, without a server."""
    client = RenderClient(speakers)
    await client.attach()
    yield client
    await client.stop()


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser hears: half a second of tone, half a second of silence."""
    return write_wav(tmp_path_factory.mktemp("sound") / "beeps.wav", beeps(4))


@pytest.fixture(scope="module")
def browser(microphone: Path) -> Iterator[Any]:
    need("chromium", "playwright")
    with chromium(microphone) as browser:
        yield browser


@pytest.fixture(scope="module")
def sound_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    need("pulseaudio", "sounddevice")
    with running_sound_server(tmp_path_factory.mktemp("pulse")) as server:
        yield server
