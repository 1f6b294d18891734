"""Finished pictures wait for their time, and only so many of them."""

from streaming.media.frame_buffer import BUFFER_FRAMES, FrameBuffer
from tests.streaming.support.stepped_clock import picture


def shown(pictures: FrameBuffer, number: int) -> int | None:
    """The number of the picture that is shown as frame `number`; it must be that picture."""
    found = pictures.for_frame(number)
    if found is None:
        return None
    assert found[1][0, 0] == found[0]
    return found[0]


def holding(*numbers: int) -> FrameBuffer:
    pictures = FrameBuffer()
    for number in numbers:
        pictures.put(number, picture(number))
    return pictures


def test_a_picture_is_shown_from_its_time_on_and_not_before() -> None:
    pictures = holding(3)
    assert [shown(pictures, number) for number in (1, 2, 3, 4, 5)] == [None, None, 3, 3, 3]


def test_what_is_older_than_what_was_shown_never_comes_back() -> None:
    pictures = holding(5)
    assert shown(pictures, 5) == 5
    for number in (4, 5):
        pictures.put(number, picture(number))
        assert shown(pictures, 6) == 5
        assert pictures.for_frame(6) is pictures.for_frame(7)
    pictures.put(6, picture(6))
    assert shown(pictures, 7) == 6


def test_of_too_many_that_wait_the_oldest_give_way() -> None:
    pictures = holding(*range(10, 10 + BUFFER_FRAMES + 2))
    assert shown(pictures, 11) is None
    assert shown(pictures, 12) == 12
    assert shown(pictures, 100) == 10 + BUFFER_FRAMES + 1
