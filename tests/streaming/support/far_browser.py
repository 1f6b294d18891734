"""Chromium on another machine, which knows the server by an address."""

import stat
from pathlib import Path
from typing import Any

from streaming.benchmark.live_benchmark import BROWSER_FLAGS, CHROMIUM, PROBE
from tests.streaming.support.live_server import LiveServer
from tests.streaming.support.namespaces import Machine


def chromium_in(machine: Machine, folder: Path) -> Path:
    """A program that is Chromium on that machine."""
    script = folder / "chromium"
    script.write_text(f'#!/bin/sh\nexec {" ".join(machine.inside(CHROMIUM))} "$@"\n')
    script.chmod(stat.S_IRWXU)
    return script


def open_page(playwright: Any, program: Path, server: LiveServer, here: str) -> Any:
    """The server's page, in a browser that finds it at the address `here`."""
    flags = [*BROWSER_FLAGS, f"--host-resolver-rules=MAP localhost {here}"]
    browser = playwright.chromium.launch(executable_path=str(program), args=flags)
    page = browser.new_context(bypass_csp=True).new_page()
    page.add_init_script(path=PROBE)
    page.goto(server.address.replace("127.0.0.1", "localhost"))
    return page
