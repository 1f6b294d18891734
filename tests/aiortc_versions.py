"""Runs the tests of calls with the lowest and the highest aiortc that pyproject.toml allows.

`make test-aiortc`: each is installed, with the PyAV that it asks for, into a folder that stands
before the environment's own packages; needs PyPI.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from streaming.webrtc.aiortc_patches.private_names import KNOWN

ROOT = Path(__file__).parents[1]
TESTS = ("tests/streaming/webrtc", "tests/streaming/security/test_rtp_guard.py")
PIP = (sys.executable, "-m", "pip", "install", "--quiet", "--only-binary", ":all:")


def main() -> int:
    """The exit code: 0 if both pass."""
    lowest = min(Version(spec.version) for spec in SpecifierSet(KNOWN))
    return max(try_with(Requirement(f"aiortc{wanted}")) for wanted in (f"=={lowest}", KNOWN))


def try_with(wanted: Requirement) -> int:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*PIP, "--target", folder, str(wanted)], check=True)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join((folder, str(ROOT)))}
        show = "import aiortc, av; print('aiortc', aiortc.__version__, 'PyAV', av.__version__)"
        subprocess.run([sys.executable, "-c", show], env=environment, check=True)
        tests = [sys.executable, "-m", "pytest", *TESTS]
        return subprocess.run(tests, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
