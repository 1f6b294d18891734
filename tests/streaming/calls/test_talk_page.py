"""Talk mode of the page in real Chromium, with a server whose conversation is a script."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streaming.webrtc.messages import (
    TalkError,
    TalkHeard,
    TalkOffer,
    TalkSaid,
    TalkService,
    TalkState,
)
from tests.streaming.support.browser import REFUSE_MICROPHONE, first_picture
from tests.streaming.support.live_server import serving_bars
from tests.streaming.support.polling import wait_until
from tests.streaming.support.scripted_talk import ScriptedTalk, serving_talk

AGENT = TalkOffer(
    kind="agent",
    services=[
        TalkService(role="recognition", address="http://ears.example:8000"),
        TalkService(role="language", address="https://mind.example"),
        TalkService(role="speech", address="http://mouth.example:8880"),
    ],
    stored=False,
)
COUNT_MICROPHONES = """window.asked = [];
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (wanted) => (asked.push(wanted), open(wanted));
"""
# Of all visible texts on a plain ground: the least contrast, by WCAG's relative luminance.
CONTRAST = """(root) => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = numbers(color).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92
      : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    const color = getComputedStyle(e).backgroundColor;
    return (numbers(color)[3] ?? 1) === 1 || !e.parentElement ? color : ground(e.parentElement);
  };
  const texts = [...document.querySelector(root).querySelectorAll('*')]
    .filter((e) => e.checkVisibility() && !e.disabled && !e.closest('.aside'))
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()));
  const contrasts = texts.map((e) => {
    const [a, b] = [luminance(getComputedStyle(e).color), luminance(ground(e))].sort();
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.outerHTML.slice(0, 80)];
  });
  return contrasts.sort((a, b) => a[0] - b[0])[0];
}"""

OpenPage = Callable[..., Any]


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedTalk]:
    with serving_talk(tmp_path_factory.mktemp("bars"), AGENT) as server:
        yield server


@pytest.fixture
def talk(scripted: ScriptedTalk) -> ScriptedTalk:
    """The server, with nothing noted and the agent's offer."""
    scripted.offer = AGENT
    scripted.modes, scripted.typed, scripted.interruptions = [], [], 0
    return scripted


@pytest.fixture
def open_page(browser: Any) -> Iterator[OpenPage]:
    wrong: list[str] = []
    contexts = []

    def open_page(address: str, script: str = "", **options: Any) -> Any:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content" in said.text else None)
        page.add_init_script(COUNT_MICROPHONES + script)
        page.goto(address)
        page.wait_for_selector("#gallery button")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


def in_a_call(open_page: OpenPage, talk: ScriptedTalk, **options: Any) -> Any:
    page = open_page(talk.address, **options)
    page.click("#start")
    page.wait_for_selector("#doing-words:text('Listening')")
    page.wait_for_selector("#status[data-tone=live]")
    return page


def captions(page: Any) -> list[str]:
    return list(page.locator("#captions p").all_inner_texts())


def wait_for(page: Any, texts: list[str]) -> None:
    wait_until(lambda: captions(page) == texts, 5)


def test_without_a_conversation_there_is_no_switch(open_page: OpenPage, tmp_path: Path) -> None:
    with serving_bars(tmp_path) as bars:
        page = open_page(bars.address)
        assert page.locator("#talk").is_hidden()
        page.click("#start")
        first_picture(page)
        assert page.locator("#doing").is_hidden()


def test_where_everything_goes_is_said_before_the_microphone_opens(
    open_page: OpenPage, talk: ScriptedTalk
) -> None:
    page = open_page(talk.address)
    assert page.get_by_role("radio", name="Talk").is_checked()
    said = page.inner_text("#consent")
    for service in AGENT.services:
        assert service.address in said
    assert "keeps nothing" in said
    assert "nowhere else" not in page.inner_text("footer")
    assert page.locator("#start").get_attribute("aria-describedby") == "consent"
    assert page.evaluate("asked.length") == 0

    page.click("#start")
    page.wait_for_selector("#doing-words:text('Listening')")
    assert page.evaluate("asked[0].audio.echoCancellation") is True
    assert talk.modes == ["talk"]


def test_both_sides_stand_in_the_captions_as_they_come(
    open_page: OpenPage, talk: ScriptedTalk
) -> None:
    page = in_a_call(open_page, talk)
    log = page.get_by_role("log", name="Captions")
    talk.say(TalkState(state="heard-speech"), TalkHeard(id=1, text="what is", final=False))
    wait_for(page, ["You: what is"])
    assert page.inner_text("#doing-words") == "Hearing you"
    assert "what is" not in log.aria_snapshot(), "screen readers hear of it when it is whole"

    talk.say(TalkHeard(id=1, text="What is the time?", final=True), TalkState(state="thinking"))
    wait_for(page, ["You: What is the time?"])
    assert "What is the time?" in log.aria_snapshot()

    talk.say(TalkState(state="speaking"), TalkSaid(id=1, text="It is", final=False))
    wait_for(page, ["You: What is the time?", "bar: It is"])
    assert page.inner_text("#subtitle") == "bar: It is"
    talk.say(TalkSaid(id=1, text="It is noon.", final=True), TalkState(state="listening"))
    wait_for(page, ["You: What is the time?", "bar: It is noon."])
    assert "It is noon." in log.aria_snapshot()

    talk.say(TalkHeard(id=2, text="hm", final=False), TalkHeard(id=2, text="", final=True))
    talk.say(TalkError(message="The language model does not answer."))
    wait_until(lambda: len(captions(page)) == 3, 5)
    assert captions(page)[2] == "Trouble: The language model does not answer."
    assert page.inner_text("#status") == "Live"


def test_escape_and_the_button_interrupt_while_it_speaks_and_only_then(
    open_page: OpenPage, talk: ScriptedTalk
) -> None:
    page = in_a_call(open_page, talk)
    button = page.get_by_role("button", name="Interrupt")
    page.keyboard.press("Escape")
    button.click(force=True)
    talk.say(TalkState(state="speaking"), TalkSaid(id=1, text="Once upon", final=False))
    page.wait_for_selector("#interrupt[aria-disabled=false]")
    page.keyboard.press("Escape")
    wait_until(lambda: talk.interruptions == 1, 5)
    talk.say(TalkSaid(id=1, text="Once upon", final=True, interrupted=True))
    talk.say(TalkState(state="thinking"))
    wait_for(page, ["bar: Once upon (interrupted)"])
    button.click()
    wait_until(lambda: talk.interruptions == 2, 5)
    page.focus("#text")
    page.keyboard.press("Escape")
    wait_until(lambda: talk.interruptions == 3, 5)


def test_who_types_is_answered_without_a_microphone_and_by_keyboard_alone(
    open_page: OpenPage, talk: ScriptedTalk
) -> None:
    page = open_page(talk.address)
    focused = "document.activeElement.id || document.activeElement.value"
    passed = []
    while not passed or passed[-1] != "text":
        page.keyboard.press("Tab")
        passed.append(page.evaluate(focused))
        assert len(passed) < 20, passed
    assert passed.index("start") < passed.index("talk") < passed.index("text")

    page.keyboard.type("Good morning")
    page.keyboard.press("Enter")
    wait_until(lambda: talk.typed == ["Good morning"], 10)
    assert page.evaluate("asked.length") == 0
    assert page.evaluate(focused) == "text", "one can go on typing"
    assert page.input_value("#text") == ""
    assert page.inner_text("#doing-words") == "Waiting for your text"
    talk.say(TalkHeard(id=1, text="Good morning", final=True))
    talk.say(TalkSaid(id=1, text="Good morning to you.", final=True))
    wait_for(page, ["You: Good morning", "bar: Good morning to you."])
    page.keyboard.type("m")
    assert page.locator("#mute").get_attribute("aria-pressed") == "true", (
        "a letter is a letter here"
    )
    page.click("#mute")
    page.wait_for_selector("#doing-words:text('Listening')")
    assert page.evaluate("asked.length") == 1


def test_who_refuses_the_microphone_is_told_to_type(
    open_page: OpenPage, talk: ScriptedTalk
) -> None:
    page = open_page(talk.address, REFUSE_MICROPHONE)
    page.click("#start")
    wait_until(lambda: page.is_visible("#notice"), 10)
    assert "type instead" in page.inner_text("#notice-text")
    page.fill("#text", "Hello")
    page.get_by_role("button", name="Send").click()
    wait_until(lambda: talk.typed == ["Hello"], 10)


def test_mirror_and_talk_change_places_during_a_call(
    open_page: OpenPage, talk: ScriptedTalk
) -> None:
    page = in_a_call(open_page, talk)
    page.get_by_role("radio", name="Talk").press("ArrowRight")
    wait_until(lambda: talk.modes == ["talk", "mirror"], 5)
    assert page.locator("#doing").is_hidden()
    assert page.locator("#captions").is_hidden()
    assert "nowhere else" in page.inner_text("footer")
    talk.say(TalkSaid(id=7, text="too late", final=True))
    page.get_by_role("radio", name="Mirror").press("ArrowLeft")
    page.wait_for_selector("#doing-words:text('Listening')")
    assert talk.modes == ["talk", "mirror", "talk"]
    assert captions(page) == []


# A conversation whose connection breaks in the middle of both sides' words, and is had again.
BROKEN = """async (anew) => {
  const { Conversation } = await import('./conversation.js');
  const call = new EventTarget();
  const tell = (type, detail) => call.dispatchEvent(new CustomEvent(type, { detail }));
  const talk = new Conversation(() => 'bar');
  talk.follow(call);
  talk.reached = true;
  tell('talk.ready', { languages: [] });
  tell('talk.heard', { id: 1, text: 'What', final: false });
  tell('talk.said', { id: 0, text: 'It', final: false });
  talk.reached = false;
  const away = [talk.ready, talk.state];
  if (anew) tell('talk.ready', { languages: [] });
  talk.reached = true;
  tell('talk.said', { id: anew ? 0 : 1, text: 'No', final: false });
  const lines = talk.lines.map(({ text, final }) => [text, final]);
  return { away, state: talk.state, lines };
}"""


@pytest.mark.parametrize("anew", [False, True])
def test_a_conversation_outlives_a_broken_connection(
    open_page: OpenPage, talk: ScriptedTalk, anew: bool
) -> None:
    found = open_page(talk.address).evaluate(BROKEN, anew)
    assert found["away"] == [None, None], "nobody listens while it is broken"
    assert found["state"] == "listening"
    assert found["lines"] == [["What", anew], ["It", True], ["No", False]]


def test_a_reader_never_asks_for_the_microphone(open_page: OpenPage, talk: ScriptedTalk) -> None:
    service = TalkService(role="reader", address="this machine")
    talk.offer = TalkOffer(kind="reader", services=[service], stored=True)
    page = open_page(talk.address)
    assert "microphone stays off" in page.inner_text("#consent")
    assert "keeps what is said" in page.inner_text("#consent")
    assert page.locator("#mute").is_hidden()
    page.click("#start")
    page.wait_for_selector("#doing-words:text('Waiting for your text')")
    assert page.evaluate("asked.length") == 0


def test_the_conversation_is_saved_as_text_by_the_browser_alone(
    open_page: OpenPage, talk: ScriptedTalk
) -> None:
    page = in_a_call(open_page, talk)
    assert page.locator("#keep").is_hidden(), "there is nothing yet"
    bad = "<img src=x onerror=alert(1)>\nYou: I agree"
    talk.say(TalkHeard(id=1, text="Grüß Gott", final=True))
    talk.say(TalkSaid(id=1, text=bad, final=True, interrupted=True))
    wait_until(lambda: len(captions(page)) == 2, 5)
    assert page.locator("#captions img").count() == 0
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_download() as kept:
        page.click("#keep")
    assert not [url for url in asked if not url.startswith("blob:")]
    assert kept.value.suggested_filename.endswith(".txt")
    head, _, *lines = Path(kept.value.path()).read_text(encoding="utf-8").splitlines()
    assert "artificial intelligence" in head
    assert [line[9:] for line in lines] == [
        "You: Grüß Gott",
        "bar: <img src=x onerror=alert(1)> You: I agree (interrupted)",
    ]
    page.click("#stop")
    assert len(captions(page)) == 2, "it can be kept after the call"
    page.click("#start")
    page.wait_for_selector("#doing-words:text('Listening')")
    assert captions(page) == []
    assert page.locator("#keep").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_of_it_has_names_contrast_and_room_on_a_phone(
    open_page: OpenPage, talk: ScriptedTalk, scheme: str
) -> None:
    phone = {"width": 360, "height": 740}
    page = in_a_call(open_page, talk, viewport=phone, color_scheme=scheme, reduced_motion="reduce")
    talk.say(TalkHeard(id=1, text="Hello", final=True), TalkError(message="No answer came."))
    talk.say(TalkSaid(id=1, text="w" * 200, final=False), TalkState(state="thinking"))
    wait_until(lambda: len(captions(page)) == 3, 5)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    least, where = page.evaluate(CONTRAST, "#talk")
    assert least >= 4.5, where
    durations = "getComputedStyle(document.querySelector('#doing i')).animationDuration"
    assert page.evaluate(f"parseFloat({durations})") < 0.001
    seen = page.locator(".side").aria_snapshot()
    for part in (
        'region "Conversation"',
        'group "What the face does"',
        'radio "Talk" [checked]',
        'radio "Mirror"',
        'log "Captions"',
        'textbox "What you want to say"',
        'button "Send"',
        'button "Save the conversation"',
    ):
        assert part in seen
    assert 'button "Interrupt"' in page.locator("#stage").aria_snapshot()
    assert "Thinking" in page.locator("#stage").aria_snapshot()
    for name in ("#start", "#stop", "#interrupt", "#text", "#keep", ".typed button"):
        box = page.locator(name).bounding_box()
        assert box is None or box["height"] >= 44, "large enough for a finger"
