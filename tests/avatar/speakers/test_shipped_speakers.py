"""The speakers that come with the package."""

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.audio import SAMPLES_PER_FRAME
from avatar.rendering.pipeline import Picture, Pipeline, step_together
from avatar.speakers.speaker import load_speaker

SHIPPED = ("demo", "nora")


@pytest.mark.parametrize("name", SHIPPED)
def test_each_is_whole_synthetic_and_free(name: str) -> None:
    speaker = load_speaker(name)
    assert sum(1 for _ in speaker.reference()) == speaker.card.frames
    assert speaker.preview.is_file()
    assert speaker.card.licence == "Apache-2.0"
    assert speaker.card.consent.startswith("synthetic person")
    assert (speaker.folder / "SOURCE.md").is_file()


def test_they_hear_equally_far_ahead_and_are_drawn_together() -> None:
    speakers = [load_speaker(name) for name in SHIPPED]
    assert len({speaker.lookahead for speaker in speakers}) == 1
    pipelines = [Pipeline(speaker, "cpu") for speaker in speakers]
    streams = [pipeline.open() for pipeline in pipelines]
    chunk = np.zeros(SAMPLES_PER_FRAME, np.float32)
    pictures: list[Picture | None] = []
    for _ in range(1 + speakers[0].lookahead):
        pictures = step_together([(p, s, chunk) for p, s in zip(pipelines, streams, strict=True)])
    own = [next(iter(speaker.reference())) for speaker in speakers]
    for picture, face, stranger in zip(pictures, own, reversed(own), strict=True):
        assert picture is not None
        assert apart(picture, face) < 5 < apart(picture, stranger)


def apart(picture: Picture, frame: NDArray[np.uint8]) -> float:
    """Mean difference in grey levels."""
    return float(np.abs(picture.i420.astype(int) - frame).mean())
