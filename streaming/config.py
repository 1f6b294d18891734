"""Settings of the server: a YAML file, then flags on top; an unknown key is an error."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from aiortc import RTCIceServer

from avatar.errors import AvatarError


@dataclass(frozen=True)
class ServeConfig:
    """What `avatar serve` can be told."""

    speaker: str = "demo"
    "The speaker shown first: a name in trained_speakers, or a path to a bundle."
    host: str = "127.0.0.1"
    "Address to listen on. Browsers give a microphone only to localhost or to https."
    port: int = 8080
    device: str = "auto"
    "Where pictures are made: auto, cpu or cuda."
    max_sessions: int = 0
    "Calls at once; 0 means as many as the machine was measured to carry."
    ice_servers: tuple[str, ...] = ()
    "stun:host:port, or turn:user:password@host:port. None are needed in a local network."
    allowed_origins: tuple[str, ...] = ()
    "Web pages from elsewhere that may call this server, such as https://example.org."
    tls_cert: str = ""
    tls_key: str = ""
    "PEM files; with both, the server speaks https."
    block_code: bool = False
    "Burn frame numbers into the pictures, for measurements."

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise AvatarError(f"port {self.port} is not between 0 and 65535")
        if self.max_sessions < 0:
            raise AvatarError("max_sessions must be 0 (measured) or more")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise AvatarError("https needs both tls_cert and tls_key")
        for file in filter(None, (self.tls_cert, self.tls_key)):
            if not Path(file).is_file():
                raise AvatarError(f"{file} does not exist; give a PEM file")
        for server in self.ice_servers:
            ice_server(server)

    def address(self, port: int) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls_cert else 'http'}://{host}:{port}"


def load_config(file: Path | None, flags: dict[str, Any]) -> ServeConfig:
    """Settings from `file` (YAML), overruled by those `flags` that are not None."""
    given = {name: value for name, value in flags.items() if value is not None}
    if file is None:
        return ServeConfig(**given)
    from avatar.config import from_dict

    return from_dict(ServeConfig, _read(file) | given, str(file))


def ice_server(address: str) -> RTCIceServer:
    """aiortc's form of `stun:host:port` or `turn:user:password@host:port`."""
    scheme, _, rest = address.partition(":")
    secret, at, host = rest.rpartition("@")
    if scheme in ("stun", "stuns") and host and not at:
        return RTCIceServer(urls=address)
    if scheme in ("turn", "turns") and host and ":" in secret:
        user, _, password = secret.partition(":")
        return RTCIceServer(f"{scheme}:{host}", unquote(user), unquote(password))
    raise AvatarError(
        f"ICE server {scheme}:... is neither stun:host:port nor turn:user:password@host:port"
    )


def page_ice_servers(config: ServeConfig) -> list[dict[str, str]]:
    """The same servers as a browser's RTCPeerConnection wants them."""
    servers = [dataclasses.asdict(ice_server(address)) for address in config.ice_servers]
    kept = ("urls", "username", "credential")
    return [{key: server[key] for key in kept if server[key]} for server in servers]


def _read(file: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AvatarError(f"{file} cannot be read as YAML: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise AvatarError(f"{file} must hold settings, one `name: value` a line")
    return values
