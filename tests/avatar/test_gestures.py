"""Gestures as curves: smooth, within their angles, at rest at both ends."""

import numpy as np
import pytest

from avatar.audio import FPS
from avatar.errors import AvatarError
from avatar.gestures import (
    AT_REST,
    EXPRESSIONS,
    GESTURES,
    LARGEST_TURN,
    ExpressionName,
    Gesture,
    GestureName,
    HeadTurn,
    require,
)


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


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_eases_in_and_out_and_leaves_the_head_alone(name: ExpressionName) -> None:
    gesture = Gesture(name, 0.8)
    frames = range(-1, round(gesture.length * FPS) + 2)
    shown = np.array([gesture.shown_at(frame / FPS) for frame in frames])
    assert shown.max() == pytest.approx(0.8)
    assert shown[[0, 1, -1]].tolist() == [0, 0, 0]
    assert np.abs(np.diff(shown)).max() < 0.2
    assert {gesture.at(frame / FPS) for frame in frames} == {AT_REST}
    assert Gesture("nod").shown_at(0.3) == 0


def test_who_shows_no_smile_cannot_be_asked_for_one() -> None:
    require(Gesture("smile"), "anna", ["smile"])
    require(Gesture("nod"), "anna", [])
    with pytest.raises(AvatarError, match=r"^anna does not show brows .*; it can nod, .*smile$"):
        require(Gesture("brows"), "anna", ["smile"])
    assert Gesture("smile", -0.1).problem == "the strength of smile reaches from 0 to 1"
    assert not Gesture("nod", -1).problem
