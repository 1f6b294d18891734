"""A certificate for tests: an authority of one's own, and a signer that it vouches for."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from avatar.errors import AvatarError

DAYS = 365
CHAIN, KEY, ANCHOR = "chain.pem", "key.pem", "anchor.pem"
EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"  # one of the purposes that C2PA accepts


def make_certificate(folder: Path, name: str) -> None:
    """Write chain.pem, key.pem (readable by its owner alone) and anchor.pem into `folder`.

    Raises AvatarError if something is there already or cannot be written.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )
    from cryptography.x509.oid import NameOID

    def subject(text: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, text),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            ]
        )

    now = datetime.now(UTC)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = subject(f"{name} (test authority)")

    def begun(whose: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(whose)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=DAYS))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
                critical=False,
            )
        )

    def usage(signs_certificates: bool) -> x509.KeyUsage:
        return x509.KeyUsage(
            digital_signature=not signs_certificates,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=signs_certificates,
            crl_sign=signs_certificates,
            encipher_only=False,
            decipher_only=False,
        )

    authority = (
        begun(issuer, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(signs_certificates=True), critical=True)
        .sign(authority_key, SHA256())
    )
    signer = (
        begun(subject(name), key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([x509.ObjectIdentifier(EMAIL_PROTECTION)]), critical=False
        )
        .sign(authority_key, SHA256())
    )
    anchor = authority.public_bytes(Encoding.PEM)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in (CHAIN, KEY, ANCHOR):
            if (folder / file).exists():
                raise AvatarError(f"{folder / file} is there already; choose another folder")
        (folder / KEY).touch(mode=0o600)
        (folder / KEY).write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (folder / CHAIN).write_bytes(signer.public_bytes(Encoding.PEM) + anchor)
        (folder / ANCHOR).write_bytes(anchor)
    except OSError as error:
        raise AvatarError(f"{folder} cannot be written ({error.strerror})") from error
