"""The default speaker's own course: nobody can tell how long its loop is."""

import numpy as np
import pytest

from avatar.benchmark.life import life_cost, repetition
from avatar.benchmark.repetition import blink_times, largest_repeat
from avatar.rendering.behaviour import Cue
from avatar.rendering.pipeline import Pipeline
from avatar.speakers.speaker import load_speaker


@pytest.fixture(scope="module")
def demo() -> Pipeline:
    return Pipeline(load_speaker("demo"), "cpu", backend="torch", lively=True)


def sound(speaking: bool, seconds: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    levels = np.repeat(rng.uniform(0.005, 0.3, 25 * seconds // 5), 5) * speaking
    return [(level * rng.normal(size=640)).astype(np.float32) for level in levels]


@pytest.mark.parametrize("speaking", [False, True], ids=["idle", "speaking"])
def test_neither_head_nor_blinks_repeat_themselves_within_a_minute(
    demo: Pipeline, speaking: bool
) -> None:
    for seconds in (60, 600):
        found = repetition(demo, sound(speaking, seconds), seed=0)
        assert found.head < 0.3
        assert found.blinks < 0.3
        assert 9 < found.blinks_per_minute < 25


def test_the_loop_as_it_was_filmed_does(demo: Pipeline) -> None:
    assert repetition(demo, sound(False, 600), seed=None).head > 0.9


def test_what_repeats_is_found_and_what_does_not_is_not() -> None:
    lids = np.zeros(25 * 300)
    lids[::137] = 1
    assert largest_repeat(blink_times(lids)) > 0.9
    lids[:] = 0
    lids[np.cumsum(np.random.default_rng(0).integers(50, 250, 40))] = 1
    assert largest_repeat(blink_times(lids)) < 0.3


def test_gestures_and_blinks_are_timed_and_a_face_at_rest_is_left_as_it_is(demo: Pipeline) -> None:
    cost = life_cost(demo, steps=3)
    assert min(cost.gesture, cost.blink) > 0
    picture = demo.scene.place([7]).pictures[0].numpy()
    before = picture.copy()
    assert demo.face
    demo.face.finish(picture, Cue(7, 7))
    assert (picture == before).all()
