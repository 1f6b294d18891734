"""What a token for a room of LiveKit says, so that a wrong one is refused in words."""

from typing import Any

import jwt

from avatar.errors import AvatarError

PUBLISH_ON_BEHALF = "lk.publish_on_behalf"  # the attribute that names the agent
READING = {"verify_signature": False, "verify_exp": True}  # only its own server has the key


def agent_of(token: str) -> str:
    """The identity of the agent whose avatar may join with `token`.

    Raises AvatarError if that is none for an avatar, or has run out. Whether it is genuine, the
    room's server says.
    """
    try:
        claims = jwt.decode(token, options=READING)  # type: ignore[arg-type]
    except jwt.ExpiredSignatureError:
        raise AvatarError("the token for the room has run out; make a new one") from None
    except jwt.InvalidTokenError:
        raise AvatarError(
            "the token is none of LiveKit's; make one with livekit.api.AccessToken"
        ) from None
    if not _part(claims, "video").get("roomJoin"):
        raise AvatarError("the token must let its holder join a room: VideoGrants(room_join=True)")
    agent = _part(claims, "attributes").get(PUBLISH_ON_BEHALF)
    if claims.get("kind") != "agent" or not isinstance(agent, str) or not agent:
        raise AvatarError(
            'the token must be an avatar\'s: .with_kind("agent") and '
            f'.with_attributes({{"{PUBLISH_ON_BEHALF}": IDENTITY_OF_THE_AGENT}})'
        )
    return agent


def _part(claims: dict[str, Any], name: str) -> dict[str, Any]:
    part = claims.get(name)
    return part if isinstance(part, dict) else {}
