"""The pipeline: numbering, batches, reset, and what it leaves untouched."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from avatar.media.samples import Samples
from avatar.rendering.frame_batches import draw_frames
from avatar.rendering.pipeline import FramesUnderWay, Picture, Pipeline, Stream, step_together
from avatar.rendering.reference_loop import ReferenceLoop
from avatar.rendering.speech_features import features_of
from avatar.speakers.speaker import Speaker


@pytest.fixture(scope="module")
def pipeline(tiny: Speaker) -> Pipeline:
    return Pipeline(tiny, device="cpu")


def sound(seed: int, frames: int) -> Samples:
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.uniform(0.01, 0.4, frames), 640)
    return (rng.normal(size=frames * 640) * level).astype(np.float32)


def run(pipeline: Pipeline, stream: Stream, samples: Samples) -> list[Picture | None]:
    return [pipeline.step([stream], [chunk])[0] for chunk in samples.reshape(-1, 640)]


def same(a: Picture | None, b: Picture | None) -> bool:
    """Equal up to the rounding of one grey level."""
    assert a is not None
    assert b is not None
    assert a.index == b.index
    return int(np.abs(a.i420.astype(int) - b.i420).max()) <= 1


def test_pictures_are_numbered_by_the_sound_they_show(pipeline: Pipeline) -> None:
    pictures = run(pipeline, pipeline.open(), sound(1, 6))
    assert pipeline.size == (128, 128)
    assert pictures[:2] == [None, None]
    assert [picture.index for picture in pictures[2:] if picture] == [0, 1, 2, 3]
    for picture in pictures[2:]:
        assert picture is not None
        assert picture.i420.shape == (192, 128)
        assert picture.i420.dtype == np.uint8


def test_sound_moves_the_mouth_and_nothing_else(pipeline: Pipeline, tiny: Speaker) -> None:
    loud = run(pipeline, pipeline.open(), sound(1, 6))[-1]
    other = run(pipeline, pipeline.open(), sound(2, 6))[-1]
    assert loud is not None
    assert other is not None
    changed = loud.i420[:128] != other.i420[:128]
    rows, columns = np.nonzero(changed)
    assert changed.any()
    loop = ReferenceLoop(tiny, torch.device("cpu"))
    (x, y), (h, w) = loop.origins[3], loop.size
    assert y <= rows.min() <= rows.max() < y + h
    assert x <= columns.min() <= columns.max() < x + w
    reference = loop.pictures[3].numpy()
    assert (loud.i420[:y] == reference[:y]).all()


def test_batch_equals_alone_also_at_other_places_of_the_loop(pipeline: Pipeline) -> None:
    sounds = [sound(seed, 12) for seed in range(3)]
    alone = [run(pipeline, pipeline.open(), samples) for samples in sounds]
    streams = [pipeline.open() for _ in sounds]
    together: list[list[Picture | None]] = [[], [], []]
    for tick in range(18):
        due = [i for i in range(3) if 3 * i <= tick < 3 * i + 12]  # each joins three frames later
        chunks = [sounds[i][640 * (tick - 3 * i) :][:640] for i in due]
        for i, picture in zip(due, pipeline.step([streams[i] for i in due], chunks), strict=True):
            together[i].append(picture)
    for one, batch in zip(alone, together, strict=True):
        assert one[:2] == batch[:2] == [None, None]
        assert all(same(a, b) for a, b in zip(one[2:], batch[2:], strict=True))


def test_reset_forgets(pipeline: Pipeline) -> None:
    stream = pipeline.open()
    first = run(pipeline, stream, sound(1, 8))
    run(pipeline, stream, sound(2, 5))
    stream.reset()
    again = run(pipeline, stream, sound(1, 8))
    assert again[:2] == [None, None]
    assert all(same(a, b) for a, b in zip(first[2:], again[2:], strict=True))


def test_what_was_only_heard_changes_no_later_picture(pipeline: Pipeline) -> None:
    seen, missed, samples = pipeline.open(), pipeline.open(), sound(6, 10)
    whole = run(pipeline, seen, samples)
    for number, chunk in enumerate(samples.reshape(-1, 640)):
        if number in (0, 3, 4, 7):
            pipeline.hear([missed], [chunk])
            continue
        (picture,) = pipeline.step([missed], [chunk])
        assert picture is None if number < 2 else same(picture, whole[number])


def test_loop_turns_for_ever(tiny: Speaker) -> None:
    loop = ReferenceLoop(tiny, torch.device("cpu"))
    order = tiny.track.order.tolist()
    turn = [loop.frame_at(position) for position in range(2 * len(order))]
    assert turn == order * 2
    steps = np.abs(np.diff(tiny.track.poses[turn, 3].numpy()))
    assert steps.max() < 0.03  # no jump at the seam


def test_stream_hears_what_the_whole_sound_says(
    tiny: Speaker, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = sound(3, 20)
    seen: list[torch.Tensor] = []
    draw = pipeline.draw

    def note(windows: torch.Tensor, positions: Sequence[int]) -> FramesUnderWay:
        seen.append(windows[0])
        return draw(windows, positions)

    monkeypatch.setattr(pipeline, "draw", note)
    run(pipeline, pipeline.open(), samples)
    whole = torch.from_numpy(features_of(tiny.networks.encoder, samples)[:18])
    windows = tiny.networks.head.windows(whole)
    torch.testing.assert_close(seen[-1], windows[-1], atol=1e-4, rtol=1e-4)


def test_a_speaker_that_hears_less_far_ahead_draws_sooner_beside_another(
    tiny: Speaker, tiny_prompt: Speaker
) -> None:
    pipelines = [Pipeline(tiny, "cpu"), Pipeline(tiny_prompt, "cpu")]
    streams, samples = [pipeline.open() for pipeline in pipelines], sound(4, 6)
    drawn: list[list[Picture | None]] = [[], []]
    for chunk in samples.reshape(-1, 640):
        asked = [(*both, chunk) for both in zip(pipelines, streams, strict=True)]
        for row, picture in enumerate(step_together(asked)):
            drawn[row].append(picture)
    late, prompt = drawn
    assert late[:2] == [None, None]
    assert prompt[0] is None
    assert [picture.index for picture in prompt[1:] if picture] == [0, 1, 2, 3, 4]
    alone = run(pipelines[1], pipelines[1].open(), samples)
    assert all(same(a, b) for a, b in zip(prompt[1:], alone[1:], strict=True))


def test_a_film_is_what_a_stream_shows_however_far_ahead_is_heard(tiny_prompt: Speaker) -> None:
    pipeline = Pipeline(tiny_prompt, "cpu")
    chunks = [*sound(5, 7).reshape(-1, 640), np.zeros(640, np.float32)]
    live = [pipeline.step([stream], [chunk])[0] for stream in [pipeline.open()] for chunk in chunks]
    film = list(draw_frames([pipeline], chunks[:-1]))
    assert [picture.index for picture in film] == list(range(7))
    assert all(same(a, b) for a, b in zip(film, live[1:], strict=True))


def test_paper_preset_renders(tiny_paper: Speaker) -> None:
    pipeline = Pipeline(tiny_paper, device="cpu")
    last = run(pipeline, pipeline.open(), sound(1, 5))[-1]
    assert last is not None
    assert pipeline.scene.place([0]).regions.shape[-2:] == (128, 128)  # of its Blend-Net


def test_speakers_step_together_as_each_by_itself(tiny: Speaker, tiny_paper: Speaker) -> None:
    realtime, paper = Pipeline(tiny, "cpu"), Pipeline(tiny_paper, "cpu")
    pipelines = [realtime, paper, realtime]
    sounds = [sound(seed, 5) for seed in (1, 2, 3)]
    alone = [
        run(pipeline, pipeline.open(), samples)
        for pipeline, samples in zip(pipelines, sounds, strict=True)
    ]
    streams = [pipeline.open() for pipeline in pipelines]
    for number in range(5):
        chunks = [samples[640 * number :][:640] for samples in sounds]
        together = step_together(list(zip(pipelines, streams, chunks, strict=True)))
        for row, picture in enumerate(together):
            if number < 2:
                assert picture is None
            else:
                assert same(picture, alone[row][number])


def test_no_thread_of_numpy_waits_for_work_between_frames(tiny: Speaker) -> None:
    with threadpool_limits(2, user_api="blas"):
        Pipeline(tiny, device="cpu")
        pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert pools
    assert all(pool["num_threads"] == 1 for pool in pools)
