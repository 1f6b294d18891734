"""A face for pipecat: `from pipecat_speech2lip import AvatarVideoService`."""

from streaming.doors.pipecat import AvatarVideoService

__all__ = ["AvatarVideoService"]
