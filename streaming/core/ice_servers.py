"""STUN and TURN servers, with credentials that end by themselves."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from aiortc import RTCIceServer

from avatar.errors import AvatarError

NAME = "avatar"  # of the user that TURN credentials are made for
UNLIMITED_CALL_TTL_S = 24 * 3600.0  # of credentials, where calls may last for ever
TTL_MARGIN_S = 600.0  # that credentials outlive the longest call
ADDRESS = re.compile(r"(stuns?|turns?):(?:(.*)@)?([^@:?\s]+)(:\d{1,5})?(\?transport=(?:udp|tcp))?")


@dataclass(frozen=True)
class IceServer:
    """One entry of `ice_servers`."""

    url: str
    username: str = ""
    credential: str = ""

    @property
    def relays(self) -> bool:
        return self.url.startswith("turn")


class IceServers:
    """The servers of a configuration; `secret` makes credentials for those that have none."""

    def __init__(self, addresses: Iterable[str], secret: bytes | None, total_s: float) -> None:
        """Raises AvatarError if an address is no good, or a TURN server has no credentials."""
        self._servers = [parse(address) for address in addresses]
        self._secret = secret
        self._lasts = total_s + TTL_MARGIN_S if total_s else UNLIMITED_CALL_TTL_S
        if not secret and any(s.relays and not s.username for s in self._servers):
            raise AvatarError(
                "a TURN server needs turn:user:password@host:port, or turn_secret_file with "
                "coturn's static-auth-secret"
            )

    def issue(self) -> list[IceServer]:
        """The servers with credentials that are good from now on for the longest call."""
        return [self._with_credentials(server) for server in self._servers]

    def for_peer(self) -> list[RTCIceServer]:
        """As aiortc wants them."""
        return [RTCIceServer(s.url, s.username or None, s.credential or None) for s in self.issue()]

    def for_page(self) -> list[dict[str, str]]:
        """As a browser's RTCPeerConnection wants them."""
        pages = [
            {"urls": s.url, "username": s.username, "credential": s.credential}
            for s in self.issue()
        ]
        return [{key: value for key, value in page.items() if value} for page in pages]

    def _with_credentials(self, server: IceServer) -> IceServer:
        if not self._secret or not server.relays or server.username:
            return server
        username = f"{int(time.time() + self._lasts)}:{NAME}"
        digest = hmac.digest(self._secret, username.encode(), hashlib.sha1)
        return IceServer(server.url, username, base64.b64encode(digest).decode())


def parse(address: str) -> IceServer:
    """`stun:host:port`, `turn:host:port` or `turn:user:password@host:port`. Raises AvatarError."""
    found = ADDRESS.fullmatch(address)
    if found:
        scheme, login, host, port, transport = found.groups(default="")
        url = f"{scheme}:{host}{port}{transport}"
        user, _, password = login.partition(":")
        if scheme.startswith("stun") and not login and not transport:
            return IceServer(url)
        if scheme.startswith("turn") and bool(user and password) == bool(login):
            return IceServer(url, unquote(user), unquote(password))
    raise AvatarError(
        f"ICE server {address.partition(':')[0]}:... is not stun:host:port, turn:host:port "
        "or turn:user:password@host:port"
    )
