"""The whole evaluation on a drawn speaker, whose face a small tracker of the drawing follows."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from avatar.errors import AvatarError
from avatar.evaluation.evaluate import TRUTH, Evaluation, evaluate
from avatar.evaluation.table import evaluation_table
from avatar.evaluation.test_set import held_out_set, training_track
from avatar.rendering.backends import cuda_graph
from avatar.speakers.speaker import Speaker
from avatar.training.preprocess.landmark_sets import (
    LEFT_EYE,
    LIPS,
    LOWER_INNER_LIP,
    RIGHT_EYE,
    UPPER_INNER_LIP,
)
from tests.avatar.training.made_video import CENTRE, FRAMES


class DrawingTracker:
    """Finds the dark gap between the drawn lips."""

    def start(self) -> None:
        pass

    def track(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        column = image[:, CENTRE[0] - 1 : CENTRE[0] + 2].mean(axis=(1, 2))
        dark = float(np.clip((100 - column) / 60, 0, 1)[CENTRE[1] - 12 : CENTRE[1] + 12].sum())
        points = np.zeros((478, 3), np.float32)
        points[LIPS, :2] = CENTRE
        points[UPPER_INNER_LIP, 1] -= dark / 2
        points[LOWER_INNER_LIP, 1] += dark / 2
        points[LEFT_EYE, 0], points[RIGHT_EYE, 0] = 42, 22
        return points


def quiet(*_: object) -> None:
    pass


@pytest.fixture(scope="module")
def found(speaker: Speaker, work: Path) -> Evaluation:
    test_set = held_out_set(speaker, work)
    return evaluate(speaker, [], test_set, ["drawn"], work, DrawingTracker(), "cpu", quiet)


def test_rows_and_what_they_must_be(found: Evaluation) -> None:
    rows = {row.name: row for row in found.rows}
    assert list(rows) == [TRUTH, "drawn", "still mouth", "mean lips", "nearest frame"]
    true = rows[TRUTH].scores
    assert (true.psnr_lips, true.lmd, true.flicker) == (100, 0, 1)
    assert true.ssim_frame == pytest.approx(1)
    assert true.aperture_r == pytest.approx(1)
    still = rows["still mouth"].scores
    assert still.aperture_r == pytest.approx(0, abs=0.05)
    assert rows["mean lips"].scores.lmd < still.lmd
    assert rows["mean lips"].scores.ssim_lips > still.ssim_lips
    assert still.cpbd_frame is None  # the drawing has no sharp edges
    assert rows["nearest frame"].scores.aperture_r > 0.3
    for row in found.rows:
        assert row.scores.psnr_frame > row.scores.psnr_lips or row.name == TRUTH
    assert rows["drawn"].frame_ms is not None
    assert rows["drawn"].model_bytes is not None


def test_the_speaker_is_judged_only_on_what_it_never_saw(speaker: Speaker, work: Path) -> None:
    test_set = held_out_set(speaker, work)
    share = speaker.card.training.held_out
    assert test_set.rows.min() == round(FRAMES * (1 - share))
    assert len(test_set.rows) == round(FRAMES * share)


def test_report_names_bundle_data_and_commit(found: Evaluation) -> None:
    values = json.loads(json.dumps(found.as_json()))
    assert values["speaker"] == "drawn"
    assert len(values["model_sha256"]) == 64
    assert values["data"] == ["drawn"]
    assert "commit" in values
    assert {"psnr_lips", "aperture_lag_ms", "lmd"} <= set(values["rows"][1]["scores"])
    console = Console(width=200, record=True, file=None)
    console.print(evaluation_table(found))
    assert "nearest frame" in console.export_text()


@pytest.mark.cuda
def test_figures_on_a_gpu_are_those_of_the_cpu(
    speaker: Speaker,
    work: Path,
    found: Evaluation,
    cuda: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cuda_graph, "BUCKETS", (1, 2))
    test_set = held_out_set(speaker, work)
    there = evaluate(speaker, [], test_set, ["drawn"], work, DrawingTracker(), cuda, quiet)
    for made, true in zip(there.rows, found.rows, strict=True):
        assert made.scores.psnr_lips == pytest.approx(true.scores.psnr_lips, abs=0.3), made.name
        assert made.scores.lmd == pytest.approx(true.scores.lmd, abs=0.1), made.name


def test_other_spaces_and_folders_are_refused(speaker: Speaker, work: Path) -> None:
    test_set = held_out_set(speaker, work)
    other = replace(speaker, card=replace(speaker.card, name="x", canonical_pose=(0.1,) * 6))
    with pytest.raises(AvatarError, match="another track"):
        evaluate(speaker, [other], test_set, [], work, DrawingTracker(), "cpu", quiet)
    with pytest.raises(AvatarError, match="not the work folder"):
        training_track(work, replace(speaker, card=replace(speaker.card, size=(32, 32))))
    whole = replace(speaker.card.training, held_out=0.0)
    with pytest.raises(AvatarError, match="without a held-out part"):
        held_out_set(replace(speaker, card=replace(speaker.card, training=whole)), work)
