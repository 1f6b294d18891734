"""Certificates as people have them: good, of another key, swapped, locked, ended, half a chain."""

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from avatar.errors import AvatarError
from streaming.security.certificate import read_certificate
from tests.streaming.support.certificate import make_certificate

NOW = datetime.datetime.now(datetime.UTC)
PASSWORD = serialization.BestAvailableEncryption(b"secret")


def locked(folder: Path, key: str) -> str:
    """The same key, behind a password."""
    known = serialization.load_pem_private_key(Path(key).read_bytes(), None)
    file = folder / "locked.pem"
    file.write_bytes(
        known.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, PASSWORD)
    )
    return str(file)


def test_a_good_one_says_how_long_and_for_whom(tmp_path: Path) -> None:
    certificate = read_certificate(*make_certificate(tmp_path))
    assert certificate.names == ("localhost", "127.0.0.1")
    assert certificate.faults(NOW) == []
    assert certificate.notes(NOW, "127.0.0.1") == [
        "the certificate is signed by itself: browsers warn of it"
    ]
    assert "not for example.org" in certificate.notes(NOW, "example.org")[-1]


def test_what_cannot_be_served_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    cert, key = make_certificate(tmp_path)
    _, foreign = make_certificate(tmp_path / "other")
    garbage, damaged = tmp_path / "garbage.pem", tmp_path / "damaged.pem"
    garbage.write_bytes(bytes(range(256)))
    damaged.write_text(Path(cert).read_text()[:200] + "\n-----END CERTIFICATE-----\n")
    for files, words in (
        ((cert, foreign), "is not the key of the first certificate"),
        ((key, cert), "are swapped"),
        ((str(garbage), key), "holds no certificate"),
        ((cert, str(garbage)), "holds no private key"),
        ((str(damaged), key), "damaged certificate"),
        ((cert, locked(tmp_path, key)), "is encrypted"),
        ((str(tmp_path), key), "cannot be read"),
    ):
        with pytest.raises(AvatarError, match=words) as caught:
            read_certificate(*files)
        assert "\n" not in str(caught.value)


def test_what_browsers_refuse_is_said(tmp_path: Path) -> None:
    ended = read_certificate(*make_certificate(tmp_path, days=-3))
    assert "ended on" in ended.faults(NOW)[0]
    assert "is the clock right" in ended.faults(NOW - datetime.timedelta(days=999))[0]


def test_a_chain_is_followed_link_by_link(tmp_path: Path) -> None:
    root, middle, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    signed = [_signed("middle", middle, "root", root), _signed("root", root, "root", root)]
    own = _signed("leaf", leaf, "middle", middle)
    for chain, fault, note in (
        ([own, *signed], "", ""),
        ([own], "", "fullchain.pem"),
        ([own, signed[1], signed[0]], "no chain", ""),
    ):
        cert, key = tmp_path / "chain.pem", tmp_path / "leaf.pem"
        pem = serialization.Encoding.PEM
        cert.write_bytes(b"".join(one.public_bytes(pem) for one in chain))
        plain = serialization.NoEncryption()
        key.write_bytes(leaf.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
        found = read_certificate(str(cert), str(key))
        assert fault in "; ".join(found.faults(NOW))
        assert bool(found.faults(NOW)) == bool(fault)
        assert note in "; ".join(found.notes(NOW, "0.0.0.0"))
        assert bool(found.notes(NOW, "0.0.0.0")) == bool(note)


def _signed(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(f"{name}.example")]), False)
        .sign(by, hashes.SHA256())
    )
