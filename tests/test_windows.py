"""Nothing that Windows lacks is needed to import any module; no Windows was at hand to run them."""

import ast
import os
import subprocess
import sys
from pathlib import Path

from tests.support import need

ROOT = Path(__file__).parents[1]
NO_MODULES = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty")
NO_NAMES = {
    "os": (
        "fork", "forkpty", "geteuid", "getloadavg", "getpgid", "getuid", "killpg", "openpty",
        "sched_getaffinity", "sched_setaffinity", "setsid", "statvfs", "sysconf", "uname",
    ),
    "signal": ("SIGHUP", "SIGKILL", "SIGSTOP", "SIGUSR1", "SIGUSR2", "alarm", "pause"),
    "socket": ("AF_UNIX", "recv_fds", "send_fds"),
}  # fmt: skip

PROGRAM = """
import importlib, sys
libraries, modules, no_modules, no_names = (eval(line) for line in sys.stdin)
absent = set()
for name in libraries:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        absent.add(error.name.split(".")[0])  # or a part of a namespace package
for name in no_modules:
    sys.modules[name] = None
for owner, names in no_names.items():
    for name in names:
        vars(importlib.import_module(owner)).pop(name, None)
sys.platform = "win32"
for name in modules:
    try:
        importlib.import_module(name)
    except ImportError as error:
        if error.name.split(".")[0] not in absent:  # else of an extra that is not installed
            raise
"""


def test_every_module_can_be_imported_without_what_windows_lacks() -> None:
    need("matplotlib", "pygame", "sounddevice")
    files = [file for house in ("avatar", "streaming") for file in (ROOT / house).rglob("*.py")]
    libraries = sorted(set().union(*(imported_first(file) for file in files)) - set(NO_MODULES))
    modules = sorted(".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files)
    told = [libraries, [name for name in modules if "__" not in name], NO_MODULES, NO_NAMES]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input="\n".join(map(repr, told)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )
    assert done.returncode == 0, done.stderr


def imported_first(file: Path) -> set[str]:
    """Libraries that a module imports on being imported: they know Windows by themselves."""
    nodes = ast.parse(file.read_text(encoding="utf-8")).body
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name for name in names if name.split(".")[0] not in ("avatar", "streaming")}
