"""A program as in a container that trusts it with nothing: no disk to write on, home or name."""

import subprocess
import sys
from pathlib import Path

from tests.support import need_root

ROOT = Path(__file__).parents[3]
READ_ONLY = "mount -o remount,bind,ro / && mount -t tmpfs -o size=64m tmpfs /dev/shm"
NOBODY = "unshare --user --map-user=54321 --map-group=54321 env -i PATH=/usr/bin:/bin"


def run_bare(arguments: str, environment: str = "") -> "subprocess.Popen[str]":
    """`avatar` with these, as one process; what it writes goes to a /dev/shm of its own."""
    need_root("unshare", "mount")
    program = f"{sys.executable} -c 'from streaming.cli import main; main()' {arguments}"
    script = f"{READ_ONLY} && cd {ROOT} && exec {NOBODY} {environment} {program}"
    return subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
