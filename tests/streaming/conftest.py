"""Fixtures of the streaming tests: a clock the test moves, and aiortc set up as the server does."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from streaming.webrtc.aiortc_patches.install import install

HERE = Path(__file__).parent
CLOCKLESS = {
    "benchmark": ("live_report", "server_stages", "soak_report"),
    "commands": ("bench", "progress", "render", "speakers", "train", "train_encoder", "verify"),
    "core": ("config", "ice_servers", "mark_settings", "secret_files"),
    "desktop": ("advice", "drift"),
    "devices": ("resampler",),
    "marks": ("label", "payload", "provenance", "reed_muller", "watermark", "watermark_reader"),
    "media": ("concealment", "frame_marker", "speech_queue", "trace", "upsampler"),
    "render": ("batcher",),
    "security": (
        "access",
        "candidate_filter",
        "certificate",
        "ip_addresses",
        "rate_limit",
        "tokens",
    ),
    "sinks": ("framing", "voice_pace"),
    "webrtc": ("h264_encoder", "jitter_buffer", "messages", "timeouts", "vp8_encoder"),
}  # modules that only compute, or whose time is virtual; what is not named here runs alone
COMPUTED = {
    HERE / folder / f"test_{name}.py" for folder, names in CLOCKLESS.items() for name in names
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Calls pass in real time, on machines that pause now and then: one more attempt, and said."""
    for item in items:
        if HERE in item.path.parents and item.path not in COMPUTED:
            item.add_marker(pytest.mark.flaky(reruns=1))
            item.add_marker(pytest.mark.realtime)


@dataclass
class VirtualTime:
    """Monotonic seconds that pass only when a test says so."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture(autouse=True, scope="session")
def _changed_aiortc() -> None:
    install()
