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
    sections = _sections(lines)
    if sorted(section[0].partition(" ")[0] for section in sections) not in MEDIA:
        raise AvatarError("the offer must hold one video section and at most one audio section")
    _check_mids(lines, sections)


def _sections(lines: list[str]) -> list[list[str]]:
    starts = [at for at, line in enumerate(lines) if line.startswith("m=")]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=False)]


def _check_mids(lines: list[str], sections: list[list[str]]) -> None:
    """A connection for sections whose names are mixed up can be neither used nor closed."""
    named = [[line for line in section if line.startswith("a=mid:")] for section in sections]
    mids = {names[0].removeprefix("a=mid:") for names in named if len(names) == 1}
    groups = [line.split() for line in lines if line.startswith("a=group:BUNDLE")]
    bundled = all(set(group[1:]) == mids and len(group) == 1 + len(mids) for group in groups)
    if len(mids) != len(sections) or len(groups) > 1 or not bundled:
        raise AvatarError("every section of the offer must have its own a=mid, all in one BUNDLE")
