"""Where a renderer comes from: a process of one's own, or one that several servers share."""

import multiprocessing
import os
import socket
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Protocol

from avatar.errors import AvatarError
from streaming.core import metrics, temporary_files
from streaming.core.logs import LogSettings
from streaming.render import worker
from streaming.render.messages import FromWorker, Ready, Refused
from streaming.render.renderer import FindSpeakers

SHUTDOWN_TIMEOUT_S = 3.0  # seconds the process has to end by itself


class RendererSource(Protocol):
    """Opens connections to a renderer, one at a time."""

    owned: bool
    "Whether it is a process of this one's own."

    def open(self) -> tuple[Connection, Ready]:
        """A connection, and what the renderer can do, once it can render. Raises AvatarError."""
        ...

    def running(self) -> bool:
        """Whether it can be given something to render."""
        ...

    def close(self) -> None:
        """Let it go, once the connection is closed."""
        ...


class OwnRenderer:
    """A rendering process, started for each connection."""

    owned = True

    def __init__(
        self,
        find: FindSpeakers,
        logging_as: LogSettings,
        shared_at: str = "",
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        """`shared_at`: path of a socket at which others may use it too; `meanwhile` is called
        once while the first process starts."""
        self._find = find
        self._logging_as = logging_as
        self._shared_at = shared_at
        self._meanwhile: Callable[[], object] = meanwhile
        self._process: BaseProcess | None = None

    def open(self) -> tuple[Connection, Ready]:
        temporary_files.prepare()
        context = multiprocessing.get_context("spawn")
        # Sockets, because on Windows a Pipe is none, and asyncio takes this end over as one.
        our_socket, theirs = socket.socketpair()
        connection = Connection(our_socket.detach())
        again = self._process is not None
        wanted = (self._find, theirs, self._logging_as, self._shared_at, again)
        process = context.Process(target=worker.run, args=wanted, name="render", daemon=True)
        process.start()
        theirs.close()
        self._meanwhile()
        self._meanwhile = lambda: None
        try:
            ready = _greeted(connection)
        except AvatarError:
            process.join()
            raise
        self._process = process
        metrics.RENDERER_STARTS.inc()
        return connection, ready

    def running(self) -> bool:
        return self._process is not None and self._process.is_alive()

    def close(self) -> None:
        """Wait until the process has ended; kill it if it does not."""
        if self._process is None:
            return
        self._process.join(SHUTDOWN_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


class SharedRenderer:
    """A rendering process that somebody else owns, and starts again if it dies."""

    owned = False

    def __init__(self, address: str) -> None:
        """`address`: path of its socket."""
        self._address = address

    def open(self) -> tuple[Connection, Ready]:
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(self._address)
        except OSError as error:
            line.close()
            raise AvatarError(f"the renderer does not answer ({error.strerror})") from error
        connection = Connection(line.detach())
        ready = _greeted(connection)
        self._pid = ready.pid
        return connection, ready

    def running(self) -> bool:
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return False
        return True

    def close(self) -> None:
        pass


def _greeted(connection: Connection) -> Ready:
    try:
        said: FromWorker = connection.recv()
    except (EOFError, ConnectionError) as error:
        raise AvatarError("the rendering process ended while it started; see above") from error
    if isinstance(said, Refused):
        raise AvatarError(said.why)
    assert isinstance(said, Ready)
    return said


def as_socket(connection: Connection) -> socket.socket:
    """The same socket for asyncio; the connection object is given up."""
    duplicate = socket.socket(fileno=socket.dup(connection.fileno()))
    connection.close()
    duplicate.setblocking(False)
    return duplicate
