"""Where speakers are looked for, first to last.

1. the folders in $AVATAR_SPEAKERS (several with the system's path separator),
2. trained_speakers/ in the working folder,
3. the speakers that came with the package.
"""

import os
import re
from pathlib import Path

from avatar.errors import AvatarError
from avatar.speakers.card import CARD

ENVIRONMENT = "AVATAR_SPEAKERS"
LONGEST_NAME = 63  # characters: a label of DNS is as long
NAME = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{LONGEST_NAME - 1}}}")


def check_name(name: str) -> str:
    """A name that can stand for a folder on any machine, or AvatarError."""
    if not NAME.fullmatch(name):
        raise AvatarError(
            f"{name!r} is no speaker's name: use a-z, 0-9, - and _, at most {LONGEST_NAME}"
        )
    return name


def search_path() -> list[Path]:
    """Folders that hold speakers, the first with the highest claim."""
    import trained_speakers

    named = os.environ.get(ENVIRONMENT, "")
    folders = [Path(part) for part in named.split(os.pathsep) if part]
    folders += [Path("trained_speakers"), *map(Path, trained_speakers.__path__)]
    return list(dict.fromkeys(folder.absolute() for folder in folders))


def speaker_folders() -> dict[str, Path]:
    """Name -> bundle folder of every speaker that can be found, sorted by name."""
    found: dict[str, Path] = {}
    for parent in search_path():
        for card in sorted(parent.glob(f"*/{CARD}")):
            if NAME.fullmatch(card.parent.name):
                found.setdefault(card.parent.name, card.parent)
    return dict(sorted(found.items()))


def speaker_folder(name_or_path: str | Path) -> Path:
    """The folder of a speaker; anything with a slash in it is taken as a path."""
    if isinstance(name_or_path, Path) or os.sep in name_or_path:
        return Path(name_or_path)
    known = speaker_folders()
    if check_name(name_or_path) not in known:
        listed = ", ".join(known) or "none; make one with avatar train"
        raise AvatarError(f"there is no speaker {name_or_path!r}; known are: {listed}")
    return known[name_or_path]
