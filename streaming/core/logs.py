"""What the server writes of itself: lines for people or JSON for machines, with the call's id.

Only the project's own loggers follow the chosen level. The libraries beneath stay at warnings: at
their debug level they write out messages and connection descriptions, and with those passwords.
"""

import json
import logging
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from avatar.errors import AvatarError

OWN = ("avatar", "streaming")
LEVELS = ("debug", "info", "warning", "error")
TEXT = "%(asctime)s %(levelname)s %(name)s%(call)s: %(message)s"

session_id: ContextVar[str] = ContextVar("session_id", default="")
"Of the call that the running task belongs to; tasks inherit it from the one that starts them."


@dataclass(frozen=True)
class LogSettings:
    """How to write, and from which level on."""

    format: Literal["text", "json"] = "text"
    level: str = "info"

    def __post_init__(self) -> None:
        if self.format not in ("text", "json"):
            raise AvatarError(f"log_format must be text or json, not {self.format}")
        if self.level not in LEVELS:
            raise AvatarError(f"log_level must be one of {', '.join(LEVELS)}, not {self.level}")


class TextLines(logging.Formatter):
    """One line for people, with the call's id if there is one."""

    def __init__(self) -> None:
        super().__init__(TEXT)

    def format(self, record: logging.LogRecord) -> str:
        call = session_id.get()
        record.call = f" [{call}]" if call else ""
        return super().format(record)


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, session, error."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if call := session_id.get():
            entry["session"] = call
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def set_up(settings: LogSettings) -> None:
    """Write to standard error; replaces what was set up before."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if settings.format == "json" else TextLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in OWN:
        logging.getLogger(name).setLevel(settings.level.upper())
