"""The least a page needs: a WebSocket that is asked and answers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.fuzz.profile import HANG
from tests.streaming.support.live_server import LiveServer


class Page:
    """A page that says what it likes."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def send(self, message: str | bytes | dict[str, Any]) -> None:
        self._socket.send(json.dumps(message) if isinstance(message, dict) else message)

    def expect(self, *kinds: str) -> dict[str, Any] | None:
        """The next message of one of these types; None if the server ended the connection."""
        try:
            while True:
                text = self._socket.recv(timeout=HANG)
                assert isinstance(text, str)
                assert "Traceback" not in text
                message: dict[str, Any] = json.loads(text)
                if message["type"] in kinds:
                    return message
        except ConnectionClosed:
            return None


@contextmanager
def open_page(server: LiveServer) -> Iterator[Page]:
    with connect(server.address.replace("http", "ws") + "/ws", open_timeout=HANG) as socket:
        yield Page(socket)
