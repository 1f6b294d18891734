"""Blinks of the default speaker, judged by its true frames: one blink is put where another was."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from avatar.i420 import I420, to_rgb
from avatar.rendering.eyelids import Eyelids
from avatar.speakers.eyes import Eyes
from avatar.speakers.speaker import Speaker, load_speaker

FIRST, SECOND = range(50, 55), range(196, 201)  # the frames in which it blinks
ORDER = list(range(250))


@pytest.fixture(scope="module")
def demo() -> Speaker:
    return load_speaker("demo")


@pytest.fixture(scope="module")
def eyes(demo: Speaker) -> Eyes:
    assert demo.eyes
    return demo.eyes


@pytest.fixture(scope="module")
def filmed(demo: Speaker) -> torch.Tensor:
    return torch.from_numpy(np.stack(list(demo.reference())))


@pytest.fixture(scope="module")
def lids(demo: Speaker, eyes: Eyes) -> Eyelids:
    return Eyelids(eyes, demo.canonical, demo.track.poses)


@pytest.fixture(scope="module")
def opened(filmed: torch.Tensor, lids: Eyelids) -> torch.Tensor:
    pictures = filmed.clone()
    lids.open_all(pictures, ORDER)
    return pictures


def eye_region(lids: Eyelids, picture: I420, frame: int) -> NDArray[np.float64]:
    rows, columns, _, _ = lids.region(frame)
    return to_rgb(picture)[rows, columns].astype(float)


def psnr(lids: Eyelids, made: I420, true: I420, frame: int) -> float:
    difference = eye_region(lids, made, frame) - eye_region(lids, true, frame)
    return float(10 * np.log10(255**2 / (difference**2).mean()))


def test_one_blink_stands_in_for_another_as_the_true_frames_show_it(
    eyes: Eyes, lids: Eyelids, filmed: torch.Tensor, opened: torch.Tensor
) -> None:
    closed = eyes.closed.numpy()
    made, left = [], []
    for at, frame in enumerate(SECOND):
        alike = int(np.abs(closed[:5] - closed[5 + at]).argmin())
        picture, true = opened[frame].numpy().copy(), filmed[frame].numpy()
        left.append(psnr(lids, picture, true, frame))
        lids.blink(picture, frame, alike)
        made.append(psnr(lids, picture, true, frame))
    print("eye region, dB: pasted", np.round(made, 1), "left open", np.round(left, 1))
    inner = slice(1, 4)  # the first and the last picture are blended with the open eyes
    assert min(made[inner]) > 37
    assert max(left[inner]) < 30


def test_open_eyes_are_put_as_the_true_frames_show_them(
    demo: Speaker, eyes: Eyes, filmed: torch.Tensor
) -> None:
    made_up = torch.ones(250)
    made_up[100:105] = 0.1
    lids = Eyelids(replace(eyes, openness=made_up), demo.canonical, demo.track.poses)
    pictures = filmed.clone()
    lids.open_all(pictures, ORDER)
    changed = [n for n in range(250) if not torch.equal(pictures[n], filmed[n])]
    found = [psnr(lids, pictures[n].numpy(), filmed[n].numpy(), n) for n in changed]
    print("eye region, dB: open", np.round(found, 1))
    assert changed == list(range(98, 107))
    assert min(found) > 36


def test_the_loop_no_longer_blinks_and_nothing_else_of_it_changes(
    lids: Eyelids, filmed: torch.Tensor, opened: torch.Tensor
) -> None:
    changed = [n for n in range(250) if not torch.equal(opened[n], filmed[n])]
    assert set(changed) == {n for run in (FIRST, SECOND) for n in range(run[0] - 2, run[-1] + 3)}
    rows, columns, _, _ = lids.region(52)
    outside = opened[52].numpy() != filmed[52].numpy()
    outside[rows, columns] = False
    assert not outside[:512].any()


def test_a_blink_comes_and_goes_without_a_jump(lids: Eyelids, opened: torch.Tensor) -> None:
    frames = [*range(120, 126), *range(126, 130)]
    shown = []
    for step, frame in enumerate(frames):
        picture = opened[frame].numpy().copy()
        if 2 <= step < 7:
            lids.blink(picture, frame, step - 2)
        shown.append(eye_region(lids, picture, 120).mean())
    filmed_step = np.abs(np.diff([eye_region(lids, opened[n].numpy(), 120).mean() for n in frames]))
    assert np.abs(np.diff(shown)).max() < 8 + filmed_step.max()  # grey levels of the whole region


def test_a_loop_whose_eyes_never_open_is_left_alone(
    demo: Speaker, eyes: Eyes, filmed: torch.Tensor
) -> None:
    shut = Eyelids(replace(eyes, openness=torch.zeros(250)), demo.canonical, demo.track.poses)
    pictures = filmed.clone()
    shut.open_all(pictures, ORDER)
    assert torch.equal(pictures, filmed)
