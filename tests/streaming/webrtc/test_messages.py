"""Server, page and docs say the same messages."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from streaming.server.errors import KINDS, OTHERS
from streaming.webrtc.messages import (
    LONGEST_TEXT,
    ErrorCode,
    FromPage,
    Hello,
    Stats,
    TalkOffer,
    TalkService,
    TalkState,
    ToPage,
    from_page,
    to_page,
)
from tests.streaming.support.message_table import kind, models, tables

ROOT = Path(__file__).parents[3]
SCRIPTS = sorted((ROOT / "streaming/web").glob("*.js"))
SENT = re.compile(r"\{\s*type: \"([\w.]+)\"([^}]*)\}")  # an object literal with a type
KEY = re.compile(r"\b(\w+):|[,{]\s*(\w+)(?=\s*[,}])")
IGNORED = {"state"}  # the page watches its own connection


def script(name: str) -> str:
    return (ROOT / "streaming/web" / name).read_text()


def sent_by_the_page() -> list[tuple[str, set[str]]]:
    """Type and keys of every message that its scripts write down."""
    found = []
    for path in SCRIPTS:
        for name, rest in SENT.findall(path.read_text()):
            keys = {first or second for first, second in KEY.findall(f",{rest}}}")}
            found.append((name, keys))
    return [(name, keys) for name, keys in found if name in known(FromPage) or "sdp" not in keys]


def known(union: Any) -> set[str]:
    return {kind(model) for model in models(union)}


def test_the_docs_hold_the_tables_that_the_models_make() -> None:
    assert tables() in (ROOT / "docs/live.md").read_text()


def test_the_page_sends_only_messages_with_the_keys_of_their_models() -> None:
    by_kind = {kind(model): model.model_fields for model in models(FromPage)}
    sent = sent_by_the_page()
    assert {name for name, _ in sent} == known(FromPage)
    for name, keys in sent:
        required = {key for key, field in by_kind[name].items() if field.is_required()}
        assert required <= keys <= set(by_kind[name]), name


def test_the_page_hears_every_message_that_the_server_can_send() -> None:
    names = ("call.js", "signalling.js", "motion.js", "conversation.js")
    text = "".join(script(name) for name in names)
    heard = set(re.findall(r'addEventListener\("([\w.]+)"', text)) | set(
        re.findall(r'message\.type === "([\w.]+)"', text)
    )
    assert known(ToPage) - heard == IGNORED


def test_what_the_page_reads_off_a_message_is_in_its_model() -> None:
    by_kind = {kind(model): set(model.model_fields) for model in models(ToPage)}
    read = re.findall(r'addEventListener\("(\w+)", current\(\(\{ ([\w, ]+) \}\)', script("call.js"))
    assert {name for name, _ in read} >= {"answer", "error", "leaving", "bye"}
    for name, keys in read:
        assert set(keys.split(", ")) <= by_kind[name], name
    statistics = re.findall(r"#server\??\.(\w+)", script("measurements.js"))
    assert statistics
    assert set(statistics) <= set(Stats.model_fields)


def test_what_a_conversation_tells_passes_the_call_and_has_words() -> None:
    passed = re.search(r"const TALK = \[(.*)\]", script("call.js"))
    assert passed
    talk = {name for name in known(ToPage) if name.startswith("talk.")}
    assert set(re.findall(r'"([\w.]+)"', passed[1])) == talk
    words = script("messages.js")
    for model, field, table in (
        (TalkService, "role", "DESTINATIONS"),
        (TalkState, "state", "DOING"),
        (TalkOffer, "kind", "MODE_HINTS"),
    ):
        choices = get_args(model.model_fields[field].annotation)
        worded = re.search(rf"const {table} = {{(.*?)}};", words, re.DOTALL)
        assert worded
        assert set(choices) <= set(re.findall(r'"?([\w-]+)"?: ', worded[1])), table


def test_a_text_is_as_long_as_the_server_takes_it() -> None:
    page = (ROOT / "streaming/web/index.html").read_text()
    assert f'maxlength="{LONGEST_TEXT}"' in page


def test_every_refusal_has_a_code_that_the_page_has_words_for() -> None:
    codes = {code for _, _, code, _ in KINDS} | {OTHERS[1]}
    assert codes | {"malformed", "gesture"} == set(get_args(ErrorCode))
    worded = set(re.findall(r'^  "([\w-]+)": \{', script("messages.js"), re.MULTILINE))
    assert codes <= worded


@pytest.mark.parametrize(
    "message",
    ['{"type": "ping", "t": "\\ud800"}', "[" * 60_000, '{"type": "ping", "t": ' + "9" * 9000 + "}",
     '{"type": "hold", "ms": NaN}', '{"type": "hold", "ms": -1}', '{"type": "bye"}', '{"sdp": ""}'],
)  # fmt: skip
def test_what_is_no_message_is_refused(message: str) -> None:
    with pytest.raises(ValidationError):
        from_page.validate_json(message)


def test_keys_that_are_not_known_are_passed_over_and_absent_ones_are_not_sent() -> None:
    ping = from_page.validate_json('{"type": "ping", "t": [1, "a"], "new": 1}')
    assert ping.model_dump() == {"type": "ping", "t": [1, "a"]}
    text = Hello(ice_servers=[]).as_text()
    assert text == '{"type":"hello","ice_servers":[]}'
    assert to_page.validate_json(text) == Hello(ice_servers=[])
