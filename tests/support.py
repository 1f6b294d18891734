"""What several tests need: the command line, and saying that a part of the machine is absent."""

import importlib.util
import os
import shutil
import sys
from typing import NoReturn

import pytest

AVATAR = [sys.executable, "-c", "from streaming.cli import main; main()"]
PROGRAMS = {
    "chromium",
    "ffmpeg",
    "espeak-ng",
    "flite",
    "g++",
    "pulseaudio",
    "Xvfb",
    "ip",
    "mount",
    "unshare",
    "turnserver",
    "firefox-esr",
    "nginx",
}


def need(*parts: str) -> None:
    """Skip the test if a program or Python module is absent; under CI=true fail instead."""
    for part in parts:
        found = shutil.which(part) if part in PROGRAMS else importlib.util.find_spec(part)
        if found:
            continue
        lack(f"{part} is not installed")


def need_root(*programs: str) -> None:
    """Skip a test that must mount or make namespaces where it is not root; CI must be."""
    need(*programs)
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        lack("this needs root")


def lack(reason: str) -> NoReturn:
    """Skip the test for `reason`; under CI=true fail, since CI has whatever tests need."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI must have it")
    pytest.skip(reason)
