"""What renders, who can be shown, what is plugged in."""

from collections.abc import Callable

from avatar.errors import AvatarError
from streaming.doctor.finding import Finding


def check_machine(speaker: str, device: str) -> list[Finding]:
    """Renderer, speakers and devices."""
    return [_renderer(device), *_speakers(speaker), *_devices()]


def _renderer(device: str) -> Finding:
    from avatar.benchmark.machine import this_machine
    from avatar.rendering.backends.device import choose_device

    machine = this_machine()
    try:
        chosen = choose_device(device)
    except AvatarError as error:
        return Finding("renderer", "bad", str(error))
    if chosen.type == "cuda":
        return Finding("renderer", "good", f"GPU: {machine.gpu}")
    words = f"no GPU; {machine.processor}, {machine.cores} cores"
    return Finding("renderer", "good", f"{words}; `avatar serve` says how many calls they carry")


def _speakers(wanted: str) -> list[Finding]:
    from avatar.speakers.bundle import check_files
    from avatar.speakers.card import read_card
    from avatar.speakers.folders import speaker_folders
    from avatar.speakers.speaker import load_speaker

    findings = []
    try:
        first = load_speaker(wanted).name
        findings.append(Finding(f"speaker {first}", "good", "whole; shown first"))
    except AvatarError as error:
        first = ""
        findings.append(Finding(f"speaker {wanted}", "bad", str(error)))
    for name, folder in speaker_folders().items():
        if name == first:
            continue
        try:
            check_files(folder, read_card(folder))
            findings.append(Finding(f"speaker {name}", "good", "whole"))
        except AvatarError as error:
            findings.append(Finding(f"speaker {name}", "note", str(error)))
    return findings


def _devices() -> list[Finding]:
    return [_device("microphone", _microphones), _device("virtual camera", _cameras)]


def _device(what: str, find: Callable[[], list[str]]) -> Finding:
    purpose = "only `avatar camera` needs one: see `avatar camera --list`"
    try:
        found = find()
    except AvatarError as error:
        return Finding(what, "note", f"{error} ({purpose})")
    if not found:
        return Finding(what, "note", f"none ({purpose})")
    return Finding(what, "good", ", ".join(found))


def _microphones() -> list[str]:
    from streaming.devices.portaudio import list_devices

    return [device.label for device in list_devices("input")]


def _cameras() -> list[str]:
    from streaming.devices.cameras import list_cameras

    return [camera.device for camera in list_cameras() if not camera.problem]
