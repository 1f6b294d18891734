"""The motion of a whole sound as a file, for figures that are not filmed.

`.csv`: a take of Live Link Face (63 columns, Unreal's importer and its plug-ins in Blender and
Maya read it); `.json`: visemes, articulation and blend shapes by name.
"""

import csv
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from avatar.audio import FPS, stream_sound
from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.gestures import Score
from avatar.media.sound_tracks import heard
from avatar.motion import BLEND_SHAPES, Motion
from avatar.rendering.frame_batches import hear_motion
from avatar.rendering.pipeline import Pipeline
from avatar.rendering.render_video import Rendered, frames_in

ANGLES = ("HeadYaw", "HeadPitch", "HeadRoll")
EYES = [f"{side}Eye{axis}" for side in ("Left", "Right") for axis in ("Yaw", "Pitch", "Roll")]
COUNT = len(BLEND_SHAPES) + len(ANGLES) + len(EYES)

Rows = Iterable[tuple[int, Motion]]


def write_motion(
    pipeline: Pipeline,
    sound: Path,
    out: Path,
    rendered: Rendered,
    track: int | None = None,
    score: Score = (),
) -> int:
    """Write what the speaker's face does while it says `sound`; returns the number of frames.

    `rendered` is told how many are done, and of about how many; `track` is which of several sound
    tracks, from 1; `score`: the gestures of the head. The file appears when it is whole.
    Raises AvatarError.
    """
    check_name(out)
    total, count = frames_in(heard(sound, track)), 0

    def rows() -> Iterator[tuple[int, Motion]]:
        nonlocal count
        for frame, motion in hear_motion(pipeline, stream_sound(sound, track), score):
            yield frame, motion
            count = frame + 1
            rendered(count, max(count, total))

    try:
        with replace_file(out) as temporary, temporary.open("w", newline="") as file:
            _WRITERS[out.suffix.lower()](file, rows())
    except OSError as error:
        raise AvatarError(f"{out}: could not be written ({error.strerror or error})") from error
    return count


def check_name(out: Path) -> None:
    """Raises AvatarError unless its ending says how to write it."""
    if out.suffix.lower() not in _WRITERS:
        raise AvatarError(f"{out}: the name must end in {' or '.join(_WRITERS)}")


def _write_json(file: IO[str], rows: Rows) -> None:
    file.write(f'{{"fps": {FPS}, "frames": [')
    for frame, motion in rows:
        file.write(",\n" if frame else "\n")
        json.dump({"frame": frame, "seconds": frame / FPS, **motion.named()}, file)
    file.write("\n]}\n")


def _write_csv(file: IO[str], rows: Rows) -> None:
    """Angles in radians about ARKit's axes: x to the picture's right, y up, z to the viewer."""
    table = csv.writer(file, lineterminator="\n")
    names = [name[0].upper() + name[1:] for name in BLEND_SHAPES]
    table.writerow(["Timecode", "BlendShapeCount", *names, *ANGLES, *EYES])
    for frame, motion in rows:
        found = motion.blend_shapes
        shapes = [found.get(name, 0.0) for name in BLEND_SHAPES]
        yaw, pitch, roll = map(math.radians, motion.head)
        values = [*shapes, yaw, -pitch, -roll, *[0.0] * len(EYES)]
        table.writerow([_timecode(frame), COUNT, *(f"{value:.6f}" for value in values)])


def _timecode(frame: int) -> str:
    """Hours, minutes, seconds, frames, and thousandths of a frame."""
    seconds, rest = divmod(frame, FPS)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{rest:02}.000"


_WRITERS = {".csv": _write_csv, ".json": _write_json}
