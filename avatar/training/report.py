"""The report folder of a training: figures, curves, a contact sheet and a short film."""

import json
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from avatar.files import replace_file
from avatar.training.fit import Curve
from avatar.training.judge import judge
from avatar.training.networks import composites
from avatar.training.side_by_side import write_side_by_side
from avatar.training.trainer import Trained

SHEET_COLUMNS = 12
SHEET_ROWS = 2  # pairs of rows: true above generated
LABEL_HEIGHT = 18


def write_report(trained: Trained, folder: Path) -> dict[str, object]:
    """Write metrics.json, curves.png, contact_sheet.png and side_by_side.mp4; returns metrics."""
    folder.mkdir(parents=True, exist_ok=True)
    verdict = judge(trained.networks, trained.data, trained.heard)
    metrics: dict[str, object] = {
        **asdict(verdict),
        "av_offset_frames": round(trained.offset_frames, 2),
        "training_seconds": round(trained.seconds),
        "training_frames": len(trained.data.train),
        **{name: one.finding for name, one in trained.expressions.found.items()},
    }
    with replace_file(folder / "metrics.json") as temporary:
        temporary.write_text(json.dumps(metrics, indent=2) + "\n")
    _write_curves(trained.curves, folder / "curves.png")
    _write_image(folder / "contact_sheet.png", contact_sheet(trained))
    write_side_by_side(trained, folder / "side_by_side.mp4")
    return metrics


def contact_sheet(trained: Trained) -> NDArray[np.uint8]:
    """True over generated lip regions of frames spread over the held-out part, RGB."""
    held = trained.data.held if len(trained.data.held) else trained.data.train
    count = min(len(held), SHEET_COLUMNS * SHEET_ROWS)
    rows = held[torch.linspace(0, len(held) - 1, count).round().long()]
    pairs = [
        torch.cat([true, made], dim=2)
        for made, true in composites(trained.networks, trained.data, trained.heard, rows)
    ]
    tiles = (torch.cat(pairs) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    lines = [
        np.concatenate(list(tiles[start : start + SHEET_COLUMNS]), axis=1)
        for start in range(0, count - SHEET_COLUMNS + 1, SHEET_COLUMNS)
    ] or [np.concatenate(list(tiles), axis=1)]
    return np.concatenate(lines)


def _write_curves(curves: dict[str, Curve], path: Path) -> None:
    from matplotlib.figure import Figure

    curves = {name: curve for name, curve in curves.items() if curve.steps}
    figure = Figure(figsize=(4 * len(curves), 3), layout="constrained")
    for index, (name, curve) in enumerate(curves.items(), start=1):
        axes = figure.add_subplot(1, len(curves), index)
        for loss, values in curve.losses.items():
            axes.plot(curve.steps[-len(values) :], values, label=loss, linewidth=0.8)
        axes.set(title=name, xlabel="step", yscale="log")
        axes.legend(fontsize="x-small")
    with replace_file(path) as temporary:
        figure.savefig(temporary, dpi=110)


def _write_image(path: Path, image: NDArray[np.uint8]) -> None:
    with replace_file(path) as temporary:
        cv2.imwrite(str(temporary), image[..., ::-1])
