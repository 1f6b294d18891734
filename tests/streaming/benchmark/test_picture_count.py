"""Pictures, gaps and losses are read from RTP headers."""

from streaming.benchmark.picture_count import HEADER, MARKER, PictureCount

FACE, VOICE = 97, 96
FRAME_MS, TICKS = 40.0, 3600


class Line:
    """Sends two packets a picture, 25 pictures a second."""

    def __init__(self) -> None:
        self.count = PictureCount(FACE)
        self.now = 0.0
        self.stamp = 2**32 - 5 * TICKS  # wraps round soon
        self.number = 2**16 - 3

    def send(self, pictures: int) -> None:
        for _ in range(pictures):
            self.now += FRAME_MS
            self.stamp = (self.stamp + TICKS) % 2**32
            for marker in (0, MARKER):
                self.number = (self.number + 1) % 2**16
                self._arrive(FACE | marker)

    def speak(self) -> None:
        self._arrive(VOICE | MARKER)

    def _arrive(self, kind: int) -> None:
        self.count.take(HEADER.pack(0x80, kind, self.number, self.stamp, 7), self.now)


def test_every_picture_counts_once_across_all_wraps() -> None:
    line = Line()
    line.send(1)
    line.count.begin(line.now)
    line.send(20)
    line.count.end(line.now)
    count = line.count
    assert (count.pictures, count.skipped, count.lost_packets, count.freezes) == (20, 0, 0, 0)
    assert count.longest_gap_ms == FRAME_MS
    assert count.source == 7


def test_a_voice_is_no_picture() -> None:
    line = Line()
    line.speak()
    assert (line.count.pictures, line.count.source) == (0, None)


def test_pictures_that_were_left_out_are_seen_in_the_time_stamps() -> None:
    line = Line()
    line.send(3)
    line.stamp += 2 * TICKS
    line.send(3)
    assert (line.count.pictures, line.count.skipped) == (6, 2)


def test_lost_packets_are_seen_in_their_numbers() -> None:
    line = Line()
    line.send(3)
    line.number += 4
    line.send(1)
    assert line.count.lost_packets == 4


def test_a_stillness_of_more_than_200_ms_is_a_freeze_at_the_end_too() -> None:
    line = Line()
    line.send(3)
    line.now += 190
    line.send(3)
    line.now += 150
    line.send(1)
    assert line.count.freezes == 1
    assert line.count.longest_gap_ms == 190 + FRAME_MS
    line.count.end(line.now + 201)
    assert line.count.freezes == 2
