"""WebSocket messages of every shape."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.mutations import JSON, mutated_bytes
from tests.fuzz.page import open_page
from tests.fuzz.profile import fuzz
from tests.streaming.support.live_server import LiveServer

KINDS = ("offer", "candidate", "speaker", "ping", "token", "hold", "bye", "hello")
KEYS = (
    *("sdp", "speaker", "candidate", "sdpMid", "sdpMLineIndex", "name", "t", "token", "ms", "type"),
)
GOOD = json.dumps({"type": "offer", "sdp": "v=0\r\n", "speaker": "bar"}).encode()


def typed(kind: str, values: dict[str, Any]) -> str:
    return json.dumps({**values, "type": kind})


MESSAGES = st.one_of(
    st.builds(typed, st.sampled_from(KINDS), st.dictionaries(st.sampled_from(KEYS), JSON)),
    JSON.map(json.dumps),
    mutated_bytes(GOOD).map(lambda data: data.decode("utf-8", "replace")),
    st.binary(max_size=200),
    st.text(max_size=200),
)


@fuzz
@given(st.lists(MESSAGES, min_size=1, max_size=8))
@example(["[" * 60_000])
@example(['{"a":' * 10_000])
@example(["9" * 60_000])
@example([b"\xff\xfe"])
@example(['{"type": "ping", "t": "\\ud800"}'])
def test_the_page_is_told_and_may_go_on(server: LiveServer, messages: list[str | bytes]) -> None:
    with open_page(server) as page:
        for message in messages:
            page.send(message)
        page.send({"type": "ping", "t": "still there"})
        while (pong := page.expect("pong")) and pong.get("t") != "still there":
            pass
        assert pong
