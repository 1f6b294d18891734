"""The marks' part of `avatar bench`: what they cost, and what they survive."""

import itertools
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from avatar.errors import AvatarError
from streaming.commands.tables import print_tables, table_console
from streaming.core.console import text_console

if TYPE_CHECKING:
    from streaming.benchmark.marks_benchmark import I420, MarksRun

SHORTEST = 2.0  # seconds: one stretch that the mark is read from
LONGEST = 60.0  # all pictures are held at once


def bench_marks(
    seconds: float,
    film: Path | None,
    speaker: str,
    device: str,
    backend: str,
    json_file: Path | None,
) -> None:
    """Measure on what `speaker` says, or on `film`; print a table, write all to `json_file`."""
    from avatar.files import replace_file
    from streaming.benchmark.marks_benchmark import measure_marks

    if not SHORTEST <= seconds <= LONGEST:
        raise AvatarError(f"--marks needs --seconds from {SHORTEST:g} to {LONGEST:g}")
    count = round(seconds * 25)
    with text_console(stderr=True).status("drawing") as status:
        pictures = _filmed(film, count) if film else _drawn(speaker, device, backend, count)
        run = measure_marks(pictures, lambda doing: status.update(Text(doing)))
    print_tables(table_console(), _table(run))
    if json_file:
        with replace_file(json_file) as file:
            file.write_text(json.dumps(asdict(run), indent=2) + "\n", encoding="utf-8")


def _drawn(speaker: str, device: str, backend: str, count: int) -> "list[I420]":
    """The speaker, saying the page's sample."""
    from avatar.audio import stream_sound
    from avatar.rendering.frame_batches import draw_frames
    from avatar.rendering.pipeline import Pipeline
    from avatar.speakers.speaker import load_speaker

    sample = Path(__file__).parents[1] / "web" / "sample.mp3"
    pipeline = Pipeline(load_speaker(speaker), device, 1, backend=backend)
    drawn = draw_frames([pipeline], stream_sound(sample))
    return [picture.i420.copy() for picture in itertools.islice(drawn, count)]


def _filmed(film: Path, count: int) -> "list[I420]":
    """The first pictures of a film, as if there were 25 a second."""
    import numpy as np

    from avatar.media.open_media import read_media

    with read_media(film) as container:
        if not container.streams.video:
            raise AvatarError(f"{film}: holds no video")
        frames = itertools.islice(container.decode(video=0), count)
        size: dict[str, int] = {}
        pictures = []
        for frame in frames:
            size = size or {"width": frame.width // 2 * 2, "height": frame.height // 2 * 2}
            picture = frame.reformat(format="yuv420p", **size).to_ndarray()
            pictures.append(np.asarray(picture, np.uint8))
    if len(pictures) < SHORTEST * 25:
        raise AvatarError(f"{film}: is shorter than {SHORTEST:g} s")
    return pictures


def _table(run: "MarksRun") -> Table:
    table = Table("what was done", "stretches read", "score", "label", "read at", box=None)
    for row in run.survivals:
        seen = "seen" if row.label else "-"
        cells = f"{row.read} of {row.stretches}", f"{row.score:.1f}", seen, f"{row.speed:.1f} x"
        table.add_row(row.attack, *cells)
    width, height = run.size
    table.caption = (
        f"{run.frames} frames of {width}x{height}; watermark {run.cpu_ms_frame:.3f} ms of "
        f"processor time a frame, PSNR {run.psnr_db:.1f} dB, flicker {run.flicker:.3f} of the "
        f"unmarked; unmarked pictures score {run.unmarked_score:.1f} at most"
    )
    return table
