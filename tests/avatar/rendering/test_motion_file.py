"""Motion as data: its files, and that it is the motion of the pictures."""

import csv
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from avatar.audio import SAMPLE_RATE
from avatar.errors import AvatarError
from avatar.motion import BLEND_SHAPES, MOUTH, TRACKS, VISEMES, Motion
from avatar.rendering.motion_file import write_motion
from avatar.rendering.pipeline import Pipeline
from avatar.speakers.speaker import Speaker
from streaming.cli import app
from tests.sounds import write_wav


def mouth(**parts: float) -> Motion:
    values = np.zeros(MOUTH, np.float32)
    for name, value in parts.items():
        values[len(VISEMES) + TRACKS.index(name)] = value
    return Motion(values, (0, 0, 0))


@pytest.fixture
def said(tmp_path: Path) -> Path:
    path = tmp_path / "said.wav"
    write_wav(path, np.random.default_rng(0).normal(0, 0.1, 640 * 30), SAMPLE_RATE)
    return path


def test_shapes_are_what_the_mouth_does() -> None:
    assert not any(mouth().blend_shapes.values())
    ah = mouth(aperture=0.9, jaw=0.9).blend_shapes
    assert ah["jawOpen"] > 0.5
    assert ah["mouthClose"] == pytest.approx(0)
    m = mouth(jaw=0.2, closure=1).blend_shapes
    assert m["mouthClose"] == m["jawOpen"] > 0
    assert m["mouthPressLeft"] > 0
    oo = mouth(aperture=0.1, jaw=0.1, rounding=0.9, protrusion=0.8).blend_shapes
    oh = mouth(aperture=0.7, jaw=0.7, rounding=0.5, protrusion=0.4).blend_shapes
    assert oo["mouthPucker"] > 0.5 > oo["mouthFunnel"]
    assert oh["mouthFunnel"] > 0.4 > oh["mouthPucker"]
    assert mouth(lip_teeth=1).blend_shapes["mouthRollLower"] > 0.5
    names = set(ah)
    assert names <= set(BLEND_SHAPES)
    assert len(BLEND_SHAPES) == 52 == len(set(BLEND_SHAPES))


def test_a_file_of_names_holds_the_motion_of_the_pictures(
    tiny: Speaker, said: Path, tmp_path: Path
) -> None:
    pipeline = Pipeline(tiny, "cpu", backend="torch")
    out, seen = tmp_path / "said.json", []
    assert write_motion(pipeline, said, out, lambda done, _: seen.append(done)) == 30
    assert seen == list(range(1, 31))
    found = json.loads(out.read_text())
    samples = np.random.default_rng(0).normal(0, 0.1, 640 * 30).astype(np.float32)
    chunks = [*(np.round(samples * 32767) / 32768).reshape(-1, 640), *np.zeros((2, 640))]
    stream = pipeline.open()
    pictures = [pipeline.step([stream], [chunk.astype(np.float32)])[0] for chunk in chunks]
    assert found["fps"] == 25
    for row, picture in zip(found["frames"], pictures[2:], strict=True):
        assert picture is not None
        assert row["frame"] == picture.index
        assert list(row["tracks"].values()) == pytest.approx(
            list(picture.motion.tracks.values()), abs=0.01
        )
        assert [row["head"][name] for name in ("yaw", "pitch", "roll")] == pytest.approx(
            picture.motion.head, abs=1e-3
        )


def test_a_take_of_live_link_face_follows_a_turned_head(
    tiny_bundle: Path, said: Path, tmp_path: Path
) -> None:
    pose, out = tmp_path / "pose.csv", tmp_path / "said.csv"
    pose.write_text("0, 10, 5, -4\n")
    asked = ["--sound", str(said), "--pose", str(pose), "--motion", str(out), "--device", "cpu"]
    done = CliRunner().invoke(app, ["render", str(tiny_bundle), *asked, "--backend", "torch"])
    assert done.exit_code == 0, done.output
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    assert {len(row) for row in rows} == {63}
    assert [row["BlendShapeCount"] for row in rows] == ["61"] * 30
    assert rows[0]["Timecode"] == "00:00:00:00.000"
    assert rows[27]["Timecode"] == "00:00:01:02.000"
    angles = [math.degrees(float(rows[9][f"Head{name}"])) for name in ("Yaw", "Pitch", "Roll")]
    assert angles == pytest.approx([10, -5, 4], abs=1e-3)
    assert all(0 <= float(rows[9][name[0].upper() + name[1:]]) <= 1 for name in BLEND_SHAPES)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ([], "say where it goes"),
        (["--motion", "a.fbx"], r"a\.fbx: the name must end in \.csv or \.json"),
        (["--motion", "a.csv", "--sound", "other.wav"], "one --sound"),
    ],
)
def test_refused_in_a_line(tiny_bundle: Path, said: Path, asked: list[str], wanted: str) -> None:
    done = CliRunner().invoke(app, ["render", str(tiny_bundle), "--sound", str(said), *asked])
    assert isinstance(done.exception, AvatarError)
    assert re.search(wanted, str(done.exception))
