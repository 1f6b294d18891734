"""Lips close on a little evidence, and are left alone without any."""

import torch

from avatar.models.lip_closure import APERTURE, CLOSURE, LABIAL, close_lips


def tracks(labial: float, closure: float) -> torch.Tensor:
    viseme, articulation = torch.zeros(1, 1, 2, 14), torch.full((1, 1, 2, 9), 0.6)
    viseme[0, 0, 1, LABIAL] = labial
    articulation[..., CLOSURE] = torch.tensor([0.0, closure])
    return close_lips(viseme, articulation)[0, 0]


def test_evidence_of_both_kinds_in_one_step_closes_the_lips() -> None:
    for frame in (tracks(0.2, 0.2), tracks(0.6, 0.05), tracks(0.05, 0.6)):
        assert frame[APERTURE] == 0
        assert frame[CLOSURE] == 1


def test_one_kind_alone_does_not_close_them() -> None:
    for frame in (tracks(0.4, 0.0), tracks(0.0, 0.4)):
        torch.testing.assert_close(frame[APERTURE], torch.tensor(0.6))
        assert frame[CLOSURE] == 0


def test_certainty_is_a_number_too() -> None:
    assert tracks(1.0, 1.0)[CLOSURE] == 1
    assert tracks(1.0, 0.0).isfinite().all()


def test_without_evidence_the_tracks_are_the_mean() -> None:
    frame = tracks(0.05, 0.05)
    assert frame[CLOSURE] == 0
    torch.testing.assert_close(frame[[APERTURE, 1, 3]], torch.full((3,), 0.6))


def test_doubt_closes_half_way() -> None:
    assert 0.2 < tracks(0.11, 0.11)[APERTURE] / 0.6 < 0.8
