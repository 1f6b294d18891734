"""A pipecat bot with a face: what its text-to-speech says, the digital human says.

pip install 'speech2lip-live[pipecat]', then open the client of your SmallWebRTCRequestHandler.
"""

from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.workers.runner import WorkerRunner
from pipecat_speech2lip import AvatarVideoService


async def run_bot(
    connection: SmallWebRTCConnection, agent: list[FrameProcessor], face: AvatarVideoService
) -> None:
    """`agent`: speech-to-text, language model, text-to-speech, as in any pipecat bot."""
    params = TransportParams(
        audio_in_enabled=True,
        audio_out_enabled=True,
        video_out_enabled=True,
        video_out_is_live=True,
        video_out_framerate=25,
        video_out_width=512,
        video_out_height=512,
    )
    transport = SmallWebRTCTransport(connection, params)
    pipeline = Pipeline([transport.input(), *agent, face, transport.output()])
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(PipelineWorker(pipeline))
    await runner.run()
