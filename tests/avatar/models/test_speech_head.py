"""The speech head sees the past only."""

import pytest
import torch

from avatar.models.speech_head import (
    BREATH,
    DEEPER,
    LEANING,
    STRANGER,
    SpeechHead,
    SpeechHeadConfig,
    history,
)


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


def closing_head() -> tuple[SpeechHead, torch.Tensor, torch.Tensor]:
    """A head that has learned what closing is, from codes whose first number is the aperture."""
    torch.manual_seed(0)
    head = SpeechHead(SpeechHeadConfig(features=6, code=4, context=8, width=8)).eval()
    codes = torch.randn(400, 4)
    aperture = 0.2 + 0.1 * codes[:, 0]
    head.learn_closing(codes, aperture)
    return head, codes, aperture


def test_the_aperture_is_read_from_the_code() -> None:
    head, codes, aperture = closing_head()
    assert torch.allclose(head.read_aperture(codes), aperture, atol=1e-3)
    assert float(head.opening @ head.aperture[:-1]) == pytest.approx(1.0, abs=1e-5)


def test_numbers_that_go_together_share_the_reading() -> None:
    """Least squares alone would read a drawn mouth's rounding errors, thousands of times over."""
    head, codes, aperture = closing_head()
    codes[:, 1] = codes[:, 0] + 1e-5 * torch.randn(len(codes))
    head.learn_closing(codes, aperture + 1e-3 * torch.randn(len(codes)))
    assert head.aperture[:2] == pytest.approx(0.05, rel=0.02)


@pytest.mark.parametrize(("certainty", "closes"), [(-20.0, False), (20.0, True)])
def test_a_sure_closure_shuts_open_lips(certainty: float, closes: bool) -> None:
    head, _, aperture = closing_head()
    windows = torch.randn(64, head.config.window, 14)
    with torch.no_grad():
        head.closes.weight.zero_()
        head.closes.bias.fill_(certainty)
        likely = head.hear(windows).code
        made = head.read_aperture(head(windows))
    was_open = head.read_aperture(likely) > head.shut + head.ajar
    assert was_open.any()
    shut = aperture.quantile(0.05)
    if closes:
        assert torch.allclose(made[was_open], shut.expand(int(was_open.sum())), atol=1e-4)
    else:
        assert torch.allclose(made, head.read_aperture(likely), atol=1e-5)


def test_closed_lips_look_closed_and_keep_what_closed_lips_differ_in() -> None:
    """Codes of an aperture, a look that open lips alone have, and a rounding that all have."""
    torch.manual_seed(0)
    head = SpeechHead(SpeechHeadConfig(features=6, code=3, width=8)).eval()
    open_by = torch.rand(2000).clamp_min(0.3) - 0.3
    teeth = torch.where(open_by > 0.02, 1.0, -1.0) + 0.01 * torch.randn(2000)
    rounding = torch.randn(2000)
    head.learn_closing(torch.stack([open_by * 4, teeth, rounding], dim=1), open_by)
    made = head.close(torch.tensor([[2.0, 1.0, 1.2], [2.0, 1.0, -1.2], [2.0, 1.0, 9.0]]))
    assert (head.read_aperture(made) <= head.shut + 1e-4).all()
    assert (made[:, 1] < -0.6).all(), "no teeth between closed lips"
    assert made[0, 2] > 0.9
    assert made[1, 2] < -0.9
    assert made[2, 2] < 2.5, "nor a shape that this mouth was never seen in"


def leaning_head(voice: int) -> tuple[SpeechHead, torch.Tensor]:
    """A head that never closes the lips and knows any mouth's aperture; its video's apertures."""
    torch.manual_seed(0)
    config = SpeechHeadConfig(
        features=6, code=4, context=8, width=8, heard_aperture=2, heard_closure=3, voice=voice
    )
    head = SpeechHead(config).eval()
    codes = torch.randn(400, 4)
    aperture = 0.2 + 0.1 * codes[:, 0]
    head.learn_closing(codes, aperture)
    head.learn_any_mouth(torch.rand(400, 6), aperture)
    with torch.no_grad():
        head.closes.bias.fill_(-20.0)
    windows = torch.randn(64, config.window, 14)
    windows[..., 5] = 1.0  # the sound is trusted
    return head, windows


def test_any_mouth_s_aperture_has_this_one_s_mean_and_shut_is_shut() -> None:
    head, _ = leaning_head(voice=0)
    features = torch.rand(400, 6)
    head.learn_any_mouth(features, aperture := 0.1 + 0.2 * torch.rand(400))
    meant = head.any_mouth[0] * features[:, 2] + head.any_mouth[1]
    assert float(meant.mean()) == pytest.approx(float(aperture.mean()), rel=1e-4)
    assert float(head.any_mouth[1]) == float(head.shut)


@pytest.mark.parametrize(
    ("certainty", "leaning"),
    [(None, LEANING), (-20.0, 1.0), (STRANGER, 0.5), (0.0, 0.1192), (20.0, 0.0)],
    ids=["never told apart", "a stranger", "a stranger, perhaps", "in doubt", "the speaker"],
)
def test_a_stranger_s_aperture_is_any_mouth_s(certainty: float | None, leaning: float) -> None:
    head, windows = leaning_head(voice=0 if certainty is None else 4)
    windows[..., 3] = 0
    _, alone, made = heard_with(head, windows, certainty)
    meant = head.any_mouth[0] * windows[:, -1, 2] + head.any_mouth[1]
    assert torch.allclose(made, (1 - leaning) * alone + leaning * meant, atol=1e-5)


@pytest.mark.parametrize(("certainty", "closes"), [(-20.0, True), (20.0, False)])
def test_a_stranger_s_lips_close_as_any_mouth_s(certainty: float, closes: bool) -> None:
    head, windows = leaning_head(voice=4)
    windows[..., 2], windows[..., 3] = 5.0, 1.0
    _, alone, made = heard_with(head, windows, certainty)
    assert torch.allclose(made, head.shut.expand(64) if closes else alone, atol=1e-4)


def test_a_stranger_s_closed_lips_look_closed() -> None:
    """Though their aperture is shut before they close, they have the look of open lips."""
    head, windows = leaning_head(voice=4)
    windows[..., 2], windows[..., 3] = 0.0, 1.0
    likely, alone, _ = heard_with(head, windows, -20.0)
    leaned = likely + (head.shut - alone)[:, None] * head.opening
    was_open = alone > head.shut + head.ajar
    assert was_open.any()
    with torch.no_grad():
        made = head(windows)
    assert torch.allclose(made[was_open], head.close(leaned)[was_open], atol=1e-4)


@pytest.mark.parametrize(("heard", "breath"), [(BREATH[1], True), (BREATH[0], False)])
def test_a_breath_in_a_pause_is_any_mouth_s_even_of_the_speaker(heard: float, breath: bool) -> None:
    head, windows = leaning_head(voice=4)
    windows[..., 2], windows[..., 3], windows[..., 5] = heard, 0.0, 0.0
    _, alone, made = heard_with(head, windows, 20.0)
    breathing = head.any_mouth[0] * DEEPER * heard + head.any_mouth[1]
    assert torch.allclose(made, breathing.expand(64) if breath else alone, atol=1e-4)


def heard_with(
    head: SpeechHead, windows: torch.Tensor, certainty: float | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The likeliest codes, their apertures, and those made of a voice so surely its own."""
    with torch.no_grad():
        if certainty is not None:
            head.knows[-1].weight.zero_()
            head.knows[-1].bias.fill_(certainty)
        likely = head.hear(windows).code
        return likely, head.read_aperture(likely), head.read_aperture(head(windows))


def test_hidden_states_change_the_code() -> None:
    head, _, _ = closing_head()
    window = torch.randn(1, head.config.window, 14)
    other = window.clone()
    other[..., 6:] += 1
    assert not torch.allclose(head(window), head(other))
