"""One account of time for a file whose clock begins anew, jumps or wraps on the way.

Recordings joined end to end (`cat a.ts b.ts`), cameras and broadcasters that set their clock, and
MPEG's counters of 33 bits leave breaks in the time stamps.  What lies between two breaks is a
`Span`: within it picture and sound share one clock, so both are corrected by the same amount.
A hole in one track beside which the other goes on is no break: it stays a gap.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avatar.errors import AvatarError

BACK = 0.25  # s: a track's clock that goes back by more begins anew
AHEAD = 1.0  # s: a hole in all tracks at once that is longer is a break
HELD = 10.0  # s: the same in a file of one track where breaks are usual (MPEG's streams)
LONGEST_HOLE = 3600.0  # s: the same in any other file of one track
STEADY = 0.5  # s: a hole that is no matter at all
LONGEST = 1.0  # s of packets that are looked at as one
LAG = 2.0  # s by which one track lies behind the other in the file where a clock ends or begins
SKEW = 10.0  # s: a track that goes on for longer on the old clock has not been set anew
SPARE = 16.0  # s between two spans on the common clock, so that none reaches into the next


@dataclass
class Stretch:
    """Packets of one track that follow each other without a jump, for a second at most."""

    track: int
    number: int  # of its first packet, within its track
    begins: float  # when its first packet is decoded, seconds on the file's own clock
    until: float  # when the packet after its last is due to be decoded
    first: float  # when the first of its frames is shown
    last: float  # when the last of its frames has been shown

    def takes(self, begins: float, until: float, first: float, last: float) -> bool:
        """Take one more packet, if it follows."""
        follows = -BACK <= begins - self.until <= STEADY and begins - self.begins <= LONGEST
        if follows:
            self.until = max(self.until, until)
            self.first, self.last = min(self.first, first), max(self.last, last)
        return follows


@dataclass(frozen=True)
class Span:
    """What was recorded on one clock: its first and last moment on that clock, in seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start


@dataclass(frozen=True)
class TimeLine:
    """The spans of a file in their order, and the packets of each track with which they begin."""

    spans: list[Span]
    begins: dict[int, list[tuple[int, int]]]  # track -> (number of its packet, span), rising
    bases: list[float]  # where on the common clock each span begins; the first is not moved

    def shift(self, track: int, packet: int) -> float:
        """Seconds to add to the time stamps of a track's packet for the common clock."""
        begins = self.begins.get(track, [])
        place = bisect_right(begins, packet, key=lambda begin: begin[0]) - 1
        return self.shift_of(begins[place][1]) if place >= 0 else 0.0

    def shift_of(self, span: int) -> float:
        """Seconds to add to the time stamps of a span for the common clock."""
        return self.bases[span] - self.spans[span].start

    def span_at(self, common: float) -> int:
        """The span in which a time of the common clock lies."""
        return max(bisect_right(self.bases, common + SPARE / 2) - 1, 0)


def time_line(path: Path, found: Sequence[Stretch], usual_breaks: bool) -> TimeLine:
    """The spans of the packets of one or two tracks, given in the order of the file.

    `usual_breaks`: the container is one whose clock may jump.  Raises AvatarError where one
    track's clock jumps and the other's does not, so that nobody can say what belongs together.
    """
    if not found:
        return TimeLine([Span(0.0, 0.0)], {}, [0.0])
    tracks = {stretch.track for stretch in found}
    hole = AHEAD if len(tracks) > 1 else (HELD if usual_breaks else LONGEST_HOLE)
    parts = [
        part for clock in _by_clock(path, found) for part in _between_holes(found, clock, hole)
    ]
    if len(tracks) > 1:
        _check_company(path, found, parts)
    spans, bases, at = [], [], 0.0
    begins: dict[int, list[tuple[int, int]]] = {track: [] for track in tracks}
    for number, part in enumerate(parts):
        members = [found[place] for place in part]
        start = min(stretch.first for stretch in members)
        spans.append(Span(start, max(stretch.last for stretch in members)))
        bases.append(at if number else start)
        at = bases[-1] + spans[-1].seconds + SPARE
        for stretch in members:
            known = begins[stretch.track]
            if not known or known[-1][1] != number:
                known.append((stretch.number, number))
    return TimeLine(spans, begins, bases)


@dataclass
class _Track:
    clock: int
    expected: float  # when its next packet is decoded, on its clock


def _by_clock(path: Path, found: Sequence[Stretch]) -> list[list[int]]:
    """Places of all packets, by the clock that they count on."""
    clocks: list[list[int]] = [[]]
    ends = [found[0].begins]  # of each clock: when what follows is due
    tracks: dict[int, _Track] = {}
    for place, stretch in enumerate(found):
        newest = len(clocks) - 1
        track = tracks.setdefault(stretch.track, _Track(newest, stretch.begins))
        goes_on = -BACK <= stretch.begins - track.expected <= AHEAD
        if track.clock < newest and goes_on and track.expected >= ends[track.clock] - LAG:
            # The other track lay ahead in the file: this one still counts as before, for a while.
            if ends[newest] - found[clocks[newest][0]].begins > SKEW:
                raise _one_track_jumps(path, stretch.begins)
        elif track.clock < newest and stretch.begins >= ends[newest] - LAG:
            track.clock = newest
        elif track.clock < newest or stretch.begins < track.expected - BACK:
            clocks.append([])
            ends.append(stretch.until)
            track.clock = newest + 1
        clocks[track.clock].append(place)
        ends[track.clock] = max(ends[track.clock], stretch.until)
        track.expected = stretch.until
    return clocks


def _between_holes(found: Sequence[Stretch], clock: list[int], longest: float) -> list[list[int]]:
    """The places of one clock, parted where for more than `longest` seconds there is nothing."""
    cuts: list[float] = []
    covered = min(found[place].begins for place in clock)
    for stretch in sorted((found[place] for place in clock), key=lambda one: one.begins):
        if stretch.begins - covered > longest:
            cuts.append(stretch.begins)
        covered = max(covered, stretch.until)
    parts: list[list[int]] = [[] for _ in range(len(cuts) + 1)]
    for place in clock:
        parts[bisect_right(cuts, found[place].begins)].append(place)
    return parts


def _check_company(path: Path, found: Sequence[Stretch], parts: list[list[int]]) -> None:
    """Refuse a span of one track amid which, in the file, lie packets of the other's."""
    belongs = {place: number for number, part in enumerate(parts) for place in part}
    for number, part in enumerate(parts):
        tracks = {found[place].track for place in part}
        strangers = [
            found[place].begins
            for place in range(part[0], part[-1])
            if belongs[place] != number and found[place].track not in tracks
        ]
        if len(tracks) == 1 and strangers and max(strangers) - min(strangers) > SKEW:
            raise _one_track_jumps(path, found[part[0]].begins)


def _one_track_jumps(path: Path, seconds: float) -> AvatarError:
    return AvatarError(
        f"{path}: the time stamps of picture or sound jump at {seconds:.1f} s, and those of the "
        "other do not: mend it with ffmpeg -i FILE new.mp4, and see whether lips and sound agree"
    )
