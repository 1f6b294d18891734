"""`avatar camera --list`: what there is, what is missing, and how to get it."""

import platform

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streaming.desktop.advice import Advice, advise
from streaming.devices.cameras import CameraState, list_cameras
from streaming.devices.portaudio import SoundDevice, list_devices


def show_inventory() -> None:
    """Print it. Raises AvatarError if the camera packages are missing."""
    console = Console(highlight=False, soft_wrap=True)
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
    console.print(f"\n[bold]{title}[/]  [dim]{flag} NAME[/]")
    table = Table.grid(padding=(0, 2))
    for device in devices:
        mark = "*" if device.default else " "
        table.add_row(mark, escape(device.name), f"[dim]{escape(device.description)}[/]")
    console.print(table if devices else "  none")


def _show_cameras(console: Console, cameras: list[CameraState]) -> None:
    console.print("\n[bold]Virtual cameras[/]  [dim]--camera NAME[/]")
    for camera in cameras:
        state = f"[yellow]{escape(camera.problem)}[/]" if camera.problem else "[green]ready[/]"
        console.print(f"  {escape(camera.device) or 'none'}  [dim]{camera.backend}[/]  {state}")
    if not cameras:
        console.print("  none")


def _show_advice(console: Console, advice: Advice) -> None:
    console.print(f"\n[bold yellow]Missing:[/] {advice.missing}")
    for step in advice.steps:
        command = step.startswith("$ ")
        console.print(f"  {step}", style="cyan" if command else "", markup=False)
