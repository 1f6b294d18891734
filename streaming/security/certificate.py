"""The certificate a server shows, looked at before it is shown: key, chain, names and time."""

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from streaming.core.pem_files import read_chain
from streaming.security.ip_addresses import parse_address

EXPIRY_NOTICE = datetime.timedelta(days=14)


@dataclass(frozen=True)
class Certificate:
    """What a PEM file holds: the server's own certificate, and those that vouch for it."""

    chain: tuple[x509.Certificate, ...]

    @property
    def ends(self) -> datetime.datetime:
        return self.chain[0].not_valid_after_utc

    @property
    def names(self) -> tuple[str, ...]:
        """Names and addresses it is good for."""
        try:
            found = self.chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except x509.ExtensionNotFound:
            return ()
        addresses = found.value.get_values_for_type(x509.IPAddress)
        return (*found.value.get_values_for_type(x509.DNSName), *map(str, addresses))

    def faults(self, now: datetime.datetime) -> list[str]:
        """Why browsers would refuse it."""
        found = []
        if self.ends < now:
            found.append(f"the certificate ended on {self.ends:%Y-%m-%d}: renew it")
        begins = self.chain[0].not_valid_before_utc
        if begins > now:
            found.append(f"the certificate is good from {begins:%Y-%m-%d} on; is the clock right?")
        if not self.names:
            found.append("the certificate names no host (subjectAltName): browsers refuse it")
        for one, issuer in zip(self.chain, self.chain[1:], strict=False):
            if not _issued_by(one, issuer):
                found.append(
                    f"the certificates are no chain: {_subject(one)!r} is not signed by "
                    f"{_subject(issuer)!r}; the own one comes first, its issuer next"
                )
        return found

    def notes(self, now: datetime.datetime, host: str) -> list[str]:
        """What some browsers would not like; `host`: the address that is listened on."""
        found = []
        own = self.chain[0]
        if now <= self.ends < now + EXPIRY_NOTICE:
            found.append(f"the certificate ends on {self.ends:%Y-%m-%d}: renew it soon")
        if _issued_by(own, own):
            found.append("the certificate is signed by itself: browsers warn of it")
        elif len(self.chain) == 1:
            found.append(
                f"the file lacks the certificate of the issuer {own.issuer.rfc4514_string()!r}: "
                "many phones refuse that; give the whole chain (fullchain.pem)"
            )
        address = parse_address(host)
        anywhere = address is not None and (address.is_unspecified or address.is_loopback)
        if self.names and not anywhere and not any(_covers(name, host) for name in self.names):
            found.append(f"the certificate is for {', '.join(self.names)}, not for {host}")
        return found


def read_certificate(cert: str, key: str) -> Certificate:
    """The certificate in the PEM file `cert`. Raises AvatarError unless `key` holds its key."""
    return Certificate(read_chain(cert, key))


def _issued_by(one: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


def _covers(name: str, host: str) -> bool:
    """Whether a name of a certificate is that of `host`; a star stands for one label."""
    if name.startswith("*."):
        return host.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == host.lower()
