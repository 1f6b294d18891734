"""Starts and ends the rendering process, and turns its pipe into something asyncio can read."""

import multiprocessing
import socket
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from avatar.errors import AvatarError
from streaming.core import metrics, temporary_files
from streaming.core.logs import LogSettings
from streaming.render import worker
from streaming.render.messages import FromWorker, Ready, Refused
from streaming.render.renderer import FindSpeakers

SHUTDOWN_TIMEOUT_S = 3.0  # seconds the process has to end by itself


def start_renderer(
    find: FindSpeakers, logging_as: LogSettings, meanwhile: Callable[[], object] = lambda: None
) -> tuple[BaseProcess, Connection, Ready]:
    """The process, the connection to it and what it can do, once it can render.

    `meanwhile` is called while it is under way. Raises AvatarError if it does not start.
    """
    temporary_files.prepare()
    context = multiprocessing.get_context("spawn")
    # Sockets, because on Windows a Pipe is none, and asyncio takes this end over as one.
    our_socket, theirs = socket.socketpair()
    ours = Connection(our_socket.detach())
    process = context.Process(
        target=worker.run, args=(find, theirs, logging_as), name="render", daemon=True
    )
    process.start()
    theirs.close()
    meanwhile()
    try:
        said: FromWorker = ours.recv()
    except EOFError as error:
        raise AvatarError("the rendering process ended while it started; see above") from error
    if isinstance(said, Refused):
        process.join()
        raise AvatarError(said.why)
    assert isinstance(said, Ready)
    metrics.RENDERER_STARTS.inc()
    return process, ours, said


def as_socket(connection: Connection) -> socket.socket:
    """The same socket for asyncio; the connection object is given up."""
    duplicate = socket.socket(fileno=socket.dup(connection.fileno()))
    connection.close()
    duplicate.setblocking(False)
    return duplicate


def end_renderer(process: BaseProcess) -> None:
    """Wait until the process has ended; kill it if it does not."""
    process.join(SHUTDOWN_TIMEOUT_S)
    if process.is_alive():
        process.kill()
        process.join()
