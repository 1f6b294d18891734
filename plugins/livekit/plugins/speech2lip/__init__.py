"""A face for LiveKit Agents: `from livekit.plugins import speech2lip`."""

from streaming.doors.livekit_plugin import AvatarSession

__all__ = ["AvatarSession"]
