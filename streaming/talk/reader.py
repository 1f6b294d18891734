"""A voice that needs no service: espeak-ng reads what is typed."""

import asyncio
from collections.abc import AsyncGenerator

from pipecat.frames.frames import ErrorFrame, Frame, TTSAudioRawFrame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

ESPEAK = "espeak-ng"
RATE = 22_050  # Hz, of its voices
HEADER = 44  # bytes of a WAV file before its sound
PIECE = RATE // 10 * 2  # bytes


class EspeakReader(TTSService):
    """Each sentence by a process of its own, which ends with it."""

    def __init__(self) -> None:
        settings = TTSSettings(model=None, voice=None, language=None)
        super().__init__(
            sample_rate=RATE, push_start_frame=True, push_stop_frames=True, settings=settings
        )

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        reader = await asyncio.create_subprocess_exec(
            ESPEAK, "--stdout", "--stdin",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            sound, _ = await reader.communicate(text.encode())
        finally:
            if reader.returncode is None:
                reader.kill()
        if reader.returncode:
            yield ErrorFrame(error=f"espeak-ng ended with {reader.returncode}")
        for start in range(HEADER, len(sound) - 1, PIECE):
            piece = sound[start : start + PIECE]
            yield TTSAudioRawFrame(piece, RATE, 1, context_id=context_id)
