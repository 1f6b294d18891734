"""The whole way from a tracked video to a bundle, on a made speaker."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from avatar.audio import SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.models.lip_generator import LatticeGenerator, LipGenerator
from avatar.speakers.expressions import Expression
from avatar.speakers.speaker import load_speaker
from avatar.training import trainer as trainer_module
from avatar.training.earlier_speaker import in_its_codes
from avatar.training.export import export
from avatar.training.generator_start import start_generator
from avatar.training.judge import judge
from avatar.training.lip_code import lip_codes
from avatar.training.lip_data import canonical_landmarks, split
from avatar.training.report import write_report
from avatar.training.speech_task import KEPT, SpeechTask
from avatar.training.trainer import Trained, train

from .made_speaker import quiet, request, small_encoder
from .made_video import FRAMES, made_video


def test_losses_fall(trained: Trained) -> None:
    for name, loss in (("speech", "closure"), ("speech", "voice"), ("lips", "photometric")):
        values = trained.curves[name].losses[loss]
        assert min(values[1:]) < values[0], name


def test_speaker_beats_its_mean_lip(trained: Trained) -> None:
    spoken = judge(trained.networks, trained.data, trained.heard)
    still = judge(trained.networks, trained.data, torch.zeros_like(trained.heard))
    assert spoken.frames == round(0.2 * FRAMES)
    assert spoken.psnr_region > still.psnr_region
    assert spoken.aperture_r > 0.5


def test_a_tuned_encoder_goes_a_part_of_the_way_back(trained: Trained) -> None:
    networks = replace(trained.networks, encoder=small_encoder())
    sound = torch.from_numpy(np.array(trained.data.tracked.sound))
    task = SpeechTask(trained.data, sound, None, networks, True, torch.device("cpu"))
    shipped = [weights.clone() for weights in task.encoder.parameters()]
    with torch.no_grad():
        for weights in task.encoder.parameters():
            weights.add_(1)
    settled = task.settled()
    for weights, before in zip(task.encoder.parameters(), shipped, strict=True):
        assert torch.allclose(weights, before + KEPT, atol=1e-5)
        assert not weights.requires_grad
    assert list(settled.modules) == ["head"], "the encoder learns no more"
    assert settled.encoder is task.encoder


def test_report_is_written(trained: Trained, tmp_path: Path) -> None:
    metrics = write_report(trained, tmp_path)
    assert metrics["training_frames"] == round(0.8 * FRAMES)
    assert str(metrics["smile"]).startswith("none: ")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"metrics.json", "curves.png", "contact_sheet.png", "side_by_side.mp4"}
    with av.open(str(tmp_path / "side_by_side.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == len(trained.data.held)
        film.seek(0)
        heard = sum(frame.samples for frame in film.decode(audio=0))
    assert heard >= len(trained.data.held) * SAMPLES_PER_FRAME


def test_what_a_speaker_was_found_to_show_is_in_its_bundle(
    trained: Trained, tmp_path: Path
) -> None:
    smile = Expression(torch.tensor([16, 32]), torch.ones(2, 16, 32), torch.zeros(3, 16, 32))
    learned = replace(trained.expressions, expressions={"smile": smile})
    speaker = load_speaker(export(replace(trained, expressions=learned), request(tmp_path)))
    assert speaker.card.expressions == tuple(speaker.expressions) == ("smile",)
    assert torch.equal(speaker.expressions["smile"].back, smile.back)


def test_an_earlier_speaker_keeps_its_pictures_and_learns_its_ear_anew(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = export(trained, request(tmp_path))
    monkeypatch.setattr(trainer_module, "preprocess", lambda *_: trained.data.tracked)
    monkeypatch.setattr(trainer_module, "load_encoder", small_encoder)
    wanted = request(tmp_path, start_from=str(folder), other_voices=False, steps=20)
    again = train(wanted, quiet, quiet)
    learned = {name for name, curve in again.curves.items() if curve.steps}
    assert learned == {"speech", "head", "blend"}
    before, after = (t.networks.lips.mean for t in (trained, again))
    assert torch.allclose(before, after, atol=1e-3)


def test_codes_that_come_back_with_other_signs_are_turned_as_they_were(
    trained: Trained, tmp_path: Path
) -> None:
    earlier = load_speaker(export(trained, request(tmp_path)))
    codes = trained.data.codes
    flipped = replace(trained.data, codes=replace(codes, codes=-codes.codes))
    sound = torch.from_numpy(np.array(trained.data.tracked.sound))
    found = in_its_codes(flipped, earlier, sound).codes.codes[:, 0]
    assert np.corrcoef(found.numpy(), codes.codes[:, 0].numpy())[0, 1] > 0.9
    with pytest.raises(AvatarError, match="not trained from this video"):
        in_its_codes(flipped, earlier, sound.flip(0))


def test_codes_carry_the_aperture(tmp_path: Path) -> None:
    tracked = made_video(tmp_path)
    canonical = trainer_module.canonical_view(tracked, torch.from_numpy(tracked.depth))
    landmarks = canonical_landmarks(tracked, canonical)
    lips = torch.from_numpy(np.array(tracked.frames)).permute(0, 3, 1, 2)[:, :, 32:56, 16:48]
    codes = lip_codes(landmarks, lips, canonical.lip_mask, torch.ones(FRAMES, dtype=torch.bool))
    r = np.corrcoef(codes.codes[:, 0].numpy(), tracked.aperture)[0, 1]
    assert abs(r) > 0.98
    assert codes.weight.mean() == pytest.approx(1, abs=1e-5)


def test_split_never_mixes() -> None:
    usable = np.ones(100, bool)
    usable[95] = False
    train_rows, held = split(usable, 0.1)
    assert train_rows.max() == 89
    assert held.min() == 90
    assert 95 not in held


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": "../evil"}, "is no speaker's name"),
        ({"name": "x" * 64}, "is no speaker's name"),
        ({"consent": " "}, "--consent"),
        ({"videos": (Path("absent.mp4"),)}, "no such file"),
        ({"held_out": 0.9}, "--held-out"),
        ({"start_from": "nobody"}, "nobody"),
    ],
)
def test_refusals(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    with pytest.raises(AvatarError, match=complaint):
        request(tmp_path, **change).check()


def test_taken_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "speakers" / "tiny").mkdir(parents=True)
    with pytest.raises(AvatarError, match="is taken"):
        request(tmp_path).check()


def test_an_unfinished_training_is_not_overwritten(tmp_path: Path) -> None:
    request(tmp_path).begin(resume=False)
    with pytest.raises(AvatarError, match="--resume"):
        request(tmp_path).begin(resume=False)
    request(tmp_path).begin(resume=True)
    with pytest.raises(AvatarError, match="another training"):
        request(tmp_path, seed=1).begin(resume=True)


def test_a_training_goes_on_with_another_budget(tmp_path: Path) -> None:
    request(tmp_path, steps=10).begin(resume=False)
    request(tmp_path, steps=20).begin(resume=True)
    with pytest.raises(AvatarError, match="--resume"):
        request(tmp_path, steps=20).begin(resume=False)


def test_generator_starts_from_least_squares(trained: Trained) -> None:
    data, codes = trained.data, trained.data.codes.codes
    generator = LipGenerator(trained.config.lips)
    torch.nn.init.zeros_(generator.colour.weight)
    start_generator(generator, data, codes)
    true = data.lips[data.train].float() / 255
    with torch.inference_mode():
        made = LatticeGenerator(generator)(codes[data.train])
    still = (true - generator.mean).square().mean()
    assert (true - made).square().mean() < 0.1 * still
