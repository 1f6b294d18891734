"""How much a stranger may take: calls, tries, messages and time."""

import dataclasses
from dataclasses import dataclass

from avatar.errors import AvatarError

MOST_RESUME_S = 20.0  # after six unanswered consent checks, 24 s or more, ICE is over (RFC 7675)


@dataclass(frozen=True)
class Limits:
    """Under `limits:` in the configuration. Callers on this machine are not counted by address."""

    sessions_per_address: int = 4
    "Calls at once from one address (of IPv6: one /64)."
    sockets_per_address: int = 8
    "WebSockets at once from one address, with or without a call."
    tries_per_minute: int = 30
    "New WebSockets and offers from one address."
    messages_per_second: int = 20
    "From one WebSocket, over three seconds."
    candidates: int = 32
    "ICE candidates of one call, in the offer and after it."
    token_s: float = 10.0
    "Until a page has shown its token."
    connecting_s: float = 20.0
    "Until a call is connected, or a page that may call does."
    resume_s: float = 10.0
    "A call whose caller is silent, as in changing networks, and may come back to it; 0: none may."
    idle_s: float = 900.0
    "A connected call in which nobody speaks; 0: for ever."
    total_s: float = 14_400.0
    "A call in all; 0: for ever."

    def __post_init__(self) -> None:
        may_be_none = ("resume_s", "idle_s", "total_s")
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not (0 < value < float("inf") or (value == 0 and field.name in may_be_none)):
                raise AvatarError(f"limits.{field.name} must be more than 0, not {value}")
        if self.resume_s > MOST_RESUME_S:
            raise AvatarError(
                f"limits.resume_s must be at most {MOST_RESUME_S:g}, not {self.resume_s}: a "
                "connection that nothing comes through is given up soon after"
            )
