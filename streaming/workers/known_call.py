"""What is known of a call outside its own process, and how somebody asks for one."""

from dataclasses import dataclass

from streaming.doors.livetalking import session_number
from streaming.security.tokens import Grant


@dataclass(frozen=True)
class KnownCall:
    """A call that runs, or has ended lately."""

    id: str
    speaker: str
    begun: float | None
    "Unix seconds, so that several machines can be compared; None while its face does not move."

    @property
    def number(self) -> int:
        """As LiveTalking counts them."""
        return session_number(self.id)


@dataclass(frozen=True)
class WantedCall:
    """Which call somebody means, and may reach. Without id and number it is the newest."""

    ids: tuple[str, ...] = ()
    number: int | None = None
    grant: Grant | None = None
    "Must allow the call, which must have begun; without one any call will do."

    @classmethod
    def reached_by(cls, grant: Grant, session: str) -> "WantedCall":
        """The call of this id, or if it is empty the newest, as far as `grant` allows it."""
        return cls((session,) if session else (), grant=grant)

    @property
    def named(self) -> bool:
        """Whether it is one certain call."""
        return bool(self.ids) or self.number is not None

    def suits(self, call: KnownCall) -> bool:
        if self.named and call.id not in self.ids and call.number != self.number:
            return False
        if self.grant is None:
            return True
        return call.begun is not None and self.grant.allows(call.speaker, call.id)
