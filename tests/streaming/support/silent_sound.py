"""A microphone in a quiet room, as a file for the browser."""

import wave
from pathlib import Path


def write_silence(file: Path, seconds: int = 2) -> Path:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48_000)
        out.writeframes(bytes(seconds * 48_000 * 2))
    return file
