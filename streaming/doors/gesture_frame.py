"""A gesture on its way through a pipeline of pipecat."""

from dataclasses import dataclass

from pipecat.frames.frames import DataFrame

from avatar.gestures import Gesture


@dataclass
class GestureFrame(DataFrame):
    """A gesture for the face to make when it comes to it."""

    gesture: Gesture
