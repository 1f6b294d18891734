"""Which call a request of LiveTalking's pages names: a number in its body."""

import json

from streaming.doors.livetalking import read_form


def named_session(content_type: str, body: bytes) -> int | None:
    """The number in a form or in an object of JSON; None if there is none."""
    try:
        if content_type.startswith("multipart/"):
            return int(read_form(content_type, body)["sessionid"])
        return int(json.loads(body)["sessionid"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
