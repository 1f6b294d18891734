"""A face for pipecat: `from pipecat_speech2lip import AvatarVideoService`."""

from avatar.gestures import Gesture
from streaming.doors.gesture_frame import GestureFrame
from streaming.doors.pipecat import AvatarVideoService

__all__ = ["AvatarVideoService", "Gesture", "GestureFrame"]
