"""A conversation in a real browser: how soon its page shows an answer, and that it has stopped.

The sentence is played into the page as its microphone; pictures carry the block code, which says
in which of them speech begins and in which the mouth rests again.
"""

import io
import wave
from typing import TYPE_CHECKING, Any

from avatar.errors import AvatarError
from streaming.benchmark.live_benchmark import SETTLE, running_browser, running_server, start_call
from streaming.benchmark.live_report import read_pictures
from streaming.benchmark.server_stages import StageSpread, between, look
from streaming.benchmark.talk_benchmark import INTO_ANSWER_S, TalkRun, milliseconds, on_server
from streaming.benchmark.talk_caller import ANSWER_TIMEOUT_S, Pcm, sentence
from streaming.media.clock import VOICE_RATE

if TYPE_CHECKING:
    from playwright.sync_api import Page

SEEN, HEARD = "first speaking picture, in the browser", "first sound, in the browser"
SILENT = "silent after an interruption, in the browser"
RESTING = "mouth at rest after it, in the browser"
PAUSE_S = 1.5  # after an answer: its last sound has left the browser


def measure_talk_page(talk: str, turns: int, flags: tuple[str, ...]) -> TalkRun:
    """Hold `turns` turns and as many interruptions. Raises AvatarError."""
    with (
        running_browser() as browser,
        running_server("--talk", talk, "--block-code", *flags) as (address, _),
    ):
        page = start_call(browser, address, _as_wav(sentence()))
        _await(page, "listening")
        page.wait_for_timeout(SETTLE * 1000)
        page.evaluate("liveProbe.settled()")
        before = look(address)
        for _ in range(turns):
            _converse(page)
        passed = between(before, look(address))
        collected = page.evaluate("liveProbe.collect()")
    return TalkRun(on_server(passed) | judge_talk(collected), turns)


def judge_talk(collected: dict[str, Any]) -> dict[str, StageSpread]:
    """What the probe saw and heard; every second sentence interrupts. Raises AvatarError."""
    seen = read_pictures(collected["pictures"], collected["begin"])
    said = collected["said"]
    until = [begin for begin, _ in said[1:]] + [float("inf")]
    found: dict[str, list[float]] = {SEEN: [], HEARD: [], SILENT: [], RESTING: []}
    for number, ((begin, end), following) in enumerate(zip(said, until, strict=True)):
        if number % 2:
            for name, times in ((SILENT, collected["silences"]), (RESTING, seen.ends)):
                found[name] += [at - begin for at in _within(times, begin, end)[-1:]]
        else:
            shown = [at for at, _ in seen.onsets]
            for name, times in ((SEEN, shown), (HEARD, collected["voices"])):
                found[name] += [at - end for at in _within(times, end, following)[:1]]
    if missing := next((name for name, delays in found.items() if not delays), ""):
        raise AvatarError(f"{missing}: there was none")
    return {name: milliseconds([ms / 1000 for ms in delays]) for name, delays in found.items()}


def _within(times: list[float], begin: float, end: float) -> list[float]:
    return [at for at in sorted(times) if begin < at < end]


def _converse(page: "Page") -> None:
    """A question, the begin of its answer, an interruption, and all of the answer to that."""
    page.evaluate("liveProbe.say()")
    _await(page, "speaking")
    page.wait_for_timeout(INTO_ANSWER_S * 1000)
    page.evaluate("liveProbe.say()")
    for state in ("heard-speech", "speaking", "listening"):
        _await(page, state)
    page.wait_for_timeout(PAUSE_S * 1000)


def _await(page: "Page", state: str) -> None:
    page.wait_for_selector(f"#doing[data-state={state}]", timeout=ANSWER_TIMEOUT_S * 1000)


def _as_wav(pcm: Pcm) -> bytes:
    file = io.BytesIO()
    with wave.Wave_write(file) as wav:
        wav.setparams((1, 2, VOICE_RATE, 0, "NONE", ""))
        wav.writeframes(pcm.astype("<i2").tobytes())
    return file.getvalue()
