"""The way in: which pages may call, by which name, and with what token."""

import logging
import math
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from avatar.errors import AvatarError
from streaming.core.config import ServeConfig
from streaming.core.secret_files import TOKEN_SECRET, read_secret
from streaming.security.ip_addresses import is_here
from streaming.security.rate_limit import RateLimiter
from streaming.security.tokens import ANY_SPEAKER, Grant, Role, TokenSigner

log = logging.getLogger(__name__)

MOST_WARNINGS = 100
WARNING_LIMIT = 1000  # characters
ANYONE = Grant(ANY_SPEAKER, "talk", math.inf)


class AccessError(AvatarError):
    """A page or a path that may not be used to come in."""


class WarnOnce:
    """Writes each warning once, and no more of them than a stranger should be able to cause."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said: set[str] = set()

    def say(self, words: str) -> None:
        if len(self._said) < MOST_WARNINGS and words not in self._said:
            self._said.add(words)
            self._log.warning("%s", words[:WARNING_LIMIT])


class AccessControl:
    """Everything that is checked before any work is done for a stranger."""

    def __init__(self, config: ServeConfig) -> None:
        """Raises AvatarError if the configuration would let strangers in unchecked."""
        secret = read_secret(config.token_secret_file, TOKEN_SECRET)
        self._signer = TokenSigner(secret) if secret else None
        self._origins = config.allowed_origins
        self._behind_proxy = bool(config.behind_proxy)
        self._refused = WarnOnce(log)
        limits = config.limits
        self.rate_limiter = RateLimiter(limits.tries_per_minute, limits.sockets_per_address)
        exposed = self._behind_proxy or not _on_loopback(config.host)
        if exposed and not (config.tls_cert or config.behind_proxy):
            raise AvatarError(
                f"{config.host} can be reached from other machines, so https is needed: give "
                "--tls-cert and --tls-key, or --behind-proxy ADDRESS if a proxy speaks it"
            )
        if exposed and not self._signer:
            raise AvatarError(
                "other machines may call only with tokens: make a secret with `openssl rand -hex "
                "32 > token.secret`, give --token-secret-file, and make tokens with `avatar token`"
            )

    @property
    def needs_token(self) -> bool:
        return self._signer is not None

    def check(self, connection: HTTPConnection) -> None:
        """AccessError if the request came past the proxy, by a false name, from a foreign page."""
        headers, scheme = connection.headers, connection.url.scheme
        if self._behind_proxy and scheme not in ("https", "wss"):
            raise AccessError("reach this server by its https address (X-Forwarded-Proto)")
        host = headers.get("host", "")
        # Without tokens, a foreign page whose name was made to point here would be let in.
        if not self.needs_token and not _on_loopback(_name(f"//{host}")):
            raise AccessError(
                "this server answers to localhost only; for a proxy, set --behind-proxy"
            )
        origin = headers.get("origin")
        if origin is None or origin in self._origins:
            return  # browsers send it with every WebSocket and POST; programs are no danger
        own = f"{'https' if scheme in ('https', 'wss') else 'http'}://{host}"
        if origin != own:
            self._refused.say(
                f"refused a page from {origin!r}, since the request was for {own!r}. If that page "
                "is this server's own behind a reverse proxy, the proxy must pass on the address "
                "that was opened, port included (nginx: proxy_set_header Host $http_host), and "
                "--behind-proxy must name the proxy; else allow the page with --allow-origin"
            )
            raise AccessError(
                f"the page's address {origin!r} is not {own!r}, which the request was for; what "
                "allows it stands in the server's log"
            )

    def admit(self, token: str, role: Role) -> Grant:
        """What the holder of a token may do. Raises TokenError if it is not good for `role`."""
        if not self._signer:
            return ANYONE
        grant = self._signer.read(token)
        grant.check_role(role)
        return grant


def address_of(connection: HTTPConnection) -> str:
    """The caller's address; behind a trusted proxy, the one that the proxy saw."""
    return connection.client.host if connection.client else ""


def _on_loopback(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost") or is_here(host)


def _name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
