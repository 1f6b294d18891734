import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streaming.media.frame_marker import CELLS, ENDED, FrameMarker, decode, encode
from tests.streaming.support.level_bar import SIZE

NUMBERS = st.integers(0, (1 << 20) - 1)
ONSETS = st.integers(0, 640)


@given(NUMBERS, ONSETS)
def test_what_is_written_is_read(number: int, onset: int) -> None:
    assert decode(encode(number, onset)) == (number, onset)


@given(NUMBERS, ONSETS, st.integers(0, CELLS - 1))
def test_a_wrong_cell_is_noticed(number: int, onset: int, wrong: int) -> None:
    cells = encode(number, onset)
    cells[wrong] = not cells[wrong]
    assert decode(cells) is None


def test_the_picture_carries_its_number_and_where_a_sound_began_and_ended() -> None:
    code = FrameMarker()
    quiet, click = np.zeros(640, np.float32), np.zeros(640, np.float32)
    click[123] = 0.9
    for number, chunk in enumerate([quiet, quiet, quiet, click, click, quiet, quiet]):
        code.hear(number, chunk)
    plain = np.full((SIZE * 3 // 2, SIZE), 128, np.uint8)
    cell = SIZE // CELLS
    for number, onset in ((2, 0), (3, 124), (4, 0), (5, ENDED), (6, 0)):
        marked = code.burn(number, plain)
        row = marked[SIZE - cell // 2, cell // 2 :: cell] > 126
        assert decode(list(row)) == (number, onset)
    assert (plain == 128).all()
