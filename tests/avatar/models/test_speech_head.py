"""The speech head sees the past only."""

import torch

from avatar.models.speech_head import SpeechHead, SpeechHeadConfig, history


def test_history_ends_at_the_frame_and_repeats_the_first() -> None:
    rows = torch.arange(5.0)[:, None]
    windows = history(rows, 3)
    assert windows.shape == (5, 3, 1)
    assert windows[0, :, 0].tolist() == [0, 0, 0]
    assert windows[4, :, 0].tolist() == [2, 3, 4]


def test_frame_by_frame_is_the_whole() -> None:
    torch.manual_seed(0)
    head = SpeechHead(SpeechHeadConfig(features=6, code=4, width=8)).eval()
    rows = torch.randn(20, 6)
    whole = head(history(rows, head.config.window))
    kept = rows[:1].expand(head.config.window, -1)
    for index, row in enumerate(rows):
        kept = torch.cat([kept[1:], row[None]])
        assert torch.allclose(head(kept[None])[0], whole[index], atol=1e-5)
