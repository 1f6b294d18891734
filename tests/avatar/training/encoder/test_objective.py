"""What the encoder is asked for, where not everything is known."""

from dataclasses import replace

import torch

from avatar.models.speech_encoder import EncoderConfig, SpeechEncoder
from avatar.motion import TRACKS
from avatar.training.encoder.batches import Batch
from avatar.training.encoder.objective import _movement, losses
from avatar.training.encoder.phones import UNKNOWN

FRAMES = 120


def batch() -> Batch:
    random = torch.Generator().manual_seed(0)
    return Batch(
        torch.randn(2, FRAMES, 64, generator=random) - 8,
        torch.randint(1, 40, (2, FRAMES), generator=random),
        torch.rand(2, FRAMES, len(TRACKS) + 1, generator=random),
        torch.ones(2, FRAMES),
    )


def test_unknown_phones_and_tracks_teach_nothing_of_them() -> None:
    torch.manual_seed(0)
    encoder = SpeechEncoder(EncoderConfig(channels=16, hidden=16, dilations=(1,)))
    seen = batch()
    mouth = seen.mouth.clone()
    mouth[..., TRACKS.index("teeth")] = torch.nan
    seen = replace(seen, phones=torch.full_like(seen.phones, UNKNOWN), mouth=mouth)
    found = losses(encoder, seen, encoder.new_state(2))
    assert found["phone"] == found["viseme"] == found["reliability"] == 0
    found["total"].backward()
    heads = encoder.heads.weight.grad
    assert heads is not None
    assert heads.isfinite().all()
    rows = encoder.said(torch.arange(len(heads) + 16.0)[None, None])
    viseme, teeth, aperture = (
        heads[part.long().flatten()].abs().sum()
        for part in (
            rows.viseme,
            rows.articulation[..., TRACKS.index("teeth")],
            rows.articulation[..., 0],
        )
    )
    assert viseme == teeth == 0
    assert aperture > 0


def test_an_encoder_that_answers_later_is_no_other_for_it() -> None:
    torch.manual_seed(0)
    config = EncoderConfig(channels=16, hidden=16, dilations=(1,), lookahead=1)
    encoder, other = SpeechEncoder(config).eval(), SpeechEncoder(config).eval()
    late = SpeechEncoder(replace(config, lookahead=2)).eval()
    late.load_state_dict(encoder.state_dict())
    seen = batch()
    seen = replace(seen, mels=seen.mels[:, :1].expand_as(seen.mels).contiguous())

    def anchor(before: SpeechEncoder) -> float:
        return losses(encoder, seen, encoder.new_state(2), before)["anchor"].item()

    assert anchor(encoder) == 0
    assert anchor(late) < 0.1 * anchor(other)


def test_movement_does_not_care_for_gain_and_mean() -> None:
    true = batch().mouth[..., :-1]
    weight = torch.ones(true.shape[:2])
    assert _movement(0.4 * true + 0.3, true, weight) < 0.01
    assert _movement(1 - true, true, weight) > 2


def test_a_mouth_that_does_not_move_teaches_no_movement() -> None:
    true = torch.full((1, FRAMES, len(TRACKS)), 0.3)
    assert _movement(torch.rand(true.shape), true, torch.ones(1, FRAMES)) == 0
