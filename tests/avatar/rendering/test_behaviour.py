"""What a face does besides speaking: asked for, by itself, live as in films."""

import numpy as np
import pytest

from avatar.audio import FPS
from avatar.gestures import AT_REST, NEAREST, Gesture
from avatar.rendering.behaviour import AT_ONCE, Behaviour, Cue, new_life
from avatar.rendering.frame_batches import SEED, draw_frames, hear_motion
from avatar.rendering.pipeline import Picture, Pipeline
from avatar.speakers.speaker import Speaker, load_speaker
from tests.tiny_speaker import make_smiling_bundle

SILENCE = np.zeros(640, np.float32)
NOD = Gesture("nod")


@pytest.fixture(scope="module")
def lively(tiny: Speaker) -> Pipeline:
    return Pipeline(tiny, "cpu", lively=True)


@pytest.fixture(scope="module")
def smiling(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = make_smiling_bundle(tmp_path_factory.mktemp("speakers") / "smiling")
    return Pipeline(load_speaker(folder), "cpu")


def speech(frames: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    level = np.repeat(np.repeat(rng.uniform(0.01, 0.4, frames // 4 + 1), 4)[:frames], 640)
    return (rng.normal(size=640 * frames) * level).astype(np.float32).reshape(-1, 640)


def cues(behaviour: Behaviour, frames: int) -> list[Cue]:
    found = [behaviour.next(SILENCE) for _ in range(frames + 2)]
    assert found[:2] == [None, None]
    return [cue for cue in found if cue]


def test_without_life_the_loop_is_played_as_it_was_filmed() -> None:
    assert cues(Behaviour(2), 300) == [Cue(frame, frame) for frame in range(300)]


def test_a_thousand_gestures_at_once_are_a_few() -> None:
    lean = Gesture("lean", seconds=1.0)
    few, flooded = Behaviour(2), Behaviour(2)
    for _ in range(AT_ONCE):
        few.ask(lean)
    for _ in range(1000):
        flooded.ask(lean)
    bent = cues(flooded, 40)
    assert bent == cues(few, 40)
    nearest = max(cue.turn.within((0.0, 0.0, 0.0)).nearer for cue in bent)
    assert 0.05 < nearest <= NEAREST
    assert bent[-1].turn == AT_REST
    flooded.ask(lean)
    assert cues_now(flooded, 12)[-1].turn != AT_REST, "and then others may follow"


def cues_now(behaviour: Behaviour, frames: int) -> list[Cue]:
    return [cue for _ in range(frames) if (cue := behaviour.next(SILENCE))]


def test_a_gesture_begins_with_the_next_frame_and_ends() -> None:
    behaviour = Behaviour(2)
    before = cues(behaviour, 10)
    behaviour.ask(NOD)
    after = [behaviour.next(SILENCE) for _ in range(2 * FPS)]
    moving = [cue.turn != AT_REST for cue in after if cue]
    assert not any(cue.turn != AT_REST for cue in before)
    assert sum(moving) == pytest.approx(NOD.length * FPS, abs=1)
    assert moving[1]
    assert not moving[0]  # its first frame is where the head is


def test_a_gesture_may_be_asked_for_ahead_and_two_at_once_add_up() -> None:
    behaviour = Behaviour(2)
    behaviour.ask(NOD, 30)
    behaviour.ask(Gesture("tilt"), 30)
    found = cues(behaviour, 60)
    assert all(cue.turn == AT_REST for cue in found[:31])
    both = found[40].turn
    assert both.pitch == NOD.at(10 / FPS).pitch
    assert both.roll == Gesture("tilt").at(10 / FPS).roll


def test_the_same_seed_behaves_alike() -> None:
    def lived(seed: int) -> list[Cue | None]:
        behaviour = Behaviour(2, new_life(100, [range(5)], seed))
        return [behaviour.next(chunk) for chunk in speech(400)]

    assert lived(4) == lived(4)
    assert lived(4) != lived(5)
    assert any(cue.turn != AT_REST for cue in lived(4) if cue)


def test_a_film_shows_what_a_stream_of_the_same_seed_shows(lively: Pipeline) -> None:
    chunks = speech(40)
    stream = lively.open(SEED)
    stream.behaviour.ask(NOD, 5)
    live = [lively.step([stream], [chunk])[0] for chunk in [*chunks, SILENCE, SILENCE]][2:]
    score = [(5 / FPS, NOD)]
    film = list(draw_frames([lively, lively.replica()], chunks, score))
    assert len(film) == len(live) == 40
    for one, other in zip(film, live, strict=True):
        assert other is not None
        assert one.index == other.index
        assert int(np.abs(one.i420.astype(int) - other.i420).max()) <= 1
        assert one.motion.head == other.motion.head
    heads = [motion.head for _, motion in hear_motion(lively, chunks, score)]
    assert heads == [picture.motion.head for picture in film]


def test_of_callers_in_one_step_only_the_one_who_asked_nods(tiny: Speaker) -> None:
    pipeline = Pipeline(tiny, "cpu")
    alone, still, nodding = (pipeline.open() for _ in range(3))
    pipeline.gesture(nodding, NOD)
    frames: list[list[Picture | None]] = []
    for _ in range(12):
        one = pipeline.step([alone], [SILENCE])
        frames.append([*one, *pipeline.step([still, nodding], [SILENCE] * 2)])
    for first, second, third in frames[4:]:
        assert first
        assert second
        assert third
        assert int(np.abs(first.i420.astype(int) - second.i420).max()) <= 1
        assert (third.i420 != second.i420).mean() > 0.05
        assert third.motion.head[1] < second.motion.head[1]


def test_a_speaker_that_smiles_does_so_in_pictures_and_motion_and_another_does_not(
    tiny: Speaker, smiling: Pipeline
) -> None:
    plain, asked = speech(40), [(0.4, Gesture("smile", 0.7)), (0.4, Gesture("brows"))]
    motions = [motion for _, motion in hear_motion(smiling, plain, asked)]
    smiles = [motion.blend_shapes["mouthSmileLeft"] for motion in motions]
    assert max(smiles) == pytest.approx(0.7)
    assert smiles[:10] == [0] * 10
    assert not any(motion.brows for motion in motions), "which its video does not show"
    with_smile, without = (
        [picture.i420 for picture in draw_frames([smiling], plain, score)] for score in (asked, ())
    )
    differs = np.array([(a != b).any() for a, b in zip(with_smile, without, strict=True)])
    assert differs[np.array(smiles) > 0.1].all()
    assert not differs[np.array(smiles) == 0].any()
    nobody = [motion for _, motion in hear_motion(Pipeline(tiny, "cpu"), plain, asked)]
    assert not any(motion.smile for motion in nobody)
