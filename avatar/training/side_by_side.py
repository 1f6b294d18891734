"""A short film of the report: true lips on the left, generated on the right, with the sound."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch

from avatar.audio import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME
from avatar.files import replace_file
from avatar.i420 import to_i420
from avatar.media.open_media import write_media
from avatar.speakers.reference_video import video_frame
from avatar.training.networks import composites
from avatar.training.trainer import Trained

SECONDS = 10
VIDEO_OPTIONS = {"crf": "18", "preset": "veryfast"}


def write_side_by_side(trained: Trained, path: Path) -> None:
    """The first seconds of the held-out part (of the training part if nothing is held out)."""
    rows = (trained.data.held if len(trained.data.held) else trained.data.train)[: SECONDS * FPS]
    pairs = (
        torch.cat([true, made], dim=3)
        for made, true in composites(trained.networks, trained.data, trained.heard, rows)
    )
    pictures = (picture for batch in pairs for picture in batch)
    sound = trained.data.tracked.sound
    with replace_file(path) as temporary, write_media(temporary) as film:
        video = film.add_stream("libx264", rate=FPS, options=VIDEO_OPTIONS)
        voice = film.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        height, width = trained.data.regions.size
        video.width, video.height, video.pix_fmt = 2 * width, height, "yuv420p"
        for index, (row, picture) in enumerate(zip(rows.tolist(), pictures, strict=True)):
            rgb = (picture * 255).round().byte().permute(1, 2, 0).cpu().numpy()
            film.mux(video.encode(video_frame(to_i420(np.ascontiguousarray(rgb)), index)))
            heard = sound[row * SAMPLES_PER_FRAME : (row + 1) * SAMPLES_PER_FRAME]
            piece = av.AudioFrame.from_ndarray(heard[None], format="fltp", layout="mono")
            piece.sample_rate, piece.pts = SAMPLE_RATE, index * SAMPLES_PER_FRAME
            piece.time_base = Fraction(1, SAMPLE_RATE)
            film.mux(voice.encode(piece))
        film.mux(video.encode())
        film.mux(voice.encode())
