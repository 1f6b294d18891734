"""Several films of one speaker, some of them at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

from avatar.errors import AvatarError
from streaming.commands.progress import PhaseProgress, phase_progress

if TYPE_CHECKING:
    from avatar.gestures import Score
    from avatar.rendering.pipeline import Pipeline
    from avatar.rendering.render_video import Finish

    NewFinish = Callable[[], Finish]


@dataclass(frozen=True)
class FilmOrder:
    """What is said, and where the video goes."""

    sound: Path
    track: int | None
    out: Path


def name_films(sounds: Sequence[Path], out: Path, track: int | None) -> list[FilmOrder]:
    """`out` is the film of a single sound, or the folder of several (or of one, if it is there).

    Raises AvatarError where two films would have one name.
    """
    if len(sounds) == 1 and not out.is_dir():
        return [FilmOrder(sounds[0], track, out)]
    films = [FilmOrder(sound, track, out / f"{sound.stem}.mp4") for sound in sounds]
    names = [film.out for film in films]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise AvatarError(f"two of the sounds would become {twice}; render them one by one")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AvatarError(f"{out}: cannot be a folder for films ({error.strerror})") from error
    return films


def render_films(
    pipeline: "Pipeline",
    films: Sequence[FilmOrder],
    new_finish: "NewFinish",
    threads: int,
    jobs: int,
    score: "Score",
) -> list[int]:
    """Render all, `jobs` at a time; each draws with its share of `threads`, on a GPU with one.

    `new_finish` makes what has the last word on every picture of a film; `score`: the gestures of
    each.  A film that cannot be
    made ends the others; AvatarError says why.  Returns their numbers of frames.
    """
    jobs = min(jobs, len(films))
    each = max(1, threads // jobs) if pipeline.device.type == "cpu" else 1
    drawing = [pipeline, *(pipeline.replica() for _ in range(jobs * each - 1))]
    with phase_progress() as progress:
        making = _Films([drawing[job::jobs] for job in range(jobs)], new_finish, progress, score)
        return making.make(films)


class _Films:
    """Groups of pipelines, each for one film at a time."""

    def __init__(
        self,
        groups: Sequence[list["Pipeline"]],
        new_finish: "NewFinish",
        progress: PhaseProgress,
        score: "Score",
    ) -> None:
        self._count, self._new_finish, self._progress = len(groups), new_finish, progress
        self._score = score
        self._free: SimpleQueue[list[Pipeline]] = SimpleQueue()
        self._closing = Event()
        for group in groups:
            self._free.put(group)

    def make(self, films: Sequence[FilmOrder]) -> list[int]:
        """Frames of each film; what is not finished when one fails, or at Ctrl-C, is dropped."""
        pool = ThreadPoolExecutor(self._count, thread_name_prefix="film")
        names = ["render"] if len(films) == 1 else [film.out.name for film in films]
        try:
            return list(pool.map(self._film, films, names))
        finally:
            self._closing.set()
            pool.shutdown(cancel_futures=True)

    def _film(self, film: FilmOrder, name: str) -> int:
        from avatar.rendering.render_video import render_film

        def rendered(done: int, of: int) -> None:
            if self._closing.is_set():
                raise CancelledError
            self._progress.phase(name, done, of)

        group = self._free.get()
        try:
            finish = self._new_finish()
            return render_film(
                group, film.sound, film.out, rendered, film.track, finish, self._score
            )
        finally:
            self._free.put(group)
