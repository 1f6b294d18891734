"""One thing that was looked at."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["good", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """What was looked at, and what is to be done about it."""

    what: str
    verdict: Verdict
    "`bad`: calls would fail. `note`: some would, or something else is missing."
    words: str
