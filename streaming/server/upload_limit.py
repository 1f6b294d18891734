"""How many videos of strangers a server takes at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from streaming.security.ip_addresses import network_of
from streaming.security.rate_limit import TooManyError
from streaming.server.session_manager import ServerFullError


class UploadLimit:
    """Who sends a video, or has one looked at: each address one, all together `at_once`."""

    def __init__(self, at_once: int = 2) -> None:
        self._at_once = at_once
        self._taken: set[str] = set()

    @contextmanager
    def take(self, address: str) -> Iterator[None]:
        """Raises TooManyError, ServerFullError."""
        network = network_of(address)
        if network in self._taken:
            raise TooManyError("a video from your address is being looked at; wait for it")
        if len(self._taken) >= self._at_once:
            raise ServerFullError("other videos are being looked at; try again in a minute")
        self._taken.add(network)
        try:
            yield
        finally:
            self._taken.remove(network)
