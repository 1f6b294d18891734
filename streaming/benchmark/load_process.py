"""A process of callers.

    python -m streaming.benchmark.load_process ADDRESS COUNT [TOKEN]

calls COUNT times, writes `live` once every call has pictures, counts from the next line of its
standard input until that ends, writes what each call received as JSON, and hangs up.
"""

import asyncio
import json
import sys
from dataclasses import asdict

from avatar.errors import AvatarError
from streaming.benchmark.load_caller import LoadCaller, coded_speech


async def run(address: str, count: int, token: str) -> None:
    """Raises AvatarError if a call is refused."""
    voice = coded_speech()
    callers = [LoadCaller(address, token, voice) for _ in range(count)]
    for caller in callers:
        await caller.call()
    print("live", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for caller in callers:
        caller.begin()
    await asyncio.to_thread(sys.stdin.read)
    found = await asyncio.gather(*(caller.hang_up() for caller in callers))
    print(json.dumps([asdict(one) for one in found]), flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(run(sys.argv[1], int(sys.argv[2]), (sys.argv[3:] or [""])[0]))
    except AvatarError as error:
        print(f"refused: {error}", flush=True)
