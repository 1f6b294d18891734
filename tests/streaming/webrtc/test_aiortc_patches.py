"""Changes to aiortc stand in one place, and are made only where they fit."""

import ast
import tomllib
from pathlib import Path

import aiortc.codecs
import aiortc.rtcrtpreceiver
import pytest
from aiortc import RTCRtpSender

from avatar.errors import AvatarError
from streaming.webrtc.aiortc_patches.install import install
from streaming.webrtc.aiortc_patches.private_names import CALLABLES, KNOWN, KNOWN_AIOICE, USES

ROOT = Path(__file__).parents[3]
PATCHES = ROOT / "streaming/webrtc/aiortc_patches"


def private_names() -> set[str]:
    """All that the check looks for and a leading underscore marks as aiortc's own."""
    names = {path.rpartition(".")[2] for path in CALLABLES} | set(" ".join(USES.values()).split())
    return {name for name in names if name.startswith("_")}


def reached_for(path: Path) -> set[str]:
    """Private names of other objects that a module uses: attributes, keys and keywords."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Attribute(attr=name, value=value) if not isinstance(value, ast.Name) or (
                value.id not in ("self", "cls")
            ):
                found.add(name)
            case ast.keyword(arg=str(name)) | ast.Constant(value=str(name)):
                found.add(name)
    return {name for name in found if name.startswith("_") and not name.startswith("__")}


def test_the_patches_reach_for_nothing_that_is_not_checked() -> None:
    patches = [path for path in PATCHES.glob("*.py") if path.stem != "private_names"]
    used = set[str]().union(*map(reached_for, patches))
    assert used >= {"_send_rtcp", "_RTCRtpSender__lsr", "_data"}
    assert used - private_names() == set()


def test_nothing_else_reaches_into_aiortc() -> None:
    others = [path for path in ROOT.glob("streaming/**/*.py") if path.parent != PATCHES]
    assert others
    reaching = {
        path.name: found for path in others if (found := reached_for(path) & private_names())
    }
    assert not reaching


def test_installing_twice_changes_nothing_more() -> None:
    install()
    before = aiortc.rtcrtpreceiver.JitterBuffer, len(aiortc.codecs.HEADER_EXTENSIONS["video"])
    install()
    after = aiortc.rtcrtpreceiver.JitterBuffer, len(aiortc.codecs.HEADER_EXTENSIONS["video"])
    assert after == before


def test_a_name_that_is_gone_is_named_with_the_versions_that_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(RTCRtpSender, "_send_rtcp")
    with pytest.raises(AvatarError) as refusal:
        install()
    assert "aiortc.rtcrtpsender.RTCRtpSender._send_rtcp(self, packets)" in str(refusal.value)
    assert f"pip install 'aiortc{KNOWN}'" in str(refusal.value)


def test_other_parameters_and_code_that_no_longer_uses_a_name_are_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def _next_encoded_frame(self: object, codec: object, hurry: bool) -> None:
        """One parameter more."""

    async def _run_rtcp(self: object) -> None:
        """Sends no report."""

    monkeypatch.setattr(RTCRtpSender, "_next_encoded_frame", _next_encoded_frame)
    monkeypatch.setattr(RTCRtpSender, "_run_rtcp", _run_rtcp)
    with pytest.raises(AvatarError, match=r"_next_encoded_frame\(self, codec\).*_send_rtcp in"):
        install()


def test_the_versions_it_knows_are_those_that_can_be_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {f"aiortc{KNOWN}", f"aioice{KNOWN_AIOICE}"} <= set(project["dependencies"])
