"""Somewhere to write for the libraries beneath, also in a read-only container, for any user."""

import getpass
import os
import tempfile
from pathlib import Path

from avatar.errors import AvatarError

SHARED_MEMORY = Path("/dev/shm")
TORCH_CACHE = "TORCHINDUCTOR_CACHE_DIR"  # torch asks who the user is, unless this is set


def prepare() -> None:
    """Set the environment of this process, and of those that it starts, where something is missing.

    Raises AvatarError if nothing at all can be written to.
    """
    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError:
        if not os.access(SHARED_MEMORY, os.W_OK):
            raise AvatarError(
                "there is no folder for temporary files: give one in TMPDIR, or to a read-only "
                "container by --tmpfs /tmp"
            ) from None
        folder = os.environ["TMPDIR"] = tempfile.tempdir = str(SHARED_MEMORY)
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = folder
    try:
        getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        os.environ.setdefault(TORCH_CACHE, str(Path(folder) / f"torch-{os.getuid()}"))
