"""Text for a model that hears and speaks: it has no part that text could enter by before it."""

from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import DataFrame, Frame, LLMMessagesAppendFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor


@dataclass
class TypedFrame(DataFrame):
    """What the person wrote, or what the model is asked to say."""

    text: str


class TypedInput(FrameProcessor):
    """Stands before such a model, after what would keep text to itself."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, TypedFrame):
            message: Any = {"role": "user", "content": frame.text}
            await self.push_frame(LLMMessagesAppendFrame([message], run_llm=True))
