"""Signs films as the settings say."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from avatar.errors import AvatarError
from streaming.core.mark_settings import MarkSettings
from streaming.marks import provenance
from streaming.marks.payload import PROJECT
from streaming.marks.provenance import SIGNED, Claim, Credentials


@dataclass(frozen=True)
class Signing:
    """Signs with one certificate."""

    credentials: Credentials
    label_reason: str

    @classmethod
    def of(cls, marks: MarkSettings) -> "Signing | None":
        """None if nothing is to be signed."""
        if not marks.certificate:
            return None
        chain, key = Path(marks.certificate), Path(marks.certificate_key)
        return cls(Credentials(chain, key, marks.timestamp_url), marks.label_reason)

    def check(self) -> None:
        """Raises AvatarError, before anything is made, if it could not be signed."""
        provenance.check(self.credentials)

    def check_film(self, film: Path) -> None:
        """Raises AvatarError if a film of that name could not be signed."""
        if film.suffix.lower() not in SIGNED:
            raise AvatarError(f"{film}: only {' and '.join(SIGNED)} can be signed")

    def sign(self, film: Path, speaker: str, consent: str) -> None:
        """Sign a finished film in place. Raises AvatarError."""
        claim = Claim(speaker, consent, version(PROJECT.decode()), self.label_reason)
        provenance.sign(film, claim, self.credentials)
