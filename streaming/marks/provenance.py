"""Signed provenance by C2PA: who made a film, of whom, when and with what; needs `[provenance]`."""

import io
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np
from cryptography import x509

from avatar.errors import AvatarError
from avatar.files import replace_file
from streaming.core.pem_files import read_chain
from streaming.marks.payload import PROJECT

SIGNED = (".mp4", ".mov")  # containers that C2PA has a place in
SYNTHETIC = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
SPEAKER_ASSERTION = "org.speech2lip-live.speaker"

Manifest = dict[str, Any]  # as JSON


@dataclass(frozen=True)
class Credentials:
    """What films are signed with."""

    chain: Path
    "Certificates (PEM), the signer's first."
    key: Path
    "The signer's private key (PEM, ES256)."
    timestamp_url: str = ""
    "A time-stamp authority; none: the signature is worth as long as its certificate."


@dataclass(frozen=True)
class Claim:
    """What a signature vouches for."""

    speaker: str
    consent: str
    version: str
    label_reason: str = ""


@dataclass(frozen=True)
class Provenance:
    """What a film's signature says."""

    valid: bool
    "Nothing was changed since it was signed."
    trusted: bool
    "By somebody whose certificate the reader was told to trust."
    signer: str
    synthetic: bool
    time: str
    speaker: str
    problems: tuple[str, ...]


def sign(film: Path, claim: Claim, credentials: Credentials) -> None:
    """Put a signed manifest into a film, in place. Raises AvatarError."""
    c2pa = _library()
    try:
        with (
            replace_file(film) as signed,
            film.open("rb") as source,
            signed.open("w+b") as target,
        ):
            _sign("video/mp4", source, target, _manifest(film.name, claim), credentials)
    except (c2pa.C2paError, OSError) as error:
        raise AvatarError(f"{film} could not be signed: {_brief(error)}") from error


def check(credentials: Credentials) -> None:
    """Sign a picture in memory, without a time-stamp authority.

    Raises AvatarError if films could not be signed with these credentials.
    """
    c2pa = _library()
    read_chain(str(credentials.chain), str(credentials.key))
    manifest = _manifest("trial", Claim("", "", ""))
    source = io.BytesIO(cv2.imencode(".png", np.zeros((1, 1), np.uint8))[1].tobytes())
    try:
        _sign("image/png", source, io.BytesIO(), manifest, replace(credentials, timestamp_url=""))
    except (c2pa.C2paError, OSError) as error:
        raise AvatarError(
            f"{credentials.chain} cannot sign films: {_brief(error)}; docs/trust.md says which can"
        ) from error


def _sign(
    kind: str, source: IO[bytes], target: IO[bytes], manifest: Manifest, credentials: Credentials
) -> None:
    c2pa = _library()
    info = c2pa.C2paSignerInfo(
        c2pa.C2paSigningAlg.ES256,
        credentials.chain.read_bytes(),
        credentials.key.read_bytes(),
        credentials.timestamp_url.encode() or None,
    )
    with (
        c2pa.Signer.from_info(info) as signer,
        c2pa.Builder.from_json(json.dumps(manifest)) as builder,
    ):
        builder.sign(signer, kind, source, target)


def read(film: IO[bytes], anchors: Path | None = None) -> Provenance | None:
    """What the signature of an open film (MP4, QuickTime) says; None if it carries none.

    `anchors`: certificates (PEM) of those who are trusted. Raises AvatarError if it is unreadable.
    """
    c2pa = _library()
    settings: dict[str, Any] = {"verify": {"verify_trust": True, "remote_manifest_fetch": False}}
    if anchors:
        settings["trust"] = {"trust_anchors": read_anchors(anchors)}
    try:
        context = c2pa.Context.from_dict(settings)
        with c2pa.Reader("video/mp4", film, context=context) as reader:
            return _provenance(json.loads(reader.json()), reader.get_validation_state())
    except c2pa.C2paError as error:
        if "ManifestNotFound" in str(error):
            return None
        raise AvatarError(f"it cannot be read ({_brief(error)})") from error


def read_anchors(file: Path) -> str:
    """Certificates (PEM) of those who are trusted. Raises AvatarError if the file holds none."""
    try:
        text = file.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise AvatarError(f"{file} cannot be read ({error.strerror})") from error
    try:
        x509.load_pem_x509_certificates(text.encode())
    except ValueError as error:
        raise AvatarError(
            f"{file} holds no certificate in PEM form (BEGIN CERTIFICATE) that could be trusted"
        ) from error
    return text


def _manifest(title: str, claim: Claim) -> Manifest:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    created = {"action": "c2pa.created", "digitalSourceType": SYNTHETIC, "when": now}
    about = {"speaker": claim.speaker, "consent": claim.consent, "made": now}
    if claim.label_reason:
        about["label_reason"] = claim.label_reason
    return {
        "claim_generator_info": [{"name": PROJECT.decode(), "version": claim.version}],
        "title": title,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": SPEAKER_ASSERTION, "data": about},
        ],
    }


def _provenance(store: dict[str, Any], state: str | None) -> Provenance:
    manifest = store["manifests"][store["active_manifest"]]
    assertions = {one["label"]: one["data"] for one in manifest.get("assertions", ())}
    actions = assertions.get("c2pa.actions.v2", {}).get("actions", ())
    about = assertions.get(SPEAKER_ASSERTION, {})
    signature = manifest.get("signature_info", {})
    return Provenance(
        valid=state in ("Valid", "Trusted"),
        trusted=state == "Trusted",
        signer=str(signature.get("common_name") or signature.get("issuer") or "unknown"),
        synthetic=any(one.get("digitalSourceType") == SYNTHETIC for one in actions),
        time=str(signature.get("time") or about.get("made") or ""),
        speaker=str(about.get("speaker", "")),
        problems=tuple(str(one.get("code")) for one in store.get("validation_status", ())),
    )


def check_installed() -> None:
    """Raises AvatarError if the library is not there."""
    _library()


def _library() -> Any:
    try:
        import c2pa
    except ImportError:
        raise AvatarError(
            "signatures need c2pa: pip install 'speech2lip-live[provenance]'"
        ) from None
    return c2pa


def _brief(error: Exception) -> str:
    return " ".join(str(error).removeprefix("Signature: ").split())[:200]
