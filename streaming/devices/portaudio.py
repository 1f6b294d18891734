"""The microphones and outputs of this machine, by the names people know them by.

PortAudio on Linux knows only ALSA's devices, and one of them, `pulse`, stands for everything that
PulseAudio or PipeWire has. Their sources and sinks are therefore asked for with `pactl` and opened
through it.
"""

import os
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from avatar.errors import AvatarError
from streaming.devices.alsa_silence import silence_alsa

Direction = Literal["input", "output"]
PULSE = "pulse"  # ALSA's name for PulseAudio and PipeWire
PULSE_ENVIRONMENT = {"input": "PULSE_SOURCE", "output": "PULSE_SINK"}
PACTL_TIMEOUT_S = 5
LISTED = re.compile(
    r"^\tName: (.*)\n\tDescription: (.*)\n(?:\t.*\n)*?\tSample Specification: .*?(\d+)ch",
    re.MULTILINE,
)
CHANNELS = {"input": 2, "output": 1}  # the voice is one


@dataclass(frozen=True)
class SoundDevice:
    """A microphone or an output."""

    name: str
    direction: Direction
    description: str
    channels: int
    "That it is opened with: both of a stereo microphone, whichever of them has the voice."
    default: bool = False
    through_pulse: bool = False

    @property
    def label(self) -> str:
        """What a person would call it."""
        return self.description if self.through_pulse else self.name

    @property
    def portaudio(self) -> str | int:
        """What PortAudio opens it by."""
        return PULSE if self.through_pulse else int(self.name.split(":", 1)[0])

    def select(self) -> None:
        """Before PortAudio opens `pulse`: say which of its devices is meant."""
        if self.through_pulse:
            os.environ[PULSE_ENVIRONMENT[self.direction]] = self.name


def list_devices(direction: Direction) -> list[SoundDevice]:
    """What there is now. Raises AvatarError if the sound library is missing."""
    known = list(portaudio().query_devices())
    if any(device["name"] == PULSE for device in known):
        found = list(_pulse_devices(direction))
        if found:
            return found
    return list(_portaudio_devices(direction, known))


def find_device(direction: Direction, wanted: str | None) -> SoundDevice:
    """The device of that name, or with it in its name; None: the default. Raises AvatarError."""
    devices = list_devices(direction)
    kind = "microphone" if direction == "input" else "sound output"
    if wanted is None:
        chosen = [device for device in devices if device.default] or devices[:1]
    else:
        exact = _plain(wanted)
        chosen = [d for d in devices if exact in (_plain(d.name), _plain(d.description))]
        chosen = chosen or [
            device
            for device in devices
            if _plain(wanted) in _plain(f"{device.name} {device.description}")
        ]
    if not chosen:
        named = f" {wanted!r}" if wanted else ""
        raise AvatarError(f"there is no {kind}{named}; `avatar camera --list` shows what there is")
    if len(chosen) > 1:
        names = ", ".join(repr(device.name) for device in chosen)
        raise AvatarError(f"{wanted!r} could be several: {names}; give one of these names")
    return chosen[0]


def portaudio() -> Any:
    """The sounddevice module. Raises AvatarError with what to install."""
    try:
        import sounddevice
    except ImportError as error:
        raise AvatarError(
            "sound devices need one more package: pip install 'speech2lip-live[camera]'"
        ) from error
    except OSError as error:
        raise AvatarError(
            "the library PortAudio is missing; on Debian and Ubuntu: sudo apt install libportaudio2"
        ) from error
    silence_alsa()
    return sounddevice


def _portaudio_devices(direction: Direction, known: list[Any]) -> Iterator[SoundDevice]:
    for device in known:
        if device[f"max_{direction}_channels"]:
            api = portaudio().query_hostapis(device["hostapi"])
            yield SoundDevice(
                name=f"{device['index']}: {device['name']}",
                direction=direction,
                description=api["name"],
                channels=min(device[f"max_{direction}_channels"], CHANNELS[direction]),
                default=api[f"default_{direction}_device"] == device["index"],
            )


def _pulse_devices(direction: Direction) -> Iterator[SoundDevice]:
    if sys.platform != "linux" or not shutil.which("pactl"):
        return
    kind = "source" if direction == "input" else "sink"
    default = _pactl(f"get-default-{kind}").strip()
    for name, description, channels in LISTED.findall(_pactl("list", f"{kind}s")):
        yield SoundDevice(
            name=name,
            direction=direction,
            description=description,
            channels=min(int(channels), CHANNELS[direction]),
            default=name == default,
            through_pulse=True,
        )


def _pactl(*arguments: str) -> str:
    """What it writes for people: its JSON holds "(null)" where a letter is not ASCII."""
    command = ["pactl", *arguments]
    untranslated = os.environ | {"LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, capture_output=True, env=untranslated, timeout=PACTL_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def _plain(text: str) -> str:
    """Names that look alike are alike, however their letters are put together."""
    return unicodedata.normalize("NFC", text).casefold()


if __name__ == "__main__":  # asked by SoundSystem: is this device plugged in?
    try:
        find_device("input" if sys.argv[1] == "input" else "output", " ".join(sys.argv[2:]) or None)
    except AvatarError:
        sys.exit(1)
