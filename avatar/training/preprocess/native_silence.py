"""Native libraries that speak of themselves on standard error, past Python's streams."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def native_silence() -> Iterator[None]:
    """What is written to standard error meanwhile goes nowhere; what is raised goes on."""
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
