"""The figures of `avatar bench` as a drawing (matplotlib, an optional extra)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avatar.errors import AvatarError
from avatar.files import replace_file

try:
    import matplotlib
except ImportError as error:
    raise AvatarError("--plot needs matplotlib: pip install 'speech2lip-live[plot]'") from error

if TYPE_CHECKING:
    from avatar.benchmark.bench import Benchmark, Timing

WIDTH, HEIGHT = 5.0, 3.6  # inches of one panel
AXES: dict[str, tuple[str, Callable[[Any], float]]] = {
    "lip size": ("side of the lip box, pixels", lambda timing: timing.lip_box[0]),
    "frame size": ("side of the frame, pixels", lambda timing: timing.frame[0]),
    "speakers": ("speakers, four callers", lambda timing: timing.speakers),
    "sessions": ("sessions in a step", lambda timing: timing.batch),
}


def draw(found: "Benchmark", path: Path) -> None:
    """Processor time by callers and by stage, and a panel for each sweep, as PNG."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    panels = 2 + len(found.sweeps)
    columns = min(panels, 3)
    rows = -(-panels // columns)
    figure, axes = pyplot.subplots(
        rows, columns, figsize=(WIDTH * columns, HEIGHT * rows), squeeze=False
    )
    batches, stages, *sweeps = axes.flat
    _draw_batches(batches, found)
    _draw_stages(stages, found)
    for axis, (name, timings) in zip(sweeps, found.sweeps.items(), strict=False):
        label, value = AXES[name]
        _line(axis, label, [(value(timing), timing) for timing in timings], name)
    for unused in sweeps[len(found.sweeps) :]:
        unused.set_axis_off()
    machine = found.machine
    figure.suptitle(f"{machine.processor}, load average {machine.load_average}", fontsize=9)
    figure.tight_layout()
    with replace_file(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
    pyplot.close(figure)


def _draw_batches(axis: Any, found: "Benchmark") -> None:
    single = [timing for timing in found.realtime.timings if timing.cores == 1]
    for backend in dict.fromkeys(timing.backend for timing in single):
        points = [(t.batch, t) for t in single if t.backend == backend]
        _line(axis, "callers in a step", points, backend)
    axis.legend()


def _draw_stages(axis: Any, found: "Benchmark") -> None:
    stages = found.realtime.timings[0].stages_ms
    names = list(reversed(stages))
    middle = [stages[name].p50 for name in names]
    late = [stages[name].p99 - stages[name].p50 for name in names]
    axis.barh(names, middle, xerr=[[0] * len(names), late])
    axis.set_xlabel("ms, p50 and p99, one caller")


def _line(axis: Any, label: str, points: "Sequence[tuple[float, Timing]]", name: str) -> None:
    axis.plot(
        np.array([value for value, _ in points]),
        np.array([timing.cpu_ms_frame for _, timing in points]),
        marker="o",
        label=name,
    )
    axis.set_xlabel(label)
    axis.set_ylabel("processor ms a frame")
    axis.set_ylim(0, 1.1 * max(line.get_ydata().max() for line in axis.lines))
