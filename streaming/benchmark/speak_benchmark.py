"""An agent that speaks in a call of a real browser for long: how soon, how silent, how steady."""

from pathlib import Path

from streaming.benchmark.live_benchmark import SETTLE, running_browser, running_server, start_call
from streaming.benchmark.process_usage import watch_process
from streaming.benchmark.speak_report import SpeakReport, judge_speech

SPEAK_PROBE = Path(__file__).with_name("speak_probe.js")


def measure_speech(seconds: float, server_flags: tuple[str, ...]) -> SpeakReport:
    """Segments of two seconds, every second one interrupted, for `seconds`."""
    with (
        running_browser() as browser,
        running_server("--block-code", *server_flags) as (address, pid),
    ):
        page = start_call(browser, address)
        page.wait_for_timeout(SETTLE * 1000)
        page.evaluate(SPEAK_PROBE.read_text(encoding="utf-8"))
        page.evaluate("liveProbe.settled()")
        page.evaluate("speakProbe.start()")
        usage = watch_process(pid, seconds)
        spoken = page.evaluate("speakProbe.stop()")
        collected = page.evaluate("liveProbe.collect()")
    return judge_speech(collected, spoken, usage)
