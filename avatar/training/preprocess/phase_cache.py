"""Results of the phases on disk: written whole or not at all, found again by what made them."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from avatar.errors import AvatarError
from avatar.files import replace_file

Arrays = dict[str, NDArray[Any]]
SPARE_BYTES = 64 << 20  # for the small files beside the frames


def fingerprint(files: list[Path], *settings: object) -> str:
    """A key that changes with the files (path, size, time of change) or the settings."""
    stamps = [(str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    return hashlib.sha256(repr((stamps, settings)).encode()).hexdigest()


def require_space(folder: Path, needed: int) -> None:
    """Refuse before writing if `needed` bytes do not fit on the disk of `folder`."""
    free = shutil.disk_usage(folder).free
    if needed + SPARE_BYTES > free:
        raise AvatarError(
            f"{folder} has {free / 2**30:.1f} GiB free and the frames need "
            f"{(needed + SPARE_BYTES) / 2**30:.1f} GiB: free some space or choose another folder"
        )


class PhaseCache:
    """Named groups of arrays in one folder, each with the key of what it was computed from."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def load(self, name: str, key: str) -> Arrays | None:
        """The arrays stored under this name if they were made from `key`."""
        path = self._path(name)
        if not path.exists():
            return None
        with safe_open(path, framework="np") as stored:
            if (stored.metadata() or {}).get("key") != key:
                return None
            return {field: stored.get_tensor(field) for field in stored.keys()}  # noqa: SIM118

    def store(self, name: str, key: str, arrays: Arrays) -> None:
        """Write the arrays under a temporary name, then rename."""
        whole = {field: np.ascontiguousarray(array) for field, array in arrays.items()}
        with replace_file(self._path(name)) as temporary:
            save_file(whole, temporary, metadata={"key": key})

    def arrays(self, name: str, key: str, compute: Callable[[], Arrays]) -> Arrays:
        """The stored arrays, or else the computed ones, stored."""
        found = self.load(name, key)
        if found is None:
            found = compute()
            self.store(name, key, found)
        return found

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.safetensors"


def write_text(path: Path, text: str) -> None:
    """Replace a small text file atomically."""
    with replace_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def chain(key: str, *settings: object) -> str:
    """The key of a phase that follows from another one."""
    return hashlib.sha256(json.dumps([key, *map(repr, settings)]).encode()).hexdigest()
