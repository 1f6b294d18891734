"""An offer is looked over as text, before anything is made for it."""

from avatar.errors import AvatarError

OFFER_LIMIT = 64 * 1024  # bytes
LINE_LIMIT = 1024  # lines
MEDIA = (["m=audio", "m=video"], ["m=video"])


def check_offer(sdp: str) -> None:
    """Raises AvatarError unless it has one video section, at most one audio, and is not long."""
    if len(sdp.encode(errors="replace")) > OFFER_LIMIT:
        raise AvatarError(f"an offer has at most {OFFER_LIMIT} bytes")
    lines = sdp.splitlines()
    if len(lines) > LINE_LIMIT:
        raise AvatarError(f"an offer has at most {LINE_LIMIT} lines")
    sections = [line.partition(" ")[0] for line in lines if line.startswith("m=")]
    if sorted(sections) not in MEDIA:
        raise AvatarError("the offer must hold one video section and at most one audio section")
