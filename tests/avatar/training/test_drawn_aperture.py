"""A head learns to read what is drawn for its codes."""

import pytest
import torch

from avatar.models.speech_head import SpeechHead, SpeechHeadConfig
from avatar.training.drawn_aperture import learn_reading


def head_of_a_video() -> SpeechHead:
    """It reads the first number of a code as aperture."""
    torch.manual_seed(0)
    head = SpeechHead(SpeechHeadConfig(features=6, code=4, width=8)).requires_grad_(False)
    codes = torch.randn(400, 4)
    head.learn_closing(codes, 0.2 + 0.1 * codes[:, 0])
    return head


def test_it_reads_what_is_seen_and_opens_by_as_much() -> None:
    head, codes = head_of_a_video(), torch.randn(300, 4)
    seen = 0.15 + 0.1 * codes[:, 0] + 0.05 * codes[:, 1]
    learn_reading(head, codes, seen)
    assert torch.allclose(head.read_aperture(codes), seen, atol=5e-3)
    opened = head.read_aperture(codes + 0.1 * head.opening) - head.read_aperture(codes)
    assert opened.mean() == pytest.approx(0.1, abs=1e-4)


def test_frames_without_a_face_teach_nothing() -> None:
    head, codes = head_of_a_video(), torch.randn(300, 4)
    seen = 0.15 + 0.1 * codes[:, 0]
    seen[::3] = torch.nan
    learn_reading(head, codes, seen)
    assert torch.allclose(head.read_aperture(codes), 0.15 + 0.1 * codes[:, 0], atol=5e-3)


@pytest.mark.parametrize("seen", [torch.full((300,), torch.nan), torch.rand(300)])
def test_it_stays_as_it_was_where_no_mouth_can_be_followed(seen: torch.Tensor) -> None:
    head, codes = head_of_a_video(), torch.randn(300, 4)
    before = head.aperture.clone()
    learn_reading(head, codes, seen)
    assert torch.equal(head.aperture, before)
