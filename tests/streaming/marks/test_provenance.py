"""Signatures, made and read by the library that the field uses."""

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from avatar.errors import AvatarError
from streaming.benchmark.watermark_attacks import Attack, carry_out
from streaming.core.mark_settings import MarkSettings
from streaming.marks.certificate import make_certificate
from streaming.marks.provenance import Provenance, read
from streaming.marks.signing import Signing
from streaming.marks.verify import verify
from tests.streaming.support.certificate import make_certificate as web_server_certificate
from tests.streaming.support.scenery import scenery

pytest.importorskip("c2pa")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    make_certificate(folder, "Example Ltd")
    return folder


@pytest.fixture
def signed(keys: Path, tmp_path: Path) -> Path:
    film = write_film(tmp_path / "film.mp4")
    signing = Signing.of(
        MarkSettings(certificate=str(keys / "chain.pem"), certificate_key=str(keys / "key.pem"))
    )
    assert signing
    signing.check()
    signing.check_film(film)
    signing.sign(film, "anna", "Anna, 2 August 2026")
    return film


def write_film(path: Path) -> Path:
    carry_out(Attack("x264"), scenery(6, (128, 128)), path)
    return path


def signature(film: Path, anchors: Path | None = None) -> Provenance | None:
    with film.open("rb") as opened:
        return read(opened, anchors)


def test_a_signed_film_says_who_made_it_and_that_it_is_made_by_ai(signed: Path, keys: Path) -> None:
    found = signature(signed, keys / "anchor.pem")
    assert found
    assert (found.valid, found.trusted, found.synthetic) == (True, True, True)
    assert (found.signer, found.speaker, found.problems) == ("Example Ltd", "anna", ())


def test_a_signer_nobody_vouches_for_is_valid_but_not_trusted(signed: Path) -> None:
    found = signature(signed)
    assert found
    assert (found.valid, found.trusted) == (True, False)


def test_a_film_changed_since_is_found_out(signed: Path) -> None:
    content = bytearray(signed.read_bytes())
    content[content.index(b"mdat") + 200] ^= 255
    signed.write_bytes(content)
    found = signature(signed)
    assert found
    assert not found.valid
    assert any("mismatch" in problem for problem in found.problems)


def test_a_film_without_a_signature_has_none(tmp_path: Path) -> None:
    assert signature(write_film(tmp_path / "film.mp4")) is None


def test_verify_counts_a_signature_as_a_find_and_tells_of_it(signed: Path, keys: Path) -> None:
    found = verify(signed, keys / "anchor.pem")
    assert found.found
    assert not found.watermark.found
    assert "Example Ltd, who is trusted" in found.words()[1]
    assert found.values()["provenance"]["valid"]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The address at which a web server offers the files of the test's folder."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_signature_of_a_film_at_an_address_is_read_too(
    signed: Path, keys: Path, web: str
) -> None:
    found = verify(f"{web}/{signed.name}", keys / "anchor.pem")
    assert found.provenance
    assert (found.provenance.valid, found.provenance.trusted) == (True, True)


def test_a_film_whose_index_is_at_its_end_is_read_off_a_server_that_gives_no_parts(
    tmp_path: Path, web: str
) -> None:
    carry_out(Attack("", bitrate=20_000_000), scenery(50), tmp_path / "film.mp4")
    content = (tmp_path / "film.mp4").read_bytes()
    assert content.index(b"moov") > 500_000
    assert verify(f"{web}/film.mp4").watermark.windows == 1


def test_a_film_at_an_address_that_has_no_place_for_a_signature_has_none(
    tmp_path: Path, web: str
) -> None:
    write_film(tmp_path / "film.mkv")
    found = verify(f"{web}/film.mkv")
    assert (found.provenance, found.unread) == (None, "")


def test_a_signature_that_cannot_be_read_is_not_taken_for_none(signed: Path) -> None:
    content = bytearray(signed.read_bytes())
    content[content.index(b"jumb") + 4] ^= 255
    signed.write_bytes(content)
    found = verify(signed)
    assert found.provenance is None
    assert "cannot be read" in found.words()[1]
    assert found.values()["provenance_unread"] == found.unread


def test_a_file_without_certificates_is_nobody_to_trust(signed: Path, tmp_path: Path) -> None:
    for content in (b"no certificate", bytes(range(256))):
        (tmp_path / "anchors.pem").write_bytes(content)
        with pytest.raises(AvatarError, match="holds no certificate"):
            verify(signed, tmp_path / "anchors.pem")


def test_what_cannot_be_signed_is_refused_before_it_is_made(keys: Path) -> None:
    signing = Signing.of(
        MarkSettings(certificate=str(keys / "chain.pem"), certificate_key=str(keys / "key.pem"))
    )
    assert signing
    with pytest.raises(AvatarError, match=r"only \.mp4 and \.mov"):
        signing.check_film(Path("film.mkv"))
    with pytest.raises(AvatarError, match="both"):
        MarkSettings(certificate=str(keys / "chain.pem"))
    assert (keys / "key.pem").stat().st_mode & 0o077 == 0


def test_what_cannot_sign_is_told_in_one_line_before_there_is_a_film(
    keys: Path, tmp_path: Path
) -> None:
    make_certificate(tmp_path / "other", "Other")
    for certificate, key, why in (
        (str(keys / "chain.pem"), str(tmp_path / "other" / "key.pem"), "is not the key of"),
        (*web_server_certificate(tmp_path), "cannot sign films"),
    ):
        signing = Signing.of(MarkSettings(certificate=certificate, certificate_key=key))
        assert signing
        with pytest.raises(AvatarError, match=why) as refusal:
            signing.check()
        assert "\n" not in str(refusal.value)


def test_a_key_that_does_not_fit_is_one_line(signed: Path, keys: Path, tmp_path: Path) -> None:
    make_certificate(tmp_path / "other", "Other")
    signing = Signing.of(
        MarkSettings(
            certificate=str(keys / "chain.pem"),
            certificate_key=str(tmp_path / "other" / "key.pem"),
        )
    )
    assert signing
    before = signed.read_bytes()
    with pytest.raises(AvatarError, match="could not be signed"):
        signing.sign(signed, "anna", "")
    assert signed.read_bytes() == before
