"""Threads that wait for work sleep, so that others on the machine can work."""

import os


def let_threads_rest() -> None:
    """Have OpenMP's threads sleep while they wait, unless OMP_WAIT_POLICY is set already.

    They spin by default, which is sooner by microseconds on an idle machine, and takes the
    processor from everybody else. Call it before PyTorch is imported, which reads this once.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
