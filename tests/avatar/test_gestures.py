"""Gestures as curves: smooth, within their angles, at rest at both ends."""

import numpy as np
import pytest

from avatar.audio import FPS
from avatar.gestures import AT_REST, GESTURES, LARGEST_TURN, Gesture, GestureName, HeadTurn


def curve(gesture: Gesture) -> np.ndarray:
    """(F, 4) what it does in every frame, from one before it to one after."""
    frames = range(-1, round(gesture.length * FPS) + 2)
    return np.array([list(vars(gesture.at(frame / FPS)).values()) for frame in frames])


@pytest.mark.parametrize("name", GESTURES)
def test_a_gesture_moves_the_head_and_brings_it_back_without_a_jerk(name: GestureName) -> None:
    turns = curve(Gesture(name))
    assert np.abs(turns).max(axis=0).max() > 0.03
    assert not turns[[0, 1, -1]].any()
    speed = np.diff(turns, axis=0)
    assert np.abs(speed[[1, -2]]).max() < 0.4  # degrees a frame, where it begins and ends
    assert np.abs(speed).max() < 2.5
    assert np.abs(turns[:, :3]).max() <= LARGEST_TURN


@pytest.mark.parametrize("name", GESTURES)
def test_strength_and_length_scale_it_and_less_than_nothing_mirrors_it(name: GestureName) -> None:
    whole, half = Gesture(name), Gesture(name, 0.5, 2 * Gesture(name).length)
    moment = 0.4 * whole.length
    found, wanted = vars(half.at(2 * moment)), vars(whole.at(moment).times(0.5))
    assert found == pytest.approx(wanted, abs=1e-9)
    assert Gesture(name, -1).at(moment) == whole.at(moment).times(-1)
    assert half.at(1.1 * whole.length) != AT_REST


def test_no_sum_of_gestures_leads_beyond_the_largest_turn() -> None:
    turn = HeadTurn(20, -20, 5, 0.1)
    assert turn.within((3, 0, -2)) == HeadTurn(9, -12, 5, 0.1)
    assert turn.within((-3, -14, 0)) == HeadTurn(15, 0, 5, 0.1)  # it is not turned back either
