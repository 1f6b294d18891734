"""A caller who changes networks in the middle of a call: new sockets, new ICE credentials."""

import asyncio
from typing import Any

from aiortc.rtcicetransport import RTCIceParameters
from aiortc.sdp import SessionDescription

from streaming.webrtc.aiortc_patches.ice_restart import _connect, _renew
from tests.streaming.support.talking_peer import TalkingPeer


class MovingPeer(TalkingPeer):
    """Does for a caller's side what `IceRestart` does for the server's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._left: list[Any] = []  # sockets, which carry sound until others are found

    @property
    def connection(self) -> Any:
        """aioice's, of both tracks."""
        return self.peer.getReceivers()[0].transport.transport._connection

    async def move(self) -> str:
        """An offer that restarts ICE, from sockets at the addresses that there are now."""
        gatherer: Any = self.peer.getReceivers()[0].transport.transport.iceGatherer
        gatherer._remote_candidates_end = False
        _renew(self.connection, RTCIceParameters())
        self._left += self.connection._protocols
        vars(self.connection).update(
            _protocols=[],
            _local_candidates=[],
            _local_candidates_start=False,
            _remote_candidates_end=False,
        )
        await self.connection.gather_candidates()
        return await self.offer()

    async def arrive(self, answer: str) -> None:
        """Go on by what the server answered."""
        ice = SessionDescription.parse(answer).media[0].ice
        self.connection.remote_username = ice.usernameFragment
        self.connection.remote_password = ice.password
        await self.take_answer(answer)
        self._tasks.append(asyncio.create_task(_connect(self.connection)))

    async def close(self) -> None:
        await super().close()
        await asyncio.gather(*(socket.close() for socket in self._left))

    @property
    def port(self) -> int:
        """Of the socket that media goes through."""
        return int(self.connection._nominated[1].local_candidate.port)

    @property
    def address(self) -> str:
        """Of the same."""
        return str(self.connection._nominated[1].local_candidate.host)
