"""What the watermark says."""

from datetime import date

from streaming.marks.payload import EPOCH, VERSION, Payload, speaker_hash


def test_a_payload_comes_back_as_it_was_packed() -> None:
    payload = Payload(speaker_hash("demo"), date(2031, 2, 28))
    assert Payload.unpack(payload.pack()) == payload


def test_the_last_day_still_fits() -> None:
    last = Payload(0xFFFF, date.fromordinal(EPOCH.toordinal() + (1 << 13) - 1), version=7)
    assert Payload.unpack(last.pack()) == last


def test_any_wrong_bit_breaks_the_check() -> None:
    packed = Payload.today("demo").pack()
    for bit in range(8 * len(packed)):
        wrong = bytearray(packed)
        wrong[bit // 8] ^= 1 << bit % 8
        assert Payload.unpack(bytes(wrong)) is None


def test_speakers_differ() -> None:
    assert len({speaker_hash(name) for name in ("demo", "anna", "bert", "anna2")}) == 4


def test_what_this_program_cannot_have_written_is_not_plausible() -> None:
    assert Payload.today("anna").plausible
    assert not Payload(1, date(2099, 1, 1)).plausible
    assert not Payload(1, date(2026, 8, 2), VERSION + 1).plausible
