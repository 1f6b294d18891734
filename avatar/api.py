"""What other packages may use: speakers, and the pipeline that renders them."""

from avatar.rendering.pipeline import Picture, Pipeline, Stream, step_together
from avatar.speakers.speaker import Speaker, SpeakerEntry, list_speakers, load_speaker

__all__ = [
    "Picture",
    "Pipeline",
    "Speaker",
    "SpeakerEntry",
    "Stream",
    "list_speakers",
    "load_speaker",
    "step_together",
]
