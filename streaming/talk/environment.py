"""Keys: talk.yaml names the environment variables that hold them."""

import os

from avatar.errors import AvatarError


def variable(name: str) -> str:
    """What an environment variable holds. Raises AvatarError if it is not set."""
    value = os.environ.get(name, "")
    if not value:
        raise AvatarError(f"the environment variable {name} is not set; it must hold the key")
    return value
