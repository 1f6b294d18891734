"""Secrets come from a file or the environment, never from a flag that `ps` would show."""

import os
from pathlib import Path

from avatar.errors import AvatarError

TOKEN_SECRET = "AVATAR_TOKEN_SECRET"
TURN_SECRET = "AVATAR_TURN_SECRET"


def read_secret(file: str, environment: str) -> bytes | None:
    """The secret in `file`, else in the environment, else None. Raises AvatarError."""
    if not file:
        return os.environ.get(environment, "").strip().encode() or None
    try:
        secret = Path(file).read_bytes().strip()
    except OSError as error:
        raise AvatarError(f"the secret file {file} cannot be read: {error.strerror}") from error
    if not secret:
        raise AvatarError(f"the secret file {file} is empty; `openssl rand -hex 32` makes a secret")
    return secret
