"""Which running call somebody who comes through another door means, and may touch."""

from streaming.media.call import Call
from streaming.security.tokens import Grant
from streaming.server.errors import UnknownCallError
from streaming.server.session_manager import SessionManager


def find_call(sessions: SessionManager, grant: Grant, session: str) -> Call:
    """The call of id `session`, else the newest that `grant` is good for.

    Raises TokenError if the grant is for another call, UnknownCallError if there is none.
    """
    wanted = session or grant.session
    if not wanted:
        call = sessions.newest(lambda call: grant.allows(call.speaker, call.id))
    else:
        grant.check_session(wanted)
        call = sessions.find(wanted)
    if call is None:
        raise UnknownCallError(
            f"there is no call {wanted!r}; it has ended, or never was"
            if wanted
            else "there is no call yet; begin one first"
        )
    grant.check_speaker(call.speaker)
    return call
