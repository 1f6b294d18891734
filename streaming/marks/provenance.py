"""Signed provenance by C2PA: who made a film, of whom, when and with what; needs `[provenance]`."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from avatar.errors import AvatarError
from avatar.files import replace_file
from streaming.marks.payload import PROJECT

SIGNED = (".mp4", ".mov")  # containers that C2PA has a place in
SYNTHETIC = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
SPEAKER_ASSERTION = "org.speech2lip-live.speaker"


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
        info = c2pa.C2paSignerInfo(
            c2pa.C2paSigningAlg.ES256,
            credentials.chain.read_bytes(),
            credentials.key.read_bytes(),
            credentials.timestamp_url.encode() or None,
        )
        with (
            replace_file(film) as signed,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder.from_json(json.dumps(_manifest(film, claim))) as builder,
            film.open("rb") as source,
            signed.open("w+b") as target,
        ):
            builder.sign(signer, "video/mp4", source, target)
    except (c2pa.C2paError, OSError) as error:
        raise AvatarError(f"{film} could not be signed: {_brief(error)}") from error


def read(film: Path, anchors: Path | None = None) -> Provenance | None:
    """What a film's signature says; None if it carries none. Raises AvatarError.

    `anchors`: certificates (PEM) of those who are trusted.
    """
    c2pa = _library()
    if film.suffix.lower() not in SIGNED:
        return None
    settings: dict[str, Any] = {"verify": {"verify_trust": True, "remote_manifest_fetch": False}}
    if anchors:
        settings["trust"] = {"trust_anchors": anchors.read_text()}
    try:
        context = c2pa.Context.from_dict(settings)
        with c2pa.Reader(str(film), context=context) as reader:
            return _provenance(json.loads(reader.json()), reader.get_validation_state())
    except c2pa.C2paError as error:
        if "ManifestNotFound" in str(error):
            return None
        raise AvatarError(f"{film}: its signature cannot be read ({_brief(error)})") from error


def _manifest(film: Path, claim: Claim) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    created = {"action": "c2pa.created", "digitalSourceType": SYNTHETIC, "when": now}
    about = {"speaker": claim.speaker, "consent": claim.consent, "made": now}
    if claim.label_reason:
        about["label_reason"] = claim.label_reason
    return {
        "claim_generator_info": [{"name": PROJECT.decode(), "version": claim.version}],
        "title": film.name,
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


def is_installed() -> bool:
    """Whether the library is there."""
    return find_spec("c2pa") is not None


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
    return " ".join(str(error).split())[:200]
