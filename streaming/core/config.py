"""Settings of the server: a YAML file, then flags on top; an unknown key is an error."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from avatar.errors import AvatarError
from avatar.rendering.backends.registry import AUTO, check_backend
from avatar.yaml_files import YamlError, parse_yaml
from streaming.core import ice_servers
from streaming.core.ice_servers import IceServers
from streaming.core.limits import Limits
from streaming.core.logs import LogSettings
from streaming.core.mark_settings import MarkSettings
from streaming.core.secret_files import TURN_SECRET, read_secret


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
    backend: str = AUTO
    "How: auto, or a back end of `avatar.rendering.backends.registry`."
    workers: int = 0
    "Processes that share the calls; 0 means as many as the measured calls need."
    max_sessions: int = 0
    "Calls at once; 0 means as many as the machine was measured to carry."
    ice_servers: tuple[str, ...] = ()
    "stun:host:port, turn:host:port or turn:user:password@host:port. None in a local network."
    turn_secret_file: str = ""
    "The secret that coturn has as static-auth-secret; credentials are made with it."
    private_candidates: bool = False
    "Send to any address a caller names, also inside this network."
    allowed_origins: tuple[str, ...] = ()
    "Web pages from elsewhere that may call this server, such as https://example.org."
    tls_cert: str = ""
    tls_key: str = ""
    "PEM files; with both, the server speaks https."
    behind_proxy: str = ""
    "Address of the reverse proxy that speaks https for this server, such as 127.0.0.1."
    token_secret_file: str = ""
    "The secret that tokens are signed with; callers need one then."
    compat: Literal["", "livetalking"] = ""
    "Also answer to the addresses of another server."
    talk: str = ""
    "What a call can talk with: echo, reader, or a file (talk.yaml); nothing: only a mirror."
    livekit_servers: tuple[str, ...] = ()
    "LiveKit servers, such as wss://example.org, whose rooms a face of this server may join."
    limits: Limits = field(default_factory=Limits)
    drain_s: float = 30.0
    "After SIGTERM, calls may go on for so many seconds; new ones are refused."
    log_format: Literal["text", "json"] = "text"
    log_level: str = "info"
    "debug, info, warning or error; of the libraries beneath, only warnings are written."
    marks: MarkSettings = field(default_factory=MarkSettings)
    audit: str = ""
    "A file that takes a line for every call that begins and ends."
    motion: bool = False
    "Tell calls that ask for it what the face does, as numbers."
    lively: bool = True
    "Heads move by themselves; otherwise the reference video is played as it was filmed."
    block_code: bool = False
    "Burn frame numbers into the pictures, for measurements."

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise AvatarError(f"port {self.port} is not between 0 and 65535")
        if self.workers < 0:
            raise AvatarError("workers must be 0 (as many as needed) or more")
        if self.max_sessions < 0:
            raise AvatarError("max_sessions must be 0 (measured) or more")
        if not 0 <= self.drain_s < float("inf"):
            raise AvatarError(f"drain_s must be 0 or more seconds, not {self.drain_s}")
        check_backend(self.backend)
        LogSettings(self.log_format, self.log_level)
        if bool(self.tls_cert) != bool(self.tls_key):
            raise AvatarError("https needs both tls_cert and tls_key")
        for file in filter(None, (self.tls_cert, self.tls_key)):
            if not Path(file).is_file():
                raise AvatarError(f"{file} does not exist; give a PEM file")
        for server in self.ice_servers:
            ice_servers.parse(server)

    def address(self, port: int) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls_cert else 'http'}://{host}:{port}"


def parse_workers(text: str | None) -> int | None:
    """`auto` or a number, as `--workers` takes them. Raises AvatarError."""
    if text is None:
        return None
    if text == "auto":
        return 0
    if not text.isdecimal() or int(text) < 1:
        raise AvatarError(f"--workers must be auto or a number from 1 on, not {text!r}")
    return int(text)


def load_config(file: Path | None, flags: dict[str, Any]) -> ServeConfig:
    """Settings from `file` (YAML), overruled by those `flags` that are not None.

    Flags named `marks` are those of `MarkSettings`.
    """
    given = _given(flags)
    marks = _given(given.pop("marks", {}))
    if file is None:
        return ServeConfig(**given, marks=MarkSettings(**marks))
    from avatar.config import from_dict

    values = _read(file) | given
    if marks:
        values["marks"] = (values.get("marks") or {}) | marks
    return from_dict(ServeConfig, values, str(file))


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


def make_ice_servers(config: ServeConfig) -> IceServers:
    """The STUN and TURN servers of a configuration. Raises AvatarError."""
    secret = read_secret(config.turn_secret_file, TURN_SECRET)
    return IceServers(config.ice_servers, secret, config.limits.total_s)


def _read(file: Path) -> dict[str, Any]:
    try:
        values = parse_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YamlError) as error:
        raise AvatarError(f"{file} cannot be read as YAML: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise AvatarError(f"{file} must hold settings, one `name: value` a line")
    return values
