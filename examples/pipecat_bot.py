"""A pipecat bot with a face: what its text-to-speech says, the digital human says.

    pip install 'speech2lip-live[pipecat]' 'pipecat-ai[runner]'
    python examples/pipecat_bot.py -t webrtc

then open the address that is printed, and talk.
"""

from pipecat.frames.frames import Frame, InputAudioRawFrame, TTSAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.runner.types import RunnerArguments
from pipecat.runner.utils import create_transport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner
from pipecat_speech2lip import AvatarVideoService


class Parrot(FrameProcessor):
    """Says what it hears. In its place: speech-to-text, language model, text-to-speech."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            frame = TTSAudioRawFrame(frame.audio, frame.sample_rate, frame.num_channels)
        await self.push_frame(frame, direction)


def params() -> TransportParams:
    """Video is on and live, and has the frame rate and the size of the speaker."""
    return TransportParams(
        audio_in_enabled=True,
        audio_in_passthrough=True,
        audio_out_enabled=True,
        video_out_enabled=True,
        video_out_is_live=True,
        video_out_framerate=25,
        video_out_width=512,
        video_out_height=512,
    )


async def bot(arguments: RunnerArguments) -> None:
    """One call; pipecat's runner begins it."""
    transport = await create_transport(arguments, {"webrtc": params})
    face = AvatarVideoService(speaker="demo")
    pipeline = Pipeline([transport.input(), Parrot(), face, transport.output()])
    worker = PipelineWorker(pipeline, setup_timeout_secs=60)  # the face loads its model
    transport.event_handler("on_client_disconnected")(lambda *_: worker.cancel())
    runner = WorkerRunner(handle_sigint=arguments.handle_sigint)
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    from pipecat.runner.run import main

    main()
