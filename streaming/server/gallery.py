"""The speakers a server offers, as the page's gallery shows them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel

from avatar.errors import AvatarError


class GalleryEntry(BaseModel):
    """One speaker of the gallery."""

    name: str
    preview: str | None
    "Address of a picture, relative to the server."
    gestures: list[str]
    "What it can be asked for."


class UnknownSpeakerError(AvatarError):
    """There is no speaker of this name."""


class Gallery:
    """Names that may be called, with the path of each one's picture."""

    def __init__(
        self,
        previews: dict[str, Path],
        refused: dict[str, str],
        can_do: Callable[[str], Sequence[str]],
    ) -> None:
        """`refused`: who of them may not be called now, and why; looked at anew each time;
        `can_do`: the gestures of a speaker."""
        self._previews, self._can_do = previews, can_do
        self._refused = refused

    def cards(self) -> list[GalleryEntry]:
        return [
            GalleryEntry(
                name=name,
                preview=f"speakers/{name}/preview.jpg" if file else None,
                gestures=list(self._can_do(name)),
            )
            for name, file in self._previews.items()
            if name not in self._refused
        ]

    def preview(self, name: str) -> Path:
        """The picture of a speaker. Raises UnknownSpeakerError if there is none."""
        file = self._previews.get(name)
        if file is None or name in self._refused or not file.is_file():
            raise UnknownSpeakerError(f"there is no speaker {name!r}")
        return file

    def check(self, name: str) -> str:
        """`name`, if it is offered: a caller must not open any path of the server's disk."""
        if name not in self._previews:
            known = ", ".join(card.name for card in self.cards())
            raise UnknownSpeakerError(f"there is no speaker {name!r}; there are {known}")
        if name in self._refused:
            raise UnknownSpeakerError(self._refused[name])
        return name
