"""Real Firefox for tests, driven by WebDriver BiDi, which it speaks without any driver between.

Its microphone is Firefox's own fake one (a tone); it has no sound output unless the machine has.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

FIREFOX = "firefox-esr"
START_LIMIT = 60  # seconds
DOWNLOADS = "downloads"
READY = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
PREFERENCES = {
    "media.autoplay.default": 0,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.loopback": True,
    "remote.active-protocols": 1,  # BiDi
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "app.update.enabled": False,
    "browser.download.alwaysOpenPanel": False,
    "browser.download.folderList": 2,  # the one that browser.download.dir names
    "browser.shell.checkDefaultBrowser": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}

_numbers = count(1)  # of commands


class FirefoxPage:
    """One window, with what the tests ask of Playwright's pages."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._context = self._command("browsingContext.create", type="window")["context"]

    def another(self) -> "FirefoxPage":
        """A window of its own in the same browser."""
        return FirefoxPage(self._socket)

    def goto(self, address: str) -> None:
        self._command(
            "browsingContext.navigate", context=self._context, url=address, wait="complete"
        )

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, as JSON; a promise is waited for."""
        done = self._command(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        assert done["type"] == "success", done
        return json.loads(done["result"].get("value", "null"))

    def click(self, selector: str) -> None:
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def _command(self, method: str, **parameters: object) -> Any:
        return _command(self._socket, method, **parameters)


def _command(socket: ClientConnection, method: str, **parameters: object) -> Any:
    number = next(_numbers)
    socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
    while True:
        message = json.loads(socket.recv(timeout=START_LIMIT))
        if message.get("id") == number:
            assert message["type"] == "success", message
            return message["result"]


@contextmanager
def firefox(folder: Path) -> Iterator[FirefoxPage]:
    """A headless Firefox with everything it writes in `folder`; what it saves is in DOWNLOADS."""
    preferences = PREFERENCES | {"browser.download.dir": str(folder / DOWNLOADS)}
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in preferences.items()]
    (folder / "profile").mkdir()
    (folder / "profile" / "user.js").write_text("\n".join(lines))
    command = [shutil.which(FIREFOX) or FIREFOX, "--headless", "--no-remote"]
    command += ["--profile", str(folder / "profile"), "--remote-debugging-port", "0"]
    process = subprocess.Popen(
        [*command, "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "MOZ_DISABLE_CONTENT_SANDBOX": "1"},
    )
    try:
        assert process.stderr
        for line in process.stderr:
            if found := READY.search(line):
                break
        else:
            raise AssertionError("Firefox ended before it could be driven")
        with connect(f"{found[1]}/session", max_size=None) as socket:
            _command(socket, "session.new", capabilities={})
            yield FirefoxPage(socket)
    finally:
        process.kill()
        process.communicate()
