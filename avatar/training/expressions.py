"""Learns what an expression changes in a speaker's face: true frames that show it, against true
frames of the same aperture that do not.

The movement is a regression of all landmarks on the strengths, with the aperture beside them; the
light is what a neutral picture that is moved so still lacks.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator
from torch import Tensor

from avatar.gestures import EXPRESSIONS, ExpressionName
from avatar.rendering.eyelids import canonical_region
from avatar.rendering.head_angles import head_angles
from avatar.rendering.picture_warp import sampled
from avatar.speakers.canonical import Canonical
from avatar.speakers.expressions import STRONGEST, Expression
from avatar.training.expression_regions import Array, Size, box_of, changing, relit
from avatar.training.expression_strength import FoundExpression, find_strengths
from avatar.training.lip_data import canonical_landmarks
from avatar.training.preprocess.landmark_sets import LEFT_EYE_RIM, RIGHT_EYE_RIM
from avatar.training.preprocess.masks import Box
from avatar.training.preprocess.tracked_video import TrackedVideo

SMOOTH = 0.025  # eye distances: the landmarks' own noise is finer
FLOW_SMOOTH = 0.06  # eye distances: skin has little to be found by
LEAST_MOVE = 0.05  # px: what moves less is not in the region
PAIRS = 40  # of frames that are compared
LEAST_ALONE = 8  # frames that show nothing else
STRONG = 0.6  # strength that a frame needs to lend its light
LEFT_OUT = 0.4  # strength of a smile from which lips are not learned
CLOSED = 0.06  # aperture in eye distances: mouths opened wider lend no light
FINE, WIDE = 0.015, 0.4  # eye distances: finer light is noise, wider is that of the room
ALIKE_TURN, ALIKE_APERTURE = 5.0, 0.03  # degrees and eye distances that weigh the same


@dataclass(frozen=True)
class LearnedExpressions:
    """Of one video."""

    expressions: dict[ExpressionName, Expression]
    found: dict[ExpressionName, FoundExpression]

    @property
    def strength(self) -> Array:
        """(F,) of the strongest in each frame, 0..1."""
        return np.asarray(np.max([one.strength for one in self.found.values()], axis=0))

    @property
    def plain_lips(self) -> NDArray[np.bool_]:
        """(F,) frames that lips can be learned from: a smile is added to them afterwards."""
        return self.found["smile"].strength < LEFT_OUT


def learn_expressions(tracked: TrackedVideo, canonical: Canonical) -> LearnedExpressions:
    """All that the video shows long and clearly enough."""
    poses = torch.from_numpy(np.array(tracked.poses))
    aperture = tracked.aperture.astype(float)
    every = np.arange(tracked.landmarks.shape[1])
    points = canonical_landmarks(tracked, canonical, every).double().numpy()
    found = find_strengths(points, poses, tracked.usable, tracked.clip, aperture, canonical)
    _leave_out_mixed(found)
    there = [name for name in EXPRESSIONS if found[name].there]
    if not there:
        return LearnedExpressions({}, found)
    strengths = np.column_stack([found[name].strength for name in there])
    rest, moves = _moves(
        points[tracked.usable], strengths[tracked.usable], aperture[tracked.usable]
    )
    scene = _Scene(tracked, canonical, poses, aperture)
    expressions = {
        name: scene.learn(name, rest, moves[number], strengths, number)
        for number, name in enumerate(there)
    }
    return LearnedExpressions(expressions, found)


def _leave_out_mixed(found: dict[ExpressionName, FoundExpression]) -> None:
    """What is hardly ever shown by itself cannot be told from what is shown with it."""
    strengths = np.column_stack([found[name].strength for name in EXPRESSIONS])
    for number, name in enumerate(EXPRESSIONS):
        if found[name].there and _alone(strengths, number).sum() < LEAST_ALONE:
            nothing = np.zeros(len(strengths))
            found[name] = FoundExpression(nothing, "none: it is never shown by itself")


def _moves(points: Array, strengths: Array, aperture: Array) -> tuple[Array, Array]:
    """Landmarks (L, 2) of the neutral face, lips shut, and how far each of the expressions (E,
    ...) moves them."""
    shut = aperture - np.percentile(aperture, 10)
    known = np.column_stack([strengths, shut, shut**2, np.ones(len(shut))])
    solved = np.linalg.lstsq(known, points.reshape(len(points), -1), rcond=None)[0]
    rows = solved.reshape(len(solved), -1, 2)
    return rows[-1], rows[: strengths.shape[1]]


@dataclass(frozen=True)
class _Scene:
    """A video in its canonical view."""

    tracked: TrackedVideo
    canonical: Canonical
    poses: Tensor
    aperture: Array

    def learn(
        self, name: ExpressionName, rest: Array, move: Array, strengths: Array, number: int
    ) -> Expression:
        unit, size = _eye_distance(rest), self.canonical.frame_size
        mask = changing(name, rest, size, unit)
        back = _dense(rest + move, -move, size, SMOOTH * unit) * mask[..., None]
        moves = np.linalg.norm(back, axis=-1) > LEAST_MOVE
        box = box_of(moves if moves.any() else mask > 0, size)
        x0, y0, x1, y1 = box
        pairs = self._pairs(strengths, number)
        shares = strengths[[shows for shows, _ in pairs], number]
        moved = back[y0:y1, x0:x1].astype(np.float32)
        shown = self._regions([shows for shows, _ in pairs], box)
        plain = self._regions([neutral for _, neutral in pairs], box)
        moved = _refined(moved, shown, plain, shares, FLOW_SMOOTH * unit) * mask[y0:y1, x0:x1, None]
        weight = (mask * relit(rest + move, size, unit))[y0:y1, x0:x1, None]
        lacks = _lacks(shown, _moved(plain, moved, shares), weight) / shares[:, None, None, None]
        light = _own_light(np.median(lacks, axis=0), weight, unit)
        return Expression(torch.tensor([x0, y0]), _tensor(moved), _tensor(light))

    def _pairs(self, strengths: Array, number: int) -> list[tuple[int, int]]:
        """Frames that show it, with the most alike neutral ones."""
        usable = self.tracked.usable
        some = np.flatnonzero(_alone(strengths, number) & usable)
        if (self.aperture[some] < CLOSED).any():
            some = some[self.aperture[some] < CLOSED]
        neutral = np.flatnonzero(usable & ~strengths.any(axis=1))
        turn = np.array(head_angles(self.poses, self.canonical.pose)) / ALIKE_TURN
        look = np.column_stack([turn, self.aperture / ALIKE_APERTURE])
        chosen = some[np.unique(np.linspace(0, len(some) - 1, PAIRS).round().astype(int))]
        away = np.linalg.norm(look[chosen][:, None] - look[neutral][None], axis=-1)
        return [(int(a), int(neutral[b])) for a, b in zip(chosen, away.argmin(axis=1), strict=True)]

    def _regions(self, frames: list[int], box: Box) -> Array:
        """What frames show in a box of the canonical view: (P, h, w, 3)."""
        view = replace(self.canonical, lip_box=box)
        pictures = [torch.from_numpy(np.array(self.tracked.frames[frame])) for frame in frames]
        regions = [
            canonical_region(picture.permute(2, 0, 1)[None].float() / 255, self.poses[frame], view)
            for frame, picture in zip(frames, pictures, strict=True)
        ]
        return torch.stack(regions).permute(0, 2, 3, 1).numpy()


def _moved(pictures: Array, back: Array, shares: Array) -> Array:
    """Pictures (P, h, w, 3), each moved by its share of `back` (h, w, 2)."""
    rows, columns = np.mgrid[: back.shape[0], : back.shape[1]]
    own = np.dstack([columns, rows]).astype(np.float32)
    return np.stack(
        [
            sampled(picture, (own + share * back).astype(np.float32), cv2.INTER_CUBIC)
            for picture, share in zip(pictures, shares, strict=True)
        ]
    )


def _refined(back: Array, shown: Array, plain: Array, shares: Array, smooth: float) -> Array:
    """`back` (h, w, 2), so that the plain pictures moved by it lie upon those that show it.

    What is still between the means of both is found by dense inverse search (Kroeger, ECCV 2016).
    """
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    rows, columns = np.mgrid[: back.shape[0], : back.shape[1]]
    own = np.dstack([columns, rows]).astype(np.float32)
    for _ in range(2):
        means = (shown.mean(axis=0), _moved(plain, back, shares).mean(axis=0))
        there, here = (
            cv2.cvtColor((255 * mean.clip(0, 1)).astype(np.uint8), cv2.COLOR_RGB2GRAY)
            for mean in means
        )
        found = finder.calc(there, here, np.zeros_like(own))
        flow = np.asarray(cv2.GaussianBlur(found, (0, 0), smooth), np.float32)
        back = sampled(back, own + flow, cv2.INTER_LINEAR) + flow / np.float32(shares.mean())
    return back


def _own_light(light: Array, weight: Array, unit: float) -> Array:
    """`light` (h, w, 3) where `weight` (h, w, 1) has it count, without noise and the room's."""
    light = light * weight
    wide = [cv2.GaussianBlur(part, (0, 0), WIDE * unit) for part in (light, weight)]
    light = light - weight * wide[0] / np.maximum(wide[1], 1e-3)[..., None]
    soft = cv2.GaussianBlur(light, (0, 0), FINE * unit) * weight
    return np.asarray(soft.clip(-STRONGEST, STRONGEST))


def _alone(strengths: Array, number: int) -> NDArray[np.bool_]:
    """(F,) frames that show one of the expressions (F, E) strongly, and no other."""
    others = np.delete(strengths, number, axis=1).any(axis=1)
    return np.asarray(~others & (strengths[:, number] > STRONG))


def _lacks(shown: Array, plain: Array, weight: Array) -> Array:
    """What plain pictures (P, h, w, 3) lack, but for brightness and contrast of each colour."""
    on = weight[..., 0] >= 0.5 * weight.max()
    lacks = np.empty_like(shown)
    for pair in range(len(shown)):
        for colour in range(3):
            there, here = shown[pair, ..., colour], plain[pair, ..., colour]
            contrast, brightness = np.polyfit(here[on], there[on], 1)
            lacks[pair, ..., colour] = there - contrast * here - brightness
    return lacks


def _eye_distance(points: Array) -> float:
    right, left = points[RIGHT_EYE_RIM].mean(0), points[LEFT_EYE_RIM].mean(0)
    return float(np.linalg.norm(left - right))


def _dense(at: Array, values: Array, size: Size, smooth: float) -> Array:
    """Values (L, 2) at scattered points (L, 2), smooth in between: (H, W, 2); 0 outside."""
    known = LinearNDInterpolator(at, values, fill_value=0.0)
    rows, columns = np.mgrid[: size[0], : size[1]]
    field = np.asarray(known(columns, rows))
    return np.asarray(cv2.GaussianBlur(field, (0, 0), smooth))


def _tensor(image: Array) -> Tensor:
    """(h, w, C) -> (C, h, w)."""
    return torch.from_numpy(np.asarray(image, np.float32)).permute(2, 0, 1).contiguous()
