"""How long a person's consent lasts, and its withdrawal: no speaker is loaded without it."""

import contextlib
from datetime import UTC, date, datetime
from pathlib import Path

from avatar.errors import AvatarError
from avatar.speakers.card import CARD, SpeakerCard, read_card

MIN_CONSENT = 8  # characters: a name and a date have more
WITHDRAWN = "WITHDRAWN"  # a file in the bundle's folder: when, and why


def check_consent(folder: Path, card: SpeakerCard) -> None:
    """Raises AvatarError if the speaker's consent has run out or was withdrawn."""
    why = refusal(folder, card)
    if why:
        raise AvatarError(why)


def refusal(folder: Path, card: SpeakerCard) -> str:
    """Why the speaker may not be shown now, in words; nothing: it may."""
    if (folder / WITHDRAWN).exists():
        return f"{card.name} was withdrawn ({withdrawal(folder)}); choose another"
    if not is_statement(card.consent):
        return (
            f"the bundle of {card.name} does not say who agreed, and when; write it into its "
            "speaker.yaml (consent), or choose another speaker"
        )
    try:
        last = parse_day(card.consent_until) if card.consent_until else date.max
    except AvatarError as error:
        return f"{folder / CARD}: consent_until {error}"
    if last < datetime.now(UTC).date():
        return (
            f"the consent of {card.name} ran out on {card.consent_until}; ask the person again, "
            "or choose another speaker"
        )
    return ""


class ConsentWatch:
    """Looks again and again whether a speaker may be shown, which time or a hand may change."""

    def __init__(self, folder: Path, card: SpeakerCard) -> None:
        """`card`: as the folder has it now."""
        self._folder, self._card = folder, card
        self._changed = 0  # ns, when the card was; 0: never looked

    def refusal(self) -> str:
        """Why not, in words; nothing: it may."""
        with contextlib.suppress(OSError, AvatarError):  # half written: the one before counts
            changed = (self._folder / CARD).stat().st_mtime_ns
            if changed != self._changed:
                self._card, self._changed = read_card(self._folder), changed
        return refusal(self._folder, self._card)


def is_statement(consent: str) -> bool:
    """Whether it can say who agreed, and when."""
    return len(consent.strip()) >= MIN_CONSENT


def withdraw(folder: Path, why: str) -> None:
    """Have no server load the speaker any more. Raises AvatarError."""
    reason = " ".join(why.split())
    if not reason:
        raise AvatarError("say why the speaker is withdrawn: --why")
    try:
        (folder / WITHDRAWN).write_text(f"{datetime.now(UTC).date()}: {reason}\n", encoding="utf-8")
    except OSError as error:
        raise AvatarError(f"{folder}: cannot be written ({error.strerror})") from error


def withdrawal(folder: Path) -> str:
    """When and why a speaker was withdrawn; nothing if it was not."""
    try:
        text = (folder / WITHDRAWN).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        return error.strerror or "unreadable"
    return " ".join(text.split())[:200] or "no reason given"


def parse_day(text: str) -> date:
    """`2027-12-31` -> a date. Raises AvatarError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise AvatarError(f"{text!r} is no day; write it like 2027-12-31") from None
