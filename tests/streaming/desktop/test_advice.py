"""What `--list` says on each system."""

import pytest

from streaming.desktop.advice import advise

SYSTEMS = ("Linux", "Darwin", "Windows")


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_there_is_not_spoken_of(system: str) -> None:
    assert advise(system, True, True, ["CABLE Input (VB-Audio)"]) == []


@pytest.mark.parametrize(
    ("system", "camera", "cable"),
    [
        ("Linux", "$ sudo modprobe v4l2loopback", "$ pactl load-module module-null-sink"),
        ("Darwin", "$ brew install --cask obs", "$ brew install --cask blackhole-2ch"),
        ("Windows", "$ winget install OBSProject.OBSStudio", "https://vb-audio.com/Cable/"),
    ],
)
def test_what_is_missing_comes_with_commands(system: str, camera: str, cable: str) -> None:
    microphone, found_camera, found_cable = advise(system, False, False, ["Loudspeakers"])
    assert "microphone" in microphone.missing
    assert any(camera in step for step in found_camera.steps)
    assert any(cable in step for step in found_cable.steps)
