"""Speakers drawn by several threads at once, from the first picture on."""

import subprocess
import sys

import pytest

pytest.importorskip("openvino", reason="OpenVINO is not installed")

CHILDREN = 12  # without care, three to four of ten hang
FIRST_USE_BY_TWO = f"""
import os, signal, threading
from avatar.rendering.backends.openvino import load_openvino

openvino = load_openvino()

def use_at_once():
    start = threading.Barrier(3)
    def use():
        start.wait()
        openvino.Type.f32.to_dtype()
    threads = [threading.Thread(target=use) for _ in range(2)]
    [thread.start() for thread in threads]
    start.wait()
    [thread.join() for thread in threads]

children = []
for _ in range({CHILDREN}):
    child = os.fork()
    if not child:
        signal.alarm(20)
        use_at_once()
        os._exit(0)
    children.append(child)
print(sum(os.waitpid(child, 0)[1] != 0 for child in children))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_threads_that_draw_first_do_not_wait_for_each_other_for_ever() -> None:
    run = [sys.executable, "-c", FIRST_USE_BY_TWO]
    said = subprocess.run(run, capture_output=True, text=True, timeout=300)
    assert (said.stdout.strip(), said.returncode) == ("0", 0), said.stderr
