"""Tags in what a language model writes, however it is cut into pieces."""

import pytest

pytest.importorskip("pipecat", reason="pipecat-ai is not installed", exc_type=ImportError)

from pipecat.processors.frame_processor import FrameDirection

from avatar.gestures import GESTURES, Gesture, can_do, require
from streaming.doors.gesture_frame import GestureFrame
from streaming.talk.gesture_tags import GestureMaker, TagReader, prompt

TEXT = "Well. [nod] Yes, I do [smile]. See [1] and a[i] = b [Look]"
SPOKEN = "Well. Yes, I do. See [1] and a = b"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_tags_are_taken_out_of_text_in_pieces_of_any_length(size: int) -> None:
    reader = TagReader()
    pieces = [TEXT[at : at + size] for at in range(0, len(TEXT), size)]
    parts = [part for piece in pieces for part in reader.read(piece)] + [reader.finish()]
    assert "".join(part for part in parts if isinstance(part, str)) == SPOKEN
    assert [part for part in parts if isinstance(part, Gesture)] == [
        Gesture("nod"),
        Gesture("smile"),
        Gesture("look"),
    ]


def test_what_only_begins_like_a_tag_is_spoken_in_the_end() -> None:
    reader = TagReader()
    assert list(reader.read("Wait [no")) == ["Wait"]
    assert list(reader.read("w or never")) == [" [now or never"]
    assert list(reader.read("It ends [")) == ["It ends"]
    assert reader.finish() == " ["


def test_the_model_is_told_what_this_face_can_do_and_nothing_else() -> None:
    told = prompt(can_do(["smile"]))
    assert all(f"[{name}]" in told for name in (*GESTURES, "smile"))
    assert "brows" not in told
    assert "smile" not in prompt(can_do([]))


async def test_a_tag_that_this_face_cannot_do_is_left_out_and_the_rest_goes_on() -> None:
    def make(gesture: Gesture) -> None:
        require(gesture, "anna", [])
        made.append(gesture)

    made: list[Gesture] = []
    maker = GestureMaker(make)
    for name in ("smile", "nod"):
        await maker.process_frame(GestureFrame(Gesture(name)), FrameDirection.DOWNSTREAM)
    assert made == [Gesture("nod")]
