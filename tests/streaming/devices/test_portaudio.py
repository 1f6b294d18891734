"""Sound devices are found by the names that people see, whatever letters are in them."""

import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from tests.streaming.support.sound_server import SoundServer

NAMES = {"headset": "Kopfhörer-Übung", "far": "Mikrofon日本", "plain": "Plain"}


@pytest.fixture(scope="module")
def server(sound_server: SoundServer) -> SoundServer:
    """With devices of these names."""
    for sink, shown in NAMES.items():
        properties = f"sink_properties=device.description={shown}"
        sound_server.control("load-module", "module-null-sink", f"sink_name={sink}", properties)
    return sound_server


def found(server: SoundServer, name: str, **environment: str) -> bool:
    command = [sys.executable, "-m", "streaming.devices.portaudio", "output", name]
    surroundings = server.environment | {"PYTHONPATH": str(Path.cwd())} | environment
    return subprocess.run(command, env=surroundings).returncode == 0


@pytest.mark.parametrize("name", [*NAMES.values(), "übung", unicodedata.normalize("NFD", "Übung")])
def test_a_device_is_found_by_the_name_that_is_shown(server: SoundServer, name: str) -> None:
    assert found(server, name)
    assert not found(server, "(null)")


def test_the_language_of_the_terminal_is_no_obstacle(server: SoundServer) -> None:
    assert found(server, "Kopfhörer", LC_ALL="C", PYTHONUTF8="1")
