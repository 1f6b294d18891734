"""How pictures that leave say that they are synthetic; by default in every way there is."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avatar.errors import AvatarError

log = logging.getLogger(__name__)

# What the label says, and what it means in a sentence, by language.
WORDS = {
    "de": ("KI", "Dieses Gesicht und seine Stimme sind von künstlicher Intelligenz erzeugt."),
    "en": ("AI", "This face and its voice are made by artificial intelligence."),
    "es": ("IA", "Esta cara y su voz han sido generadas por inteligencia artificial."),
    "fr": ("IA", "Ce visage et sa voix sont produits par une intelligence artificielle."),
    "it": ("IA", "Questo volto e la sua voce sono generati dall'intelligenza artificiale."),
    "nl": ("AI", "Dit gezicht en deze stem zijn gemaakt door kunstmatige intelligentie."),
    "pt": ("IA", "Este rosto e a sua voz são gerados por inteligência artificial."),
}


@dataclass(frozen=True)
class MarkSettings:
    """Under `marks:` in the configuration."""

    watermark: bool = True
    "Put the watermark into every picture, where `avatar verify` finds it."
    label: bool = True
    "Show the word for AI in a corner: in films, streams, cameras and /view; the page has its own."
    label_reason: str = ""
    "Why there is no label. Whoever deploys must then tell people in another way."
    label_language: str = "en"
    certificate: str = ""
    certificate_key: str = ""
    "PEM files: with both, films and the page's recordings are signed (C2PA)."
    timestamp_url: str = ""
    "A time-stamp authority for signatures; none: they work offline."

    def __post_init__(self) -> None:
        if self.label_language not in WORDS:
            raise AvatarError(
                f"label_language {self.label_language!r} is not known; take one of "
                f"{', '.join(sorted(WORDS))}"
            )
        if not self.label and not self.label_reason.strip():
            raise AvatarError(
                "without a label people must be told in another way: say how and why in "
                "--label-reason (label_reason in the settings), which is logged"
            )

        if bool(self.certificate) != bool(self.certificate_key):
            raise AvatarError("signing needs both --certificate and --certificate-key")
        for file in filter(None, (self.certificate, self.certificate_key)):
            if not Path(file).is_file():
                raise AvatarError(f"{file} does not exist; make one with avatar certificate")

    @property
    def word(self) -> str:
        """What the label shows."""
        return WORDS[self.label_language][0]

    @property
    def sentence(self) -> str:
        """The same for those who hear it, or ask."""
        return WORDS[self.label_language][1]

    @property
    def signs_recordings(self) -> bool:
        """Whether recordings of the page come back signed: it takes a watermark to know them."""
        return bool(self.certificate) and self.watermark

    def report(self) -> None:
        """Log what is switched off."""
        if not self.label:
            log.warning("pictures carry no label: %s", self.label_reason)
        if not self.watermark:
            log.warning("pictures carry no watermark")
        if self.certificate and not self.watermark:
            log.warning("recordings are not signed: without a watermark they are not recognised")


def parse_switch(text: str | None, flag: str) -> bool | None:
    """`on` or `off`; None if the flag was not given. Raises AvatarError."""
    if text in (None, "on", "off"):
        return None if text is None else text == "on"
    raise AvatarError(f"{flag} {text}: give on or off")


def mark_settings(
    watermark: str | None,
    label: str | None,
    label_reason: str | None,
    label_language: str | None,
    **signing: str | None,
) -> MarkSettings:
    """From the flags of a command, None where they were not given. Raises AvatarError."""
    flags: dict[str, Any] = {
        "watermark": parse_switch(watermark, "--watermark"),
        "label": parse_switch(label, "--label"),
        "label_reason": label_reason,
        "label_language": label_language,
        **signing,
    }
    given = {name: value for name, value in flags.items() if value is not None}
    return replace(MarkSettings(), **given)
