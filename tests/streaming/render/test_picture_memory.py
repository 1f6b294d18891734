"""A /dev/shm that is full is a caller refused, and no renderer killed."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support import need_root

ROOT = Path(__file__).parents[3]


def test_who_finds_no_room_is_refused_and_nobody_else_notices() -> None:
    need_root("unshare", "mount")
    own = ["unshare", "--mount", "--propagation", "private", sys.executable, "-m"]
    done = subprocess.run(
        [*own, "tests.streaming.support.small_memory"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert "1.6 MB of shared memory" in report["why"]
    assert "--shm-size" in report["why"]
    assert report["pictures"] >= 5, "the one who was there is served on"
