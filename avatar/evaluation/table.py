"""The figures of an evaluation as a table for people."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from avatar.evaluation.any_voice import AnyVoice
from avatar.evaluation.cross_identity import Driven
from avatar.evaluation.evaluate import Evaluation, Row
from avatar.evaluation.lip_match import LipMatch, mean_match
from avatar.evaluation.lip_sync import InSync
from avatar.evaluation.readability import Readability

FIGURES = (
    "PSNR lips, dB", "SSIM lips", "PSNR frame, dB", "SSIM frame", "CPBD lips", "CPBD frame",
    "LMD, px", "LPIPS", "aperture r", "lag, ms", "flicker", "sync confidence", "sync lag, ms",
    "model, MB", "ms a frame",
)  # fmt: skip


def evaluation_table(evaluation: Evaluation) -> Table:
    """One column a method, one line a figure."""
    title = f"{evaluation.speaker}: {evaluation.frames} frames never trained on"
    table = Table(title=title, box=SIMPLE_HEAD)
    table.add_column("lips by", no_wrap=True)
    for row in evaluation.rows:
        table.add_column(row.name, justify="right")
    cells = [_cells(row) for row in evaluation.rows]
    for figure, values in zip(FIGURES, zip(*cells, strict=True), strict=True):
        table.add_row(figure, *values)
    return table


def readability_table(speaker: str, found: Readability) -> Table:
    """One line a method; behind a figure stands its 95% interval."""
    title = f"{speaker}: words read off the lips of {len(found.clips)} clips"
    table = Table(title=title, box=SIMPLE_HEAD)
    table.add_column("lips of")
    for heading in (*found.readings[0].accuracy, "all words", "of the true lips'"):
        table.add_column(heading, justify="right")
    for row in found.readings:
        table.add_row(
            row.name,
            *(f"{share:.2f}" for share in row.accuracy.values()),
            _between(row.words, row.words_interval),
            _between(row.relative, row.relative_interval),
        )
    return table


def _between(value: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{value:.2f} ({low:.2f}-{high:.2f})"


def sync_table(speaker: str, found: Sequence[InSync]) -> Table:
    """One line a method."""
    table = Table(title=f"{speaker}: lips and sound", box=SIMPLE_HEAD)
    table.add_column("lips of")
    for heading in ("distance (LSE-D)", "confidence (LSE-C)", "lag, ms"):
        table.add_column(heading, justify="right")
    for row in found:
        score = row.score
        table.add_row(
            row.name, f"{score.distance:.3f}", f"{score.confidence:.3f}", f"{score.lag_ms:+.0f}"
        )
    return table


def driven_table(speaker: str, driven: Sequence[Driven]) -> Table:
    """One line a clip of another person, or a person of several clips, and the mean of people.

    Behind a figure stands, in brackets, the same one with another clip's sound.
    """
    title = f"{speaker}, driven by others (by the sound of another clip)"
    table = Table(title=title, box=SIMPLE_HEAD)
    table.add_column("person")
    for heading in (
        "clips", "frames", "aperture r", "width r", "lag ms", "missed", "false closures", "speed",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    people = dict.fromkeys(row.person for row in driven)
    means = []
    for person in people:
        rows = [row for row in driven if row.person == person]
        pair = mean_match([r.match for r in rows]), mean_match([r.other_sound for r in rows])
        means.append(pair)
        table.add_row(person, str(len(rows)), str(sum(r.frames for r in rows)), *_matched(*pair))
    if len(people) > 1:
        overall = [mean_match(column) for column in zip(*means, strict=True)]
        clips, frames = str(len(driven)), str(sum(row.frames for row in driven))
        table.add_row(f"mean of {len(people)}", clips, frames, *_matched(*overall))
    return table


def _matched(match: LipMatch, other: LipMatch) -> list[str]:
    return [
        f"{match.aperture_r:.3f} ({other.aperture_r:.3f})",
        f"{match.width_r:.3f} ({other.width_r:.3f})",
        f"{match.lag_ms:+.0f}",
        f"{match.missed_closures:.0%} ({other.missed_closures:.0%})",
        f"{match.false_closures:.0%} ({other.false_closures:.0%})",
        f"{match.speed_ratio:.2f}",
    ]


def any_voice_table(speaker: str, followed: AnyVoice) -> Table:
    """Closures by kind of voice, and motion by kind of noise."""
    table = Table("", "", title=f"{speaker}, driven by voices and noises never heard")
    for kind, found in {"recorded": followed.recorded, "synthetic": followed.synthetic}.items():
        table.add_row(
            f"{found.voices} {kind} voices: closed on p, b, m", f"{found.closed_on_pbm:.3f}"
        )
        worst = f"{found.closed_on_pbm_of_the_worst_voice:.3f}"
        table.add_row("  the worst of them", worst)
        table.add_row("  open on open vowels", f"{found.open_on_open_vowels:.3f}")
    for noise, share in followed.motion.items():
        table.add_row(f"motion in {noise}, of that in speech", f"{share:.2%}")
    return table


def _cells(row: Row) -> list[str]:
    s = row.scores
    size = None if row.model_bytes is None else row.model_bytes / 1e6
    return [
        f"{s.psnr_lips:.2f}", f"{s.ssim_lips:.4f}", f"{s.psnr_frame:.2f}", f"{s.ssim_frame:.4f}",
        _or_dash(s.cpbd_lips, ".3f"), _or_dash(s.cpbd_frame, ".3f"), f"{s.lmd:.2f}",
        _or_dash(s.lpips_lips, ".4f"),
        f"{s.aperture_r:.3f}", f"{s.aperture_lag_ms:+.0f}", f"{s.flicker:.2f}",
        _or_dash(s.sync_confidence, ".3f"), _or_dash(s.sync_lag_ms, "+.0f"),
        _or_dash(size, ".1f"), _or_dash(row.frame_ms, ".1f"),
    ]  # fmt: skip


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
