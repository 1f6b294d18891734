"""A program of this package in a process of its own, which files from strangers can neither hold up
nor harm: it writes one JSON object, in which `error` says what is wrong with the file.
"""

import asyncio
import contextlib
import json
import os
import sys
from typing import Any

from avatar.errors import AvatarError

MEMORY_LIMIT = 4 << 30  # bytes of addresses
NICENESS = 15  # calls go first


async def run_apart(module: str, arguments: list[str], seconds: float) -> dict[str, Any]:
    """What `module`, run as a program, answers.

    Raises AvatarError with its `error`, TimeoutError after `seconds`.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module, *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        raise AvatarError("the file cannot be looked at here; try `avatar verify`")
    found: dict[str, Any] = json.loads(output)
    if "error" in found:
        raise AvatarError(found["error"])
    return found


def give_way() -> None:
    """Called by the program: let calls go first, and take no more memory than there may be."""
    if sys.platform != "win32":
        import resource

        os.nice(NICENESS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
