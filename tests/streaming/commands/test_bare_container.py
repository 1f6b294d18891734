"""`avatar serve` where a container gives it nothing: no disk to write on, no home, no name."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.support import need_root
from tests.tiny_speaker import make_tiny_bundle

ROOT = Path(__file__).parents[3]
READ_ONLY = "mount -o remount,bind,ro / && mount -t tmpfs -o size=64m tmpfs /dev/shm"


def test_it_serves_as_an_unknown_user_from_a_read_only_disk_without_a_home(tmp_path: Path) -> None:
    need_root("unshare", "mount")
    bundle = make_tiny_bundle(tmp_path / "tiny")
    nobody = "exec unshare --user --map-user=54321 --map-group=54321 env -i"
    program = f"{sys.executable} -c 'from streaming.cli import main; main()' serve --port 0"
    script = f"{READ_ONLY} && cd {ROOT} && {nobody} PATH=/usr/bin:/bin {program} --speaker {bundle}"
    process = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert line.startswith("tiny is ready at"), errors
    assert "Traceback" not in errors
