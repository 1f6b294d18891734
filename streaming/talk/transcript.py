"""What was said in a conversation, kept only if talk.yaml names a folder."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from avatar.errors import AvatarError

Who = Literal["person", "digital human"]


class Transcript:
    """A file of its own for each conversation: a JSON object a line."""

    def __init__(self, folder: str, call: str) -> None:
        """Raises AvatarError if the folder cannot be written to."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
        self._path = Path(folder) / f"{stamp}-{call}.jsonl"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8")
        except OSError as error:
            raise AvatarError(f"transcripts cannot be kept in {folder}: {error}") from error
        self._writing: set[asyncio.Future[None]] = set()

    def add(self, who: Who, text: str) -> None:
        """Keep what was said, now."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, "who": who, "text": text}, ensure_ascii=False)
        writing = asyncio.get_running_loop().run_in_executor(None, self._write, line)
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        """Wait until all of it is written."""
        await asyncio.gather(*self._writing, return_exceptions=True)
        self._file.close()

    def _write(self, line: str) -> None:
        self._file.write(line + "\n")
        self._file.flush()
