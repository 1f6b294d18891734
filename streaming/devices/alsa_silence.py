"""ALSA's C library writes its warnings over whatever a terminal shows; here they are dropped.

What matters among them reaches this program as errors of PortAudio.
"""

import ctypes
import sys

_HANDLER = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)


def _drop(_file: bytes, _line: int, _function: bytes, _error: int, _format: bytes) -> None:
    """Called by ALSA in the place of writing."""


_DROP = _HANDLER(_drop)  # must outlive every call


def silence_alsa() -> None:
    """Does nothing where there is no ALSA."""
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(_DROP)
    except (OSError, AttributeError):
        return
