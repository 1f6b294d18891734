"""How late the event loop is: every track, packet and message of every call waits for it."""

import asyncio
import contextlib
from collections import deque

from streaming.core import metrics

SAMPLE_INTERVAL_S = 0.02
SAMPLES_KEPT = 500  # ten seconds


class LoopLag:
    """Wakes up every 20 ms and notes how late it was woken."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=SAMPLES_KEPT)
        self._task = asyncio.create_task(self._run())

    def p99(self) -> float:
        """Seconds."""
        ordered = sorted(self._late)
        return ordered[len(ordered) * 99 // 100] if ordered else 0.0

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            expected = loop.time() + SAMPLE_INTERVAL_S
            await asyncio.sleep(SAMPLE_INTERVAL_S)
            late = max(0.0, loop.time() - expected)
            self._late.append(late)
            metrics.LOOP_LAG.observe(late)
