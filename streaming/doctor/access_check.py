"""Whether callers may come in: address, https, tokens."""

import datetime
import ssl
from pathlib import Path

from cryptography import x509

from avatar.errors import AvatarError
from streaming.core.config import ServeConfig
from streaming.doctor.finding import Finding
from streaming.security.access import AccessControl

SOON = datetime.timedelta(days=14)


def look_at_way_in(config: ServeConfig) -> list[Finding]:
    """The address, the certificate and the tokens of a configuration."""
    findings = []
    if config.tls_cert:
        findings.append(_certificate(config.tls_cert, config.tls_key))
    try:
        access = AccessControl(config)
    except AvatarError as error:
        return [*findings, Finding("way in", "bad", str(error))]
    if access.needs_token:
        return [*findings, Finding("way in", "good", f"{config.host}, with tokens")]
    words = f"{config.host}: this machine only, without tokens"
    return [*findings, Finding("way in", "good", words)]


def _certificate(cert: str, key: str) -> Finding:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        ends = x509.load_pem_x509_certificate(Path(cert).read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        words = (
            f"{cert} and {key} are no certificate and its key ({error}); the server cannot start"
        )
        return Finding("https", "bad", words)
    left = ends - datetime.datetime.now(datetime.UTC)
    if left < datetime.timedelta():
        words = f"the certificate ended on {ends:%Y-%m-%d}: browsers refuse the page; renew it"
        return Finding("https", "bad", words)
    words = f"the certificate is good until {ends:%Y-%m-%d}"
    if left < SOON:
        return Finding("https", "note", f"{words}; renew it soon")
    return Finding("https", "good", words)
