"""Tokens that let a stranger in: signed, short-lived, for one speaker and one role.

A token is a JWT (HS256), so other programs can make one with the library of their language:
`sub` the speaker or "*", `role` talk, view, speak or operate, `sid` the session it is limited to
(optional), `exp` in Unix seconds.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

import jwt

from avatar.errors import AvatarError

MIN_SECRET = 32  # bytes
MAX_TOKEN = 2048  # characters
ANY_SPEAKER = "*"
ALGORITHM = "HS256"

Role = Literal["talk", "view", "speak", "operate"]


class TokenError(AvatarError):
    """The token lets nobody in."""


@dataclass(frozen=True)
class Grant:
    """What a token allows."""

    speaker: str
    "A name, or `*` for all of them."
    role: Role
    """`talk`: make a call. `view`: look at one that is running. `speak`: speak in one.
    `operate`: look into the server."""
    expires: float
    "Unix seconds."
    session: str = ""
    "The only session it is good for; empty: any."

    def check_speaker(self, name: str) -> None:
        """TokenError if the token is for another speaker."""
        if self.speaker not in (ANY_SPEAKER, name):
            raise TokenError(f"the token is for {self.speaker!r}, not for {name!r}; get another")

    def check_role(self, role: Role) -> None:
        """TokenError if the token is for something else."""
        if self.role != role:
            raise TokenError(f"the token allows to {self.role}, not to {role}; get another")

    def check_session(self, session: str) -> None:
        """TokenError if the token is for another session."""
        if self.session not in ("", session):
            raise TokenError("the token is for another session; get another")

    def allows(self, speaker: str, session: str) -> bool:
        """Whether the token is for this call with this speaker."""
        try:
            self.check_speaker(speaker)
            self.check_session(session)
        except TokenError:
            return False
        return True


class TokenSigner:
    """Makes and reads tokens. Whoever holds its secret can do both."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < MIN_SECRET:
            raise AvatarError(
                f"the token secret has {len(secret)} bytes; it must have {MIN_SECRET} or more, "
                "as `openssl rand -hex 32` makes them"
            )
        self._secret = secret

    def sign(self, grant: Grant) -> str:
        """The token, of letters that need no escaping in a header or an address."""
        claims = {"sub": grant.speaker, "role": grant.role, "exp": int(grant.expires)}
        if grant.session:
            claims["sid"] = grant.session
        return jwt.encode(claims, self._secret, ALGORITHM)

    def read(self, token: str, now: float | None = None) -> Grant:
        """What a token allows. Raises TokenError if it is forged, damaged or out of date."""
        if not token or len(token) > MAX_TOKEN:
            raise TokenError("a token is needed; `avatar token` makes one")
        options = {"require": ["exp", "sub"], "verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, self._secret, [ALGORITHM], options)  # type: ignore[arg-type]
        except jwt.InvalidTokenError as error:
            raise TokenError("the token was not made for this server; get another") from error
        grant = _grant(claims)
        if grant.expires <= (time.time() if now is None else now):
            raise TokenError("the token has expired; get another")
        return grant


def bearer(headers: Mapping[str, str]) -> str:
    """The token in `Authorization: Bearer TOKEN`, or nothing."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _grant(claims: Mapping[str, object]) -> Grant:
    speaker, role, session = claims["sub"], claims.get("role"), claims.get("sid", "")
    expires = claims["exp"]
    if not (
        isinstance(speaker, str)
        and isinstance(session, str)
        and isinstance(expires, int | float)
        and isinstance(role, str)
        and role in get_args(Role)
    ):
        raise TokenError("the token says nothing of use; get another")
    return Grant(speaker, cast(Role, role), float(expires), session)
