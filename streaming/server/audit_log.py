"""The audit log: who was shown, when, by what speech, and with which marks; one object a line."""

import asyncio
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from avatar.errors import AvatarError
from streaming.core.config import ServeConfig
from streaming.media.call import Call

log = logging.getLogger(__name__)


class AuditLog:
    """Appends to the file of `audit` in the settings; without one, nothing is written.

    The file is opened anew for every line, so that it may be moved away while the server runs.
    """

    def __init__(self, config: ServeConfig) -> None:
        """Raises AvatarError if the file cannot be written."""
        self._file = Path(config.audit) if config.audit else None
        marks = config.marks
        self._marks: dict[str, Any] = {"watermark": marks.watermark, "label": marks.label}
        if not marks.label:
            self._marks["label_reason"] = marks.label_reason
        if self._file:
            try:
                self._file.open("ab").close()
            except OSError as error:
                raise AvatarError(
                    f"the audit log {self._file} cannot be written ({error.strerror}); "
                    "name a file that can be in --audit"
                ) from error

    async def follow(self, call: Call) -> None:
        """Note a call when its face begins to move and when it ends; none that ends before."""
        stream = call.avatar_stream
        begun = asyncio.create_task(stream.clock.wait_started())
        ended = asyncio.create_task(call.closed.wait())
        try:
            await asyncio.wait((begun, ended), return_when=asyncio.FIRST_COMPLETED)
            if not begun.done():
                return
            since = stream.clock.monotonic()
            self._write("call begun", call, speaker=stream.speaker, source=stream.source)
            await ended
        finally:
            begun.cancel()
            ended.cancel()
        seconds = round(stream.clock.monotonic() - since, 1)
        used = {"speakers": stream.speakers, "sources": stream.sources}
        self._write("call ended", call, seconds=seconds, **used)

    def _write(self, event: str, call: Call, **values: Any) -> None:
        if not self._file:
            return
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        record = {"time": time, "event": event, "call": call.id, **values, "marks": self._marks}
        try:
            with self._file.open("ab", buffering=0) as file:
                file.write(json.dumps(record).encode() + b"\n")
        except OSError as error:
            log.error("the audit log %s lacks %s of %s: %s", self._file, event, call.id, error)
