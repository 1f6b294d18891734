"""What several tests need: the command line, and saying that a part of the machine is absent."""

import importlib.util
import os
import shutil
import sys

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
    "mount",
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
        if os.environ.get("CI") == "true":
            pytest.fail(f"{part} is not installed, and CI must have it")
        pytest.skip(f"{part} is not installed")
