"""Looks at one video in a process of its own.

    python -m streaming.server.verify_process FILE [SPEAKER...]

writes what was found as JSON, or `error` with what is wrong with the file.
"""

import json
import sys
from pathlib import Path
from typing import Any

from avatar.errors import AvatarError
from streaming.server.apart import give_way, run_apart

TIME_LIMIT = 60.0  # seconds


async def verify_apart(file: Path, speakers: list[str]) -> dict[str, Any]:
    """The values and `words` of a verification; `speakers`: the names it may give.

    Raises AvatarError if the file is no video, or takes longer than TIME_LIMIT.
    """
    try:
        return await run_apart(__name__, [str(file), *speakers], TIME_LIMIT)
    except TimeoutError:
        raise AvatarError(
            f"the video takes longer than {TIME_LIMIT:.0f} s to check; send a shorter part of it, "
            "or use `avatar verify`"
        ) from None


def main(file: Path, speakers: list[str]) -> None:
    """The process."""
    from streaming.marks.verify import verify

    give_way()
    try:
        found = verify(file).named(speakers)
        answer = {"words": found.words(), **found.values()}
    except AvatarError as error:
        answer = {"error": str(error).replace(str(file), "the file")}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
