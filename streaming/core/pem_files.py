"""Certificates and keys in PEM files, as people have them: swapped, locked, of one another."""

import ssl
from pathlib import Path

from cryptography import x509

from avatar.errors import AvatarError

BEGIN_CERTIFICATE, PRIVATE_KEY = b"-----BEGIN CERTIFICATE-----", b"PRIVATE KEY-----"


def read_chain(cert: str, key: str) -> tuple[x509.Certificate, ...]:
    """The certificates in the file `cert`. Raises AvatarError unless `key` is that of the first."""
    cert_pem, key_pem = _read(cert), _read(key)
    if BEGIN_CERTIFICATE not in cert_pem:
        if PRIVATE_KEY in cert_pem and BEGIN_CERTIFICATE in key_pem:
            raise AvatarError(f"certificate {cert} and key {key} are swapped")
        raise AvatarError(f"{cert} holds no certificate in PEM form (BEGIN CERTIFICATE)")
    if PRIVATE_KEY not in key_pem:
        raise AvatarError(f"{key} holds no private key in PEM form (BEGIN PRIVATE KEY)")
    if b"ENCRYPTED" in key_pem:
        raise AvatarError(
            f"the key {key} is encrypted, and nobody is there to type its password at a start: "
            f"openssl pkey -in {key} -out plain.pem"
        )
    try:
        chain = tuple(x509.load_pem_x509_certificates(cert_pem))
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise AvatarError(
                f"{key} is not the key of the first certificate in {cert}; the own one comes "
                "first, with the key that was made for it"
            ) from error
        raise AvatarError(f"{cert} and {key} cannot be used: {error.reason}") from error
    except ValueError as error:
        raise AvatarError(f"{cert} holds a damaged certificate") from error
    return chain


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise AvatarError(f"{file} cannot be read: {error.strerror}") from error
