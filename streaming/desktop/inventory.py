"""`avatar camera --list`: what there is, what is missing, and how to get it."""

import platform

from rich.console import Console
from rich.table import Table
from rich.text import Text

from streaming.core.console import text_console
from streaming.desktop.advice import Advice, advise
from streaming.devices.cameras import CameraState, list_cameras
from streaming.devices.portaudio import SoundDevice, list_devices


def show_inventory() -> None:
    """Print it. Raises AvatarError if the camera packages are missing."""
    console = text_console()
    microphones, outputs = list_devices("input"), list_devices("output")
    cameras = list_cameras()
    _show_devices(console, "Microphones", "--microphone", microphones)
    _show_devices(console, "Sound outputs", "--voice", outputs)
    _show_cameras(console, cameras)
    names = [f"{device.name} {device.description}" for device in outputs]
    usable = any(not camera.problem for camera in cameras)
    for advice in advise(platform.system(), bool(microphones), usable, names):
        _show_advice(console, advice)


def _show_devices(console: Console, title: str, flag: str, devices: list[SoundDevice]) -> None:
    console.print(Text.assemble("\n", (title, "bold"), "  ", (f"{flag} NAME", "dim")))
    table = Table.grid(padding=(0, 2))
    for device in devices:
        mark = "*" if device.default else " "
        table.add_row(mark, device.name, Text(device.description, "dim"))
    console.print(table if devices else "  none")


def _show_cameras(console: Console, cameras: list[CameraState]) -> None:
    console.print(Text.assemble("\n", ("Virtual cameras", "bold"), ("  --camera NAME", "dim")))
    for camera in cameras:
        state = (camera.problem, "yellow") if camera.problem else ("ready", "green")
        device, backend = camera.device or "none", (camera.backend, "dim")
        console.print(Text.assemble(f"  {device}  ", backend, "  ", state))
    if not cameras:
        console.print("  none")


def _show_advice(console: Console, advice: Advice) -> None:
    console.print(Text.assemble(("\nMissing:", "bold yellow"), f" {advice.missing}"))
    for step in advice.steps:
        command = step.startswith("$ ")
        console.print(f"  {step}", style="cyan" if command else "")
