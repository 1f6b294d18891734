"""Two callers where /dev/shm has room for one: `python -m tests.streaming.support.small_memory`.

Mounts a /dev/shm of 2.5 MB, so it must have a mount namespace of its own. Prints JSON: why the
second was refused, how many pictures the first was brought afterwards, and whether a third finds
room once the first has left.
"""

import asyncio
import functools
import json
import subprocess
from pathlib import Path

import numpy as np

from streaming.render.client import RenderClient
from streaming.render.picture_memory import NoSharedMemoryError
from tests.streaming.support.level_bar import find_bars

PICTURES = 10


async def main() -> None:
    worker = RenderClient(functools.partial(find_bars, Path()))
    await worker.attach()
    shown: list[int] = []
    first = await worker.join("bar", lambda number, _: shown.append(number))
    why = ""
    try:
        await worker.join("bar", lambda *_: None)
    except NoSharedMemoryError as error:
        why = str(error)
    for number in range(PICTURES + worker.ready.capacity.callers):
        worker.submit(first, number, np.zeros(640, np.float32))
        await asyncio.sleep(0.02)
        if len(shown) >= PICTURES:
            break
    worker.leave(first)
    third = await worker.join("bar", lambda *_: None)
    worker.leave(third)
    await worker.stop()
    print(json.dumps({"why": why, "pictures": len(shown)}))


if __name__ == "__main__":
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2500k", "tmpfs", "/dev/shm"], check=True)
    asyncio.run(main())
