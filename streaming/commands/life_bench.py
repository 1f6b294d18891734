"""The part of `avatar bench` that looks whether a face repeats itself."""

import itertools
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from streaming.commands.tables import print_tables, table_console

if TYPE_CHECKING:
    from avatar.benchmark.life import LifeCost, Repetition

SEED = 0


def bench_life(seconds: float, speaker: str, json_file: Path | None) -> None:
    """Measure a speaker at rest and saying the page's sample; print tables, write `json_file`."""
    import numpy as np

    from avatar.audio import FPS, SAMPLES_PER_FRAME, stream_sound
    from avatar.benchmark.life import life_cost, repetition
    from avatar.files import replace_file
    from avatar.rendering.pipeline import Pipeline
    from avatar.speakers.speaker import load_speaker

    frames = round(seconds * FPS)
    pipeline = Pipeline(load_speaker(speaker), "cpu", lively=True)
    sample = list(stream_sound(Path(__file__).parents[1] / "web" / "sample.mp3"))
    speech = list(itertools.islice(itertools.cycle(sample), frames))
    silence = [np.zeros(SAMPLES_PER_FRAME, np.float32)] * frames
    rows = {
        "idle": repetition(pipeline, silence, SEED),
        "speaking": repetition(pipeline, speech, SEED),
        "as filmed": repetition(pipeline, silence, None),
    }
    cost = life_cost(pipeline)
    print_tables(table_console(), _repeats(rows), _costs(cost))
    if json_file:
        found = {name: asdict(row) for name, row in rows.items()} | {"cost_ms": asdict(cost)}
        with replace_file(json_file) as file:
            file.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _repeats(rows: "dict[str, Repetition]") -> Table:
    columns = ("", "head", "blinks", "blinks a minute")
    table = Table(*columns, title="Largest autocorrelation, 2 to 60 s")
    for name, row in rows.items():
        figures = (row.head, row.blinks, row.blinks_per_minute)
        table.add_row(name, *(f"{value:.2f}" for value in figures))
    return table


def _costs(cost: "LifeCost") -> Table:
    columns = {"gesture": cost.gesture, "blink": cost.blink, "expression": cost.expression}
    table = Table(*columns, "none of them", title="Processor time a frame takes more, ms")
    table.add_row(*(f"{value:.2f}" for value in (*columns.values(), cost.rest)))
    return table
