"""What to install, and the exact commands, for each operating system."""

from dataclasses import dataclass

CARD = "Speech2Lip"


@dataclass(frozen=True)
class Advice:
    """One thing that is missing: what it is for, the commands, and what to do with them."""

    missing: str
    steps: tuple[str, ...]
    "Commands begin with `$ `; the rest is said to a person."


CAMERA = {
    "Linux": Advice(
        "a virtual camera: the kernel module v4l2loopback",
        (
            "$ sudo apt install v4l2loopback-dkms     # Debian, Ubuntu",
            "$ sudo dnf install v4l2loopback          # Fedora, from RPM Fusion",
            "$ sudo pacman -S v4l2loopback-dkms       # Arch",
            f'$ sudo modprobe v4l2loopback video_nr=10 card_label="{CARD}" exclusive_caps=1',
            "To have it after every start as well:",
            "$ echo v4l2loopback | sudo tee /etc/modules-load.d/v4l2loopback.conf",
            f"$ echo 'options v4l2loopback video_nr=10 card_label=\"{CARD}\" exclusive_caps=1'"
            " | sudo tee /etc/modprobe.d/v4l2loopback.conf",
        ),
    ),
    "Darwin": Advice(
        "a virtual camera: OBS 30 or newer, on macOS 13 or newer",
        (
            "$ brew install --cask obs",
            "Open OBS, press Start Virtual Camera, and allow its camera extension when macOS asks",
            "(System Settings, General, Login Items & Extensions, Camera Extensions). Then press",
            "Stop Virtual Camera and quit OBS: only one program can feed the camera.",
        ),
    ),
    "Windows": Advice(
        "a virtual camera: OBS 26 or newer",
        (
            "$ winget install OBSProject.OBSStudio",
            "Open OBS once, press Start Virtual Camera, then Stop Virtual Camera, and quit OBS.",
        ),
    ),
}

CABLE = {
    "Linux": Advice(
        "a virtual cable for the voice: a null sink of PulseAudio or PipeWire",
        (
            "$ pactl load-module module-null-sink sink_name=speech2lip"
            f" sink_properties=device.description={CARD}",
            "$ pactl load-module module-remap-source master=speech2lip.monitor"
            f" source_name=speech2lip_voice source_properties=device.description={CARD}_voice",
            "$ avatar camera --voice speech2lip",
            f"In the call program choose {CARD}_voice as the microphone.",
        ),
    ),
    "Darwin": Advice(
        "a virtual cable for the voice: BlackHole",
        (
            "$ brew install --cask blackhole-2ch",
            "$ avatar camera --voice BlackHole",
            "In the call program choose BlackHole 2ch as the microphone.",
        ),
    ),
    "Windows": Advice(
        "a virtual cable for the voice: VB-Cable",
        (
            "Download it from https://vb-audio.com/Cable/, run its setup, restart.",
            '$ avatar camera --voice "CABLE Input"',
            "In the call program choose CABLE Output as the microphone.",
        ),
    ),
}

MICROPHONE = {
    "Linux": Advice(
        "a microphone",
        (
            "Plug one in, then look whether the sound server has it:",
            "$ pactl list short sources",
        ),
    ),
    "Darwin": Advice(
        "a microphone",
        (
            "Plug one in, and allow the terminal to use it: System Settings, Privacy & Security,",
            "Microphone.",
        ),
    ),
    "Windows": Advice(
        "a microphone",
        (
            "Plug one in, and allow programs to use it: Settings, Privacy & security, Microphone,",
            "Let desktop apps access your microphone.",
        ),
    ),
}

CABLE_NAMES = ("speech2lip", "null", "virtual", "cable", "blackhole", "vb-audio", "loopback")


def advise(system: str, microphones: bool, cameras: bool, outputs: list[str]) -> list[Advice]:
    """What is missing on `system` (Linux, Darwin, Windows), in the order of putting it right."""
    cable = any(word in name.lower() for name in outputs for word in CABLE_NAMES)
    wanted = ((microphones, MICROPHONE), (cameras, CAMERA), (cable, CABLE))
    return [table[system] for there, table in wanted if not there]
