"""What `avatar bench` writes: a table, JSON and a drawing of the same figures."""

import json
from pathlib import Path

import av
import numpy as np
import pytest

from avatar.benchmark import bench
from avatar.errors import AvatarError
from streaming.benchmark import marks_benchmark
from streaming.benchmark.watermark_attacks import Attack, carry_out
from streaming.commands.false_alarms_bench import bench_false_alarms
from streaming.commands.live_bench import bench_calls
from streaming.commands.marks_bench import bench_marks
from streaming.commands.render_bench import bench_rendering
from streaming.marks.payload import Payload
from streaming.marks.watermark import Watermark
from tests.streaming.support.scenery import scenery
from tests.support import need
from tests.tiny_speaker import make_tiny_bundle

LOST = "scale=64:64"


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


def test_what_survives_is_told_for_a_film(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks_benchmark, "OTHER_KEYS", 1)
    monkeypatch.setattr(marks_benchmark, "ATTACKS", (Attack("coded"), Attack("lost", LOST)))
    carry_out(Attack("", bitrate=4_000_000), scenery(52), tmp_path / "film.mkv")
    bench_marks(2, tmp_path / "film.mkv", "", "", "", tmp_path / "marks.json")
    written = json.loads((tmp_path / "marks.json").read_text())
    coded, lost = written["survivals"]
    assert (coded["read"], coded["stretches"], coded["label"]) == (1, 1, True)
    assert (lost["read"], lost["label"]) == (0, False)
    assert written["psnr_db"] > 45
    assert 0.9 < written["flicker"] < 1.1
    assert written["unmarked_score"] < 6
    assert "1 of 1" in capsys.readouterr().out


def test_false_alarms_are_counted_in_a_folder_of_films(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    films = tmp_path / "films"
    (films / "some").mkdir(parents=True)
    watermark = Watermark(Payload.today("anna"))
    carry_out(Attack(""), scenery(52), films / "some" / "plain.mkv")
    carry_out(Attack(""), [watermark(one) for one in scenery(52)], films / "marked.mkv")
    (films / "words.txt").write_text("no video")
    bench_false_alarms(films, 2, tmp_path / "alarms.json")
    marked, plain = json.loads((tmp_path / "alarms.json").read_text())
    assert (marked["film"], marked["alarms"]) == ("marked.mkv", 2)
    assert (plain["film"], plain["alarms"], plain["label"]) == ("some/plain.mkv", 0, False)
    told = capsys.readouterr()
    assert "words.txt" in told.err
    assert "2 films, 4.4 s, each with 2 keys" in " ".join(told.out.split())
    (films / "none").mkdir()
    with pytest.raises(AvatarError, match="no video in it"):
        bench_false_alarms(films / "none", 1, None)


def test_a_film_too_short_for_the_mark_is_refused(tmp_path: Path) -> None:
    carry_out(Attack(""), scenery(5), tmp_path / "film.mkv")
    with pytest.raises(AvatarError, match="shorter than 2 s"):
        bench_marks(2, tmp_path / "film.mkv", "", "", "", None)
