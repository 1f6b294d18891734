"""Whether callers may come in: address, https, tokens."""

import datetime

from avatar.errors import AvatarError
from streaming.core.config import ServeConfig
from streaming.doctor.finding import Finding
from streaming.security.access import AccessControl
from streaming.security.certificate import read_certificate


def check_access(config: ServeConfig) -> list[Finding]:
    """The address, the certificate and the tokens of a configuration."""
    findings = []
    if config.tls_cert:
        findings.append(_certificate(config))
    try:
        access = AccessControl(config)
    except AvatarError as error:
        return [*findings, Finding("way in", "bad", str(error))]
    if access.needs_token:
        return [*findings, Finding("way in", "good", f"{config.host}, with tokens")]
    words = f"{config.host}: this machine only, without tokens"
    return [*findings, Finding("way in", "good", words)]


def _certificate(config: ServeConfig) -> Finding:
    now = datetime.datetime.now(datetime.UTC)
    try:
        certificate = read_certificate(config.tls_cert, config.tls_key)
    except AvatarError as error:
        return Finding("https", "bad", f"{error}; the server cannot start")
    if faults := certificate.faults(now):
        return Finding("https", "bad", f"browsers refuse the page: {'; '.join(faults)}")
    words = f"the certificate is good until {certificate.ends:%Y-%m-%d}"
    words += f" for {', '.join(certificate.names)}"
    if notes := certificate.notes(now, config.host):
        return Finding("https", "note", "; ".join([words, *notes]))
    return Finding("https", "good", words)
