"""ICE restart (RFC 8445, section 9): a call goes on over another path of the network.

aiortc answers an offer with new ICE credentials as if nothing had changed. Here the connection
beneath takes new credentials of both sides and checks the new candidates from the sockets that it
has. The pair in use stays until another is nominated, so that what still arrives goes on arriving.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from aioice.ice import Connection
from aioice.utils import random_string
from aiortc import RTCIceTransport, RTCPeerConnection
from aiortc.rtcicetransport import RTCIceParameters
from aiortc.sdp import MediaDescription, SessionDescription

from avatar.errors import AvatarError

USERNAME, PASSWORD = 4, 22  # characters, as aioice makes them


class IceRestart:
    """Restarts the transports of one peer connection, as often as the other side asks for it."""

    def __init__(self, peer: RTCPeerConnection) -> None:
        self._peer = peer
        self._connecting: set[asyncio.Task[None]] = set()

    def check(self, offer: SessionDescription) -> None:
        """AvatarError unless `offer` brings new credentials to a connection that was there."""
        for transport, section in self._transports(offer):
            connection: Any = transport._connection
            if section.ice is None:
                raise AvatarError("the offer names no ICE credentials")
            if transport.state != "completed":
                raise AvatarError("there is no connection yet that could be restarted")
            if section.ice.usernameFragment == connection.remote_username:
                raise AvatarError("an offer within a call must restart ICE")

    async def renew(self, offer: SessionDescription) -> None:
        """Forget the path so far; from now on answers carry new credentials of this side."""
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        for transport, section in self._transports(offer):
            assert section.ice
            _renew(transport._connection, section.ice)

    async def connect(self, offer: SessionDescription) -> None:
        """Check the candidates of `offer`, now that it is answered, and those that come later."""
        for transport, section in self._transports(offer):
            for candidate in section.ice_candidates:
                await transport.addRemoteCandidate(candidate)
            task = asyncio.get_running_loop().create_task(_connect(transport._connection))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    def _transports(
        self, offer: SessionDescription
    ) -> Iterator[tuple[RTCIceTransport, MediaDescription]]:
        """Each transport with the first section that uses it."""
        by_mid = {one.mid: one.receiver.transport.transport for one in self._peer.getTransceivers()}
        seen = set()
        for section in offer.media:
            transport = by_mid[section.rtp.muxId]
            if transport not in seen:
                seen.add(transport)
                yield transport, section


def _renew(connection: Any, remote: RTCIceParameters) -> None:
    if connection._query_consent_task:
        connection._query_consent_task.cancel()
    for pair in connection._check_list:
        if pair.task:
            pair.task.cancel()
    for memory in ("_check_list", "_early_checks", "_nominating", "_remote_candidates"):
        getattr(connection, memory).clear()
    vars(connection).update(
        _check_list_done=False,
        _check_list_maybe_complete=lambda: _maybe_complete(connection),
        _check_list_state=asyncio.Queue(),
        _early_checks_done=False,
        _local_password=random_string(PASSWORD),
        _local_username=random_string(USERNAME),
        remote_is_lite=remote.iceLite,
        remote_password=remote.password,
        remote_username=remote.usernameFragment,
    )


def _maybe_complete(connection: Any) -> bool:
    """As aioice has it, but the pair of before, which is still in use, counts for nothing."""
    if not all(pair in connection._check_list for pair in connection._nominated.values()):
        return False
    return Connection._check_list_maybe_complete(connection)


async def _connect(connection: Connection) -> None:
    with contextlib.suppress(ConnectionError):  # it was closed meanwhile
        await connection.connect()
