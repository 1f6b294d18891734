"""Whose voice it is: soon known, kept through a pause, and known anew when another speaks."""

import torch

from avatar.models.own_voice import MEMORY, SILENCE, SPAN, gathered_over
from avatar.models.speech_head import STRANGER, SpeechHead, SpeechHeadConfig

STRANGE, OWN = -10.0, 4.0  # evidence of a frame, as trained heads give it
NOTHING_YET = torch.zeros(MEMORY)


def told(*parts: tuple[int, float, float]) -> torch.Tensor:
    """What is gathered after each frame of stretches (frames, evidence, trust)."""
    evidence = torch.cat([torch.full((frames,), said) for frames, said, _ in parts])
    trust = torch.cat([torch.full((frames,), trusted) for frames, _, trusted in parts])
    return gathered_over(NOTHING_YET, evidence, trust)[:, 0]


def test_silence_is_nobody_s_and_a_stranger_is_known_within_two_frames() -> None:
    said = told((100, OWN, 0.0), (10, STRANGE, 1.0))
    assert (said[:100] == SILENCE).all()
    assert STRANGER < SILENCE
    assert said[101] < 2 * STRANGER


def test_who_speaks_stays_who_it_is_through_a_pause() -> None:
    said = told((30, STRANGE, 1.0), (200, -0.5, 0.0), (1, OWN, 1.0))
    assert (said[30:] < 2 * STRANGER).all()


def test_another_who_goes_on_speaking_is_known_in_a_second_or_two() -> None:
    said = told((500, STRANGE, 1.0), (int(2 * SPAN), OWN, 1.0))
    assert said[510] < STRANGER
    assert said[-1] > 0


def voiced_head() -> SpeechHead:
    torch.manual_seed(0)
    config = SpeechHeadConfig(
        features=6, code=4, context=8, width=8, heard_aperture=2, heard_closure=3, voice=4
    )
    return SpeechHead(config).eval().requires_grad_(False)


def test_a_sound_heard_in_parts_or_frame_by_frame_is_the_whole() -> None:
    head, features = voiced_head(), torch.rand(30, 14)
    whole = head.windows(features)
    first = head.windows(features[:11])
    torch.testing.assert_close(torch.cat([first, head.windows(features[11:], first)]), whole)
    row = torch.zeros(1, 14 + MEMORY)
    for frame, window in zip(features, whole, strict=True):
        row = head.remember(frame[None], row)
        torch.testing.assert_close(row[0], window[-1])


def test_what_was_gathered_says_whose_voice_it_is() -> None:
    head, features = voiced_head(), torch.rand(30, 14)
    windows = head.windows(features)
    heard = head.hear(windows).own
    assert heard is not None
    torch.testing.assert_close(heard, windows[:, -1, 14])
    alone = head.hear(windows[..., :14]).own
    assert alone is not None
    assert not torch.allclose(heard, alone)


def test_a_head_that_knows_no_voices_gathers_nothing() -> None:
    head = SpeechHead(SpeechHeadConfig(features=6, code=4, width=8)).eval()
    assert head.windows(torch.rand(5, 6)).shape == (5, 12, 6)
    assert torch.equal(head.remember(row := torch.rand(2, 6), torch.zeros(2, 6)), row)
