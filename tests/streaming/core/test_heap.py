"""The memory of pictures is used again, instead of being given back and asked for anew."""

import subprocess
import sys

import pytest

from streaming.core.heap import glibc

FAULTS = """
import resource, sys
import numpy as np
from streaming.core.heap import keep_pages
if sys.argv[1] == "keep":
    keep_pages()
def pictures():
    return [np.ones((1536, 1024), np.uint8) for _ in range(3)]
for _ in range(3):
    pictures()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    pictures()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    """Page faults of 60 pictures, three of them held at once, in a process of their own."""
    command = [sys.executable, "-c", FAULTS, how]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


@pytest.mark.skipif(not glibc(), reason="needs glibc, whose heap it sets up")
def test_pictures_that_follow_each_other_cost_no_page_faults() -> None:
    assert faults("keep") < 100 < faults("as it is")
