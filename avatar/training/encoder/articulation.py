"""Phones and their times -> what the mouth does, co-articulated.

Cohen and Massaro, "Modeling coarticulation in synthetic visual speech" (1993): every phone pulls
each track towards its own target with a dominance that fades with the distance in time, and the
track is the mean of the targets weighted by their dominances. A consonant that does not care for
the lips (k, n, h) has little dominance there and takes the shape of its neighbours. Closures of
p, b, m and the lip-to-teeth contact of f, v are then made complete, since no neighbour may keep
them open.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.motion import TRACKS
from avatar.training.encoder.phones import LIP_CLOSING, PHONE_INDEX, Phone

RATE = 100  # track frames a second
LEAD = 0.020  # seconds that the mouth is ahead of its sound
RISE, FALL = 0.050, 0.060  # seconds in which a dominance fades before and after its phone
SHARPNESS = 1.3
CONTACT = 0.025  # seconds in which a contact is made or released

# Targets 0..1 in the order of TRACKS, then the dominances on lips' opening, shape and tongue.
_TABLE = """
SIL  .00 .00 .00 .00 .00 .00 .00 .00 .00  0.7 0.4 0.4
AA   .95 .95 .00 .05 .00 .10 .00 .00 .00  1.3 1.0 0.8
AE   .90 .85 .00 .00 .00 .45 .00 .00 .10  1.3 1.1 0.8
AH   .60 .50 .00 .05 .00 .15 .00 .00 .05  0.9 0.5 0.5
AO   .75 .75 .00 .50 .40 .00 .00 .00 .00  1.3 1.4 0.8
EH   .65 .55 .00 .00 .00 .45 .00 .00 .15  1.1 1.0 0.8
ER   .35 .25 .00 .50 .45 .00 .00 .20 .20  1.0 1.1 0.8
IH   .40 .28 .00 .00 .00 .45 .00 .10 .30  1.0 0.9 0.8
IY   .32 .18 .00 .00 .00 .85 .00 .10 .40  1.1 1.3 0.8
UH   .35 .25 .00 .60 .50 .00 .00 .00 .10  1.1 1.3 0.8
UW   .22 .15 .00 .95 .85 .00 .00 .00 .05  1.5 1.9 0.8
P    .00 .10 1.0 .00 .00 .00 .00 .00 .00  2.0 0.4 0.3
B    .00 .12 1.0 .00 .00 .00 .00 .00 .00  2.0 0.4 0.3
M    .00 .12 1.0 .00 .00 .00 .00 .00 .00  2.0 0.4 0.3
F    .10 .15 .00 .00 .00 .10 1.0 .00 .40  1.9 0.6 0.4
V    .12 .18 .00 .00 .00 .10 1.0 .00 .40  1.8 0.6 0.4
TH   .32 .22 .00 .00 .00 .15 .00 1.0 .50  1.3 0.5 1.8
DH   .32 .24 .00 .00 .00 .15 .00 1.0 .45  1.0 0.4 1.6
T    .26 .15 .00 .00 .00 .20 .00 .70 .60  0.8 0.3 1.3
D    .28 .18 .00 .00 .00 .20 .00 .70 .55  0.8 0.3 1.3
N    .28 .20 .00 .00 .00 .20 .00 .70 .45  0.7 0.3 1.2
L    .40 .32 .00 .00 .00 .20 .00 .85 .30  0.8 0.4 1.5
K    .35 .28 .00 .00 .00 .15 .00 .00 .30  0.5 0.2 0.6
G    .35 .28 .00 .00 .00 .15 .00 .00 .30  0.5 0.2 0.6
NG   .35 .28 .00 .00 .00 .15 .00 .00 .30  0.5 0.2 0.6
HH   .50 .40 .00 .00 .00 .15 .00 .00 .15  0.3 0.1 0.3
S    .18 .06 .00 .00 .00 .40 .00 .40 1.0  1.4 0.7 1.2
Z    .18 .06 .00 .00 .00 .40 .00 .40 1.0  1.3 0.7 1.2
SH   .28 .10 .00 .60 .80 .00 .00 .20 .95  1.4 1.8 1.2
ZH   .28 .10 .00 .60 .80 .00 .00 .20 .95  1.4 1.8 1.2
CH   .25 .10 .00 .55 .75 .00 .00 .40 .95  1.4 1.7 1.2
JH   .25 .10 .00 .55 .75 .00 .00 .40 .95  1.4 1.7 1.2
R    .30 .22 .00 .55 .50 .00 .00 .20 .25  1.0 1.2 0.9
W    .12 .15 .00 1.0 .80 .00 .00 .00 .00  1.8 2.0 0.6
Y    .28 .18 .00 .00 .00 .75 .00 .10 .40  0.9 1.0 0.8
"""
# A diphthong is two targets, the second from 55% of its time on.
_GLIDES = {
    "AY": ("AA", "IH"),
    "AW": ("AA", "UH"),
    "EY": ("EH", "IY"),
    "OW": ("AO", "UH"),
    "OY": ("AO", "IH"),
}
_GLIDE_AT = 0.55
_GROUP = np.array([0, 0, 0, 1, 1, 1, 0, 2, 2])  # the dominance that each track takes

Tracks = NDArray[np.float32]


def _parse() -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    rows = {line.split()[0]: np.array(line.split()[1:], float) for line in _TABLE.split("\n")[1:-1]}
    count = len(TRACKS)
    targets = {phone: row[:count] for phone, row in rows.items()}
    return targets, {phone: row[count:][_GROUP] for phone, row in rows.items()}


_TARGET, _DOMINANCE = _parse()


def phone_frames(phones: Sequence[Phone], frames: int) -> NDArray[np.uint8]:
    """The phone heard in the middle of each 10 ms frame: (frames,) indices into PHONES."""
    classes = np.zeros(frames, np.uint8)
    for phone in phones:
        first, last = (round(time * RATE) for time in (phone.start, phone.end))
        classes[max(first, 0) : max(last, 0)] = PHONE_INDEX[phone.name]
    return classes


def tracks(phones: Sequence[Phone], frames: int, loudness: NDArray[np.float32]) -> Tracks:
    """The mouth while `phones` are spoken: (frames, len(TRACKS)) at 100 Hz, each in 0..1.

    `loudness` (frames,) in 0..1 opens the mouth by up to a fifth more or less.
    """
    middle = (np.arange(frames) + 0.5) / RATE + LEAD
    parts = _targets(phones)
    weighted = np.full((frames, len(TRACKS)), 0.0)
    weight = np.full((frames, len(TRACKS)), 1e-6)
    for part in parts:
        near, dominance = _dominance(part, middle)
        pull = dominance[:, None] * _DOMINANCE[part.name]
        weighted[near] += pull * _TARGET[part.name]
        weight[near] += pull
    mouth = weighted / weight
    mouth[:, :2] *= (0.8 + 0.4 * loudness)[:, None]
    for part in parts:
        _make_contact(mouth, part, middle)
    return np.asarray(np.clip(mouth, 0, 1), np.float32)


def _targets(phones: Sequence[Phone]) -> list[Phone]:
    parts = []
    for phone in phones:
        if phone.name in _GLIDES:
            turn = phone.start + _GLIDE_AT * (phone.end - phone.start)
            first, second = _GLIDES[phone.name]
            parts += [Phone(first, phone.start, turn), Phone(second, turn, phone.end)]
        else:
            parts.append(phone)
    return parts


def _dominance(part: Phone, times: NDArray[np.float64]) -> tuple[slice, NDArray[np.float64]]:
    centre, length = (part.start + part.end) / 2, part.end - part.start
    plateau = 0.5 * length - 0.2 * min(length, 0.25) if part.name == "SIL" else 0.3 * length
    near = slice(*np.searchsorted(times, (part.start - 0.5, part.end + 0.5)))
    away = times[near] - centre
    fade = np.where(away < 0, RISE, FALL)
    return near, np.exp(-((np.clip(np.abs(away) - plateau, 0, None) / fade) ** SHARPNESS))


def _make_contact(mouth: NDArray[np.float64], part: Phone, times: NDArray[np.float64]) -> None:
    """Close the lips wholly on p, b, m; bring lip to teeth on f, v."""
    if part.name not in LIP_CLOSING and part.name not in ("F", "V"):
        return
    centre, half = (part.start + part.end) / 2, max(0.35 * (part.end - part.start), 0.022)
    near = slice(*np.searchsorted(times, (part.start - 0.3, part.end + 0.3)))
    away = np.clip(np.abs(times[near] - centre) - half, 0, None)
    strength = np.exp(-((away / CONTACT) ** 2))[:, None]
    held = [0, 2] if part.name in LIP_CLOSING else [0, 6]  # the jaw and the shape stay free
    target = _TARGET[part.name][held]
    mouth[near, held] = mouth[near, held] * (1 - strength) + target * strength
