"""What `avatar bench` writes: a table, JSON and a drawing of the same figures."""

import json
from pathlib import Path

import av
import numpy as np
import pytest

from avatar.benchmark import bench
from avatar.errors import AvatarError
from streaming.commands.live_bench import bench_calls
from streaming.commands.render_bench import bench_rendering
from tests.support import need
from tests.tiny_speaker import make_tiny_bundle


def test_table_json_and_plot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    need("matplotlib")
    monkeypatch.setattr(bench, "BATCHES", (1, 2))
    folder = make_tiny_bundle(tmp_path / "tiny")
    plan = bench.Plan(folder, backend="torch", seconds=0.02)
    bench_rendering(plan, tmp_path / "bench.json", tmp_path / "bench.png")
    written = json.loads((tmp_path / "bench.json").read_text())
    assert next(iter(written)) == "realtime"
    assert written["realtime"]["fps"] > 0
    text = " ".join(capsys.readouterr().out.split())  # a caption is wrapped where it must
    for said in ("cpu ms a frame", "Blend-Net", "load average", "128x128"):
        assert said in text
    assert f"{written['realtime']['timings'][0]['fps']:.1f}" in text
    with av.open(str(tmp_path / "bench.png")) as file:
        picture = next(file.decode(video=0)).to_ndarray(format="gray")
    assert picture.shape[1] > 2 * picture.shape[0]  # two panels beside each other
    assert np.ptp(picture) > 200


def test_a_call_too_short_to_judge_is_refused() -> None:
    with pytest.raises(AvatarError, match="at least --seconds 10"):
        bench_calls(5, 1, (), None)
