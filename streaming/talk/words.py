"""What went wrong in a conversation, as people are told it."""

from pipecat.frames.frames import ErrorFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.utils.errors import ErrorCategory

CAUSES = {
    ErrorCategory.AUTHENTICATION: "refuses the key it was given",
    ErrorCategory.AUTHORIZATION: "does not let this key do that",
    ErrorCategory.INVALID_REQUEST: "does not know what it was asked for; look at model and voice",
    ErrorCategory.RATE_LIMIT: "was asked too often; wait a little",
    ErrorCategory.QUOTA: "has no credit left",
    ErrorCategory.CONNECTIVITY: "cannot be reached",
    ErrorCategory.SERVER: "has a fault of its own",
}
TOO_LATE = "did not answer in time"
OTHER_CAUSE = "failed"


def name_of(processor: FrameProcessor | None) -> str:
    """What a part of the pipeline does, in words."""
    match processor:
        case STTService():
            return "Speech recognition"
        case LLMService():
            return "The language model"
        case TTSService():
            return "The voice"
    return "The conversation"


def words_for(error: ErrorFrame) -> str:
    """One sentence; what services write themselves may hold what was said, and stays out."""
    cause = CAUSES.get(error.category or ErrorCategory.UNKNOWN, OTHER_CAUSE)
    if "Timeout" in type(error.exception).__name__:  # each client library has one of its own
        cause = TOO_LATE
    return f"{name_of(error.processor)} {cause}. The call goes on."
