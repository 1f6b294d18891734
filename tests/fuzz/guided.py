"""Fuzzing that looks for new paths through the code (Atheris, libFuzzer).

    pip install 'speech2lip-live[fuzz]'
    python -m tests.fuzz.guided config CORPUS -max_total_time=600 -timeout=10 -rss_limit_mb=2500

runs one of the targets below from the examples in the folder CORPUS, to which it adds what it finds
worth keeping; further flags are libFuzzer's.  What it finds becomes an example of the tests beside.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["avatar", "streaming", "aiortc.sdp", "yaml", "zipfile"]):
    from avatar.errors import AvatarError
    from avatar.rendering.install_speaker import install_speaker
    from avatar.speakers.card import CARD, read_card
    from streaming.core.config import load_config, make_ice_servers
    from streaming.security.candidate_filter import CandidateFilter
    from streaming.security.sdp_check import check_offer
    from streaming.security.tokens import TokenSigner

from aiortc.sdp import SessionDescription

from tests.fuzz.profile import check_words

CALLER = "192.0.2.1"
FOLDER = Path(tempfile.mkdtemp())


def offer(data: bytes) -> None:
    """The text of an offer up to where aiortc takes it, whose parser may refuse but not hang."""
    text = data.decode("utf-8", "replace")
    check_offer(text)
    kept = CandidateFilter(CALLER, 32, private=False).filter(text)
    try:
        SessionDescription.parse(kept)
    except Exception as error:  # as negotiation.py takes it
        raise AvatarError("the offer cannot be used") from error


def candidate(data: bytes) -> None:
    """Where a stranger wants packets sent."""
    CandidateFilter(CALLER, 32, private=False).allows(data.decode("utf-8", "replace"))


def token(data: bytes) -> None:
    """What is shown at the door."""
    TokenSigner(b"0" * 32).read(data.decode("utf-8", "replace"))


def config(data: bytes) -> None:
    """A configuration file."""
    (FOLDER / "serve.yaml").write_bytes(data)
    make_ice_servers(load_config(FOLDER / "serve.yaml", {}))


def card(data: bytes) -> None:
    """The card of a bundle."""
    (FOLDER / CARD).write_bytes(data)
    read_card(FOLDER)


def archive(data: bytes) -> None:
    """A speaker to install."""
    (FOLDER / "speaker.zip").write_bytes(data)
    install_speaker(FOLDER / "speaker.zip", FOLDER / "speakers", replace=True)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (offer, candidate, token, config, card, archive)
}


def main() -> None:
    """Fuzz the target named on the command line."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name one of {', '.join(TARGETS)}")
    target = TARGETS[sys.argv[1]]

    def once(data: bytes) -> None:
        try:
            target(data)
        except AvatarError as error:
            check_words(error)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
