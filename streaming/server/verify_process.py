"""Looks at one video in a process of its own, which strangers' files can neither hold up nor harm.

    python -m streaming.server.verify_process FILE [SPEAKER...]

writes what was found as JSON, or `error` with what is wrong with the file.
"""

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from avatar.errors import AvatarError

TIME_LIMIT = 60.0  # seconds
MEMORY_LIMIT = 4 << 30  # bytes of addresses
NICENESS = 15  # calls go first


async def verify_apart(file: Path, speakers: list[str]) -> dict[str, Any]:
    """The values and `words` of a verification; `speakers`: the names it may give.

    Raises AvatarError if the file is no video, or takes longer than TIME_LIMIT.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", __name__, str(file), *speakers),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    try:
        async with asyncio.timeout(TIME_LIMIT):
            output, _ = await process.communicate()
    except TimeoutError:
        raise AvatarError(
            f"the video takes longer than {TIME_LIMIT:.0f} s to check; send a shorter part of it, "
            "or use `avatar verify`"
        ) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        raise AvatarError("the file cannot be checked here; try `avatar verify`")
    found: dict[str, Any] = json.loads(output)
    if "error" in found:
        raise AvatarError(found["error"])
    return found


def main(file: Path, speakers: list[str]) -> None:
    """The process."""
    from streaming.marks.verify import verify

    _give_way()
    try:
        found = verify(file).named(speakers)
        answer = {"words": found.words(), **found.values()}
    except AvatarError as error:
        answer = {"error": str(error).replace(str(file), "the file")}
    print(json.dumps(answer))


def _give_way() -> None:
    if sys.platform != "win32":
        import resource

        os.nice(NICENESS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
