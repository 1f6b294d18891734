"""A UDP socket that asks a STUN server how it is seen from outside."""

import asyncio
import socket
from typing import Any, cast

from aioice import stun

from avatar.errors import AvatarError

TRIES, PAUSE = 4, 0.5  # requests, and seconds after each

Address = tuple[str, int]


class StunProbe(asyncio.DatagramProtocol):
    """Sends binding requests; also answers them, so that it can be asked itself."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None
        self._answers: dict[bytes, asyncio.Future[Address]] = {}
        self.heard: asyncio.Queue[bytes] = asyncio.Queue(16)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        try:
            message = stun.parse_message(data)
        except ValueError:
            if not self.heard.full():
                self.heard.put_nowait(data)
            return
        answer = self._answers.get(message.transaction_id)
        if message.message_class == stun.Class.REQUEST:
            reply = stun.Message(
                message.message_method, stun.Class.RESPONSE, message.transaction_id
            )
            reply.attributes["XOR-MAPPED-ADDRESS"] = addr[:2]
            self.send(bytes(reply), addr)
        elif answer and not answer.done() and "XOR-MAPPED-ADDRESS" in message.attributes:
            answer.set_result(message.attributes["XOR-MAPPED-ADDRESS"])

    def send(self, data: bytes, address: Address) -> None:
        assert self._transport
        self._transport.sendto(data, address)

    async def ask(self, server: Address) -> Address:
        """This socket's address as `server` sees it. Raises TimeoutError if no answer comes."""
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        answer: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
        self._answers[request.transaction_id] = answer
        try:
            for _ in range(TRIES):
                self.send(bytes(request), server)
                done, _ = await asyncio.wait([answer], timeout=PAUSE)
                if done:
                    return await answer
            raise TimeoutError
        finally:
            del self._answers[request.transaction_id]

    def close(self) -> None:
        if self._transport:
            self._transport.close()


async def open_probe(host: str = "0.0.0.0") -> tuple[StunProbe, Address]:
    """A probe on a free port of `host`, and where it is. Raises OSError."""
    loop = asyncio.get_running_loop()
    transport, probe = await loop.create_datagram_endpoint(StunProbe, local_addr=(host, 0))
    return probe, transport.get_extra_info("sockname")[:2]


async def resolve(host: str, port: int) -> Address:
    """The IPv4 address of a name. Raises AvatarError."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, family=socket.AF_INET)
    except OSError as error:
        raise AvatarError(f"the name {host!r} is not known ({error.strerror})") from error
    return str(found[0][4][0]), port
