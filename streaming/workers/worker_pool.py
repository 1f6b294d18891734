"""All media workers of a machine: started, asked, started again when they die, ended."""

import asyncio
import contextlib
import json
import logging
import multiprocessing
import socket
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

from avatar.errors import AvatarError
from streaming.core import metrics
from streaming.server.call_ledger import load_of, strike_out
from streaming.server.errors import NotReadyError
from streaming.server.session_manager import ServerStoppingError
from streaming.workers import media_worker
from streaming.workers.known_call import KnownCall, WantedCall
from streaming.workers.media_worker import WorkerPlace

log = logging.getLogger(__name__)

START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 2.0  # for a question over the private line
LONGEST_ANSWER = 1 << 22  # bytes
END_TIMEOUT_S = 5.0  # to end, once no call is left
RESTART_PAUSE_S = 1.0


class MediaWorker:
    """One process, and its successors if it dies."""

    def __init__(self, place: WorkerPlace) -> None:
        self.place = place
        self.ready = asyncio.Event()
        self.pid = 0
        self._connections = 0
        self._writer: asyncio.StreamWriter | None = None
        self._answers: asyncio.Queue[list[KnownCall]] = asyncio.Queue()
        self._asking = asyncio.Lock()
        self._leaving = False

    @property
    def address(self) -> Path:
        """Where it serves."""
        return self.place.address

    @property
    def held(self) -> float:
        """Callers and viewers that it has, in callers."""
        return load_of(self.place.folder, self.place.name)

    @property
    def load(self) -> float:
        """Calls that it has, or may have soon."""
        return max(self.held, float(self._connections))

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """While a page is connected through to it."""
        self._connections += 1
        try:
            yield
        finally:
            self._connections -= 1

    async def keep(self) -> None:
        """Have a process until told to leave."""
        loop = asyncio.get_running_loop()
        while True:
            process, control = await loop.run_in_executor(None, self._start)
            await self._listen(control)
            self.ready.clear()
            await loop.run_in_executor(None, _end, process)
            strike_out(self.place.folder, self.place.name)
            if self._leaving:
                return
            log.error("media worker %d ended, its calls with it", self.place.number)
            await asyncio.sleep(RESTART_PAUSE_S)

    async def calls(self) -> list[KnownCall]:
        """Those that it has, or lately had; none if it does not answer."""
        async with self._asking:
            if not self.ready.is_set():
                return []
            while not self._answers.empty():
                self._answers.get_nowait()  # that came too late for whoever asked
            self._order("calls")
            try:
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    return await self._answers.get()
            except TimeoutError:
                log.warning("media worker %d does not answer", self.place.number)
                return []

    def leave(self, seconds: float) -> None:
        """Take no more calls, and end once there are none, or after so many seconds."""
        self._leaving = True
        self._order({"drain": seconds})

    def _order(self, order: object) -> None:
        if self._writer and not self._writer.is_closing():
            self._writer.write(json.dumps(order).encode() + b"\n")

    def _start(self) -> tuple[BaseProcess, socket.socket]:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        context = multiprocessing.get_context("spawn")
        process = context.Process(
            target=media_worker.run, args=(self.place, theirs), name=self.place.name, daemon=True
        )
        process.start()
        theirs.close()
        self.pid = process.pid or 0
        metrics.WORKER_STARTS.inc()
        return process, ours

    async def _listen(self, control: socket.socket) -> None:
        """Return when the process is gone."""
        reader, self._writer = await asyncio.open_connection(sock=control, limit=LONGEST_ANSWER)
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                said = json.loads(line)
                if said == "ready":
                    self.ready.set()
                else:
                    self._answers.put_nowait([KnownCall(**call) for call in said])
        self._writer.close()


class WorkerPool:
    """Everything that the workers have together."""

    def __init__(self, places: list[WorkerPlace]) -> None:
        self.workers = [MediaWorker(place) for place in places]
        self.stopping = False
        self._keeping: list[asyncio.Task[None]] = []

    @property
    def running(self) -> list[MediaWorker]:
        return [worker for worker in self.workers if worker.ready.is_set()]

    @property
    def load(self) -> float:
        """Callers and viewers of all, in callers."""
        return sum(worker.held for worker in self.workers)

    async def start(self) -> None:
        """Return once all of them serve. Raises AvatarError."""
        self._keeping = [asyncio.create_task(worker.keep()) for worker in self.workers]
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                for worker in self.workers:
                    await worker.ready.wait()
        except TimeoutError:
            await self.drain(0)
            raise AvatarError("the media workers do not start; see above") from None

    async def roomiest(self) -> MediaWorker:
        """The one for the next call. Raises AvatarError if there is none now."""
        return min(self._any(), key=lambda worker: worker.load)

    async def first(self) -> MediaWorker:
        """The one for what is no call. Raises AvatarError if there is none now."""
        return self._any()[0]

    async def calls(self) -> list[KnownCall]:
        """Those of all workers."""
        answers = await asyncio.gather(*(worker.calls() for worker in self.workers))
        return [call for calls in answers for call in calls]

    async def owner(self, wanted: WantedCall) -> MediaWorker | None:
        """The worker that has the newest call which suits, if there is one."""
        answers = await asyncio.gather(*(worker.calls() for worker in self.workers))
        found = [
            (call.begun or 0.0, number)
            for number, calls in enumerate(answers)
            for call in calls
            if wanted.suits(call)
        ]
        return self.workers[max(found)[1]] if found else None

    async def drain(self, seconds: float) -> None:
        """Have every worker take no more calls, and end, after `seconds` at the latest."""
        self.stopping = True
        log.info("stopping; calls have %g seconds", seconds)
        for worker in self.workers:
            worker.leave(seconds)
        await asyncio.gather(*self._keeping)

    def _any(self) -> list[MediaWorker]:
        running = self.running
        if self.stopping:
            running = [worker for worker in running if worker.held]  # the others are ending
            if not running:
                raise ServerStoppingError("the server is being restarted; try again in a minute")
        if not running:
            raise NotReadyError
        return running


def _end(process: BaseProcess) -> None:
    process.join(END_TIMEOUT_S)
    if process.is_alive():
        process.kill()
        process.join()
