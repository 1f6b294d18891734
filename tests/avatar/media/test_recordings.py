"""Recordings of many kinds against their truth: pictures and sound stand where they belong.

A clock is drawn into the pictures and clicks are in the sound, so the offset between the two can
be read from what is taken in. MEDIA_EXAMPLES asks for more than the few examples of a usual run.
"""

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avatar.audio import SAMPLE_RATE, load_sound
from avatar.errors import AvatarError
from avatar.media.sound_tracks import heard, sound_track_notes
from avatar.media.time_stamps import Stretch, time_line
from avatar.training.preprocess.clip_sound import read_voice
from avatar.training.preprocess.video_reader import Clip, SourceFrame, count_picture, read_pictures
from tests.avatar.media.made_media import (
    Form,
    append,
    click_moments,
    clicks,
    heard_clicks,
    read_clock,
    record,
)

EXAMPLES = int(os.environ.get("MEDIA_EXAMPLES", "6"))
IN_STEP = 0.020  # s between picture and sound

FORMS = st.one_of(
    st.builds(
        Form,
        container=st.sampled_from(["mkv", "mp4", "mov", "ts"]),
        video=st.sampled_from(["libx264", "mpeg4"]),
        audio=st.sampled_from(["aac", "libmp3lame", "ac3"]),
        fps=st.sampled_from([25, 30, 50]),
        rate=st.sampled_from([32_000, 44_100, 48_000]),
        channels=st.sampled_from([1, 2]),
        offset=st.sampled_from([0.0, 1.4, 7.0]),
    ),
    st.builds(
        Form,
        container=st.just("mpg"),
        video=st.just("mpeg2video"),
        audio=st.just("mp2"),
        fps=st.sampled_from([25, 30]),
        rate=st.sampled_from([44_100, 48_000]),
        channels=st.sampled_from([1, 2]),
    ),
    st.builds(Form, container=st.just("webm"), video=st.just("libvpx"), audio=st.just("libopus")),
    st.builds(Form, container=st.just("avi"), video=st.just("mpeg4"), audio=st.just("pcm_s16le")),
)
many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="MEDIA_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)


class Taken:
    """What training takes in: pictures and the sound beside them, clip by clip."""

    def __init__(self, path: Path) -> None:
        recording = heard(path)
        self.pictures: list[list[SourceFrame]] = []
        self.clips: list[Clip] = []
        for picture in read_pictures(recording):
            known = len(self.clips)
            count_picture(self.clips, picture)
            if len(self.clips) > known:
                self.pictures.append([])
            self.pictures[-1].append(picture)
        voice = read_voice(recording)
        self.sounds = [voice.beside(clip) for clip in self.clips]

    def check(self, number: int = 0) -> None:
        """In a clip every click is heard when its picture is shown."""
        clock = np.array([read_clock(picture.image) for picture in self.pictures[number]])
        begun = float(np.median(clock - np.arange(len(clock)) / 25))
        heard_at = heard_clicks(self.sounds[number], SAMPLE_RATE)
        assert len(heard_at) >= 2
        for at in heard_at:
            true = min(click_moments(0, 60), key=lambda moment: abs(moment - begun - at))
            assert abs(true - begun - at) <= IN_STEP


@many
@given(form=FORMS)
def test_pictures_and_sound_are_in_step(
    form: Form, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("media")
    taken = Taken(record(folder / f"one.{form.container}", form, 3.0))
    assert len(taken.clips) == 1
    assert abs(taken.clips[0].frames - 75) <= 2
    taken.check()


@many
@given(
    form=FORMS.filter(lambda form: form.container in ("ts", "mpg")),
    parts=st.lists(st.sampled_from([2.0, 3.0]), min_size=2, max_size=3),
    jump=st.sampled_from([0.0, 5.0, 30.0, 3600.0, 95_000.0]),
)
def test_recordings_joined_end_to_end(
    form: Form, parts: list[float], jump: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("media")
    files, begins = [], 0.0
    for number, seconds in enumerate(parts):
        moved = Form(**(vars(form) | {"offset": form.offset + number * jump}))
        file = folder / f"{number}.{form.container}"
        files.append(record(file, moved, seconds, begins))
        begins += seconds
    joined = append(folder / f"joined.{form.container}", *files)
    taken = Taken(joined)
    assert len(taken.clips) == len(parts)
    for number, seconds in enumerate(parts):
        assert abs(taken.clips[number].frames - 25 * seconds) <= 2
        taken.check(number)
    assert abs(len(load_sound(joined)) / SAMPLE_RATE - sum(parts)) < 0.12 * len(parts)


@pytest.mark.parametrize("container", ["mkv", "mp4", "ts"])
def test_a_gap_in_the_sound_stays_a_gap(tmp_path: Path, container: str) -> None:
    path = record(tmp_path / f"a.{container}", Form(container), 6.0, sound_gap=(2.0, 4.0))
    taken = Taken(path)
    assert taken.clips[0].frames == pytest.approx(150, abs=1)
    taken.check()
    assert not heard_clicks(taken.sounds[0][round(2.1 * SAMPLE_RATE) :], SAMPLE_RATE)[0] < 1.8
    assert len(load_sound(path)) / SAMPLE_RATE == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize("container", ["mkv", "mp4", "ts"])
def test_a_gap_in_the_pictures_stays_a_gap(tmp_path: Path, container: str) -> None:
    path = record(tmp_path / f"a.{container}", Form(container), 6.0, picture_gap=(2.0, 4.0))
    taken = Taken(path)
    assert taken.clips[0].frames == pytest.approx(150, abs=1)
    taken.check()


@pytest.mark.parametrize("container", ["mkv", "ts"])
def test_what_nobody_recorded_is_no_frozen_picture(tmp_path: Path, container: str) -> None:
    pause = 2.0, 5.0
    path = record(tmp_path / f"a.{container}", Form(container), 7.0, 0.0, pause, pause)
    taken = Taken(path)
    assert [clip.frames for clip in taken.clips] == pytest.approx([50, 50], abs=2)
    taken.check(0)
    taken.check(1)


def test_a_part_without_sound_is_left_out(tmp_path: Path) -> None:
    whole = record(tmp_path / "a.ts", Form("ts"), 3.0)
    mute = record(tmp_path / "b.ts", Form("ts"), 3.0, 3.0, sound_gap=(0.0, 9.0))
    taken = Taken(append(tmp_path / "c.ts", whole, mute, whole))
    assert [clip.frames for clip in taken.clips] == pytest.approx([75, 75, 75], abs=1)
    assert [len(sound) > 2 * SAMPLE_RATE for sound in taken.sounds] == [True, False, True]
    taken.check(0)
    taken.check(2)


def test_one_track_alone_that_jumps_is_refused_in_one_line(tmp_path: Path) -> None:
    both = [_stretch(track, at, at) for at in range(3) for track in (0, 1)]
    assert len(time_line(tmp_path, both + both, True).spans) == 2
    jumped = [_stretch(0, at if at < 9 else at - 9, at) for at in range(30)]
    steady = [_stretch(1, at, at) for at in range(30)]
    mixed = [one for pair in zip(jumped, steady, strict=True) for one in pair]
    with pytest.raises(AvatarError, match=r"jump at .* s, and those of the other") as refusal:
        time_line(Path("talk.ts"), mixed, True)
    assert "\n" not in str(refusal.value)


def _stretch(track: int, begins: float, number: int) -> Stretch:
    return Stretch(track, number, begins, begins + 1, begins, begins + 1)


@pytest.mark.parametrize("rates", [(48_000, 44_100), (48_000, 22_050), (22_050, 48_000)])
@pytest.mark.parametrize("ending", ["mp3", "aac", "oga", "opus"])
def test_sound_whose_rate_and_channels_change_is_followed(
    tmp_path: Path, ending: str, rates: tuple[int, int]
) -> None:
    codec = {"mp3": "libmp3lame", "aac": "aac", "oga": "flac", "opus": "libopus"}[ending]
    if ending == "opus":
        rates = 48_000, 48_000  # whatever was recorded
    forms = list(zip(("mono", "stereo"), rates, strict=True))
    parts = [
        _sound(tmp_path / f"{number}.{ending}", codec, layout, rate)
        for number, (layout, rate) in enumerate(forms)
    ]
    sound = load_sound(append(tmp_path / f"both.{ending}", *parts))
    assert len(sound) / SAMPLE_RATE == pytest.approx(4.0, abs=0.2)
    assert len(heard_clicks(sound, SAMPLE_RATE)) == 2 * len(click_moments(0, 2))


def _sound(path: Path, codec: str, layout: str, rate: int, start: int = 0) -> Path:
    mono = clicks(rate, 2.0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        samples = np.stack([mono] * (1 if layout == "mono" else 2))
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate = rate
        frame.pts, frame.time_base = start * rate, Fraction(1, rate)
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_a_silent_first_track_is_passed_over_and_any_track_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "tracks.mkv"
    with av.open(str(path), "w") as container:
        form: dict[str, Any] = {"rate": SAMPLE_RATE, "layout": "mono"}
        streams = [container.add_stream("pcm_s16le", **form) for _ in range(3)]
        for stream, level in zip(streams, (0.0, 0.5, 0.25), strict=True):
            samples = np.full((1, SAMPLE_RATE), level * 32_767, np.int16)
            samples[:, ::2] *= -1
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
    peaks = [np.abs(load_sound(path, track)).max() for track in (None, 1, 2, 3)]
    assert peaks == pytest.approx([0.5, 0.0, 0.5, 0.25], abs=0.01)
    assert sound_track_notes([path], None) == [
        f"{path}: hears sound track 2 of 3, the first with sound; --audio-track takes another"
    ]
    assert sound_track_notes([path], 3) == [f"{path}: hears sound track 3 of 3"]
    with pytest.raises(AvatarError, match="sound tracks 1 to 3"):
        load_sound(path, 4)


@pytest.mark.parametrize("form", [Form("ts"), Form("mpg", "mpeg2video", "mp2")])
def test_a_capture_may_begin_and_end_anywhere(tmp_path: Path, form: Form) -> None:
    whole = record(tmp_path / f"whole.{form.container}", form, 5.0).read_bytes()
    packet = 188 if form.container == "ts" else 2048
    part = tmp_path / f"part.{form.container}"
    part.write_bytes(whole[len(whole) // 4 // packet * packet : -packet * 3])
    taken = Taken(part)
    assert len(taken.clips) == 1
    assert taken.clips[0].frames > 50
    taken.check()


def test_the_counter_of_mpeg_may_wrap_inside_a_recording(tmp_path: Path) -> None:
    turn = 2**33 / 90_000
    form = Form("ts", offset=round(turn) - 3)
    taken = Taken(record(tmp_path / "wrapping.ts", form, 6.0))
    assert [clip.frames for clip in taken.clips] == pytest.approx([150], abs=1)
    taken.check()


def test_a_sound_file_of_several_recordings_is_one_sound(tmp_path: Path) -> None:
    parts = [
        _sound(tmp_path / f"{number}.ts", "aac", "mono", 48_000, start)
        for number, start in enumerate((0, 32, 3_600, 5))
    ]
    sound = load_sound(append(tmp_path / "all.ts", *parts))
    assert len(sound) / SAMPLE_RATE == pytest.approx(8.0, abs=0.3)
    assert len(heard_clicks(sound, SAMPLE_RATE)) == 4 * len(click_moments(0, 2))
