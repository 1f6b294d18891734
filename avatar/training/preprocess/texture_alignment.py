"""Photometric alignment: where the skin of each frame stands against the mean canonical picture.

Landmarks jitter by more than a still head moves.  Patches of rigid skin do not: each patch of the
frame, warped to the canonical view by the pose known so far, is aligned to the template by the
inverse compositional step of Lucas-Kanade (Baker and Matthews, IJCV 2004, eq. 31, translation).
The shift and its information matrix are a measurement of a head point, as a landmark is.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar.training.preprocess.canonical_view import CanonicalView
from avatar.training.preprocess.geometry import Array

FINE = 0.01  # eye distances: noise is smoothed below this
COARSE = 0.06  # shading coarser than this is taken out: it does not move with the skin
PATCH = 0.07  # standard deviation of a patch's window
SPACING = 0.08  # between patches
CORRELATED = 6.0  # pixels' errors go together (compression, light): so many count as one
LONGEST_SHIFT = 0.08  # eye distances: a longer one is a failed match
Grey = NDArray[np.float32]


@dataclass(frozen=True)
class SkinTemplate:
    """What frames are aligned to: band-passed picture, gradients and patches in one window."""

    box: tuple[int, int, int, int]
    picture: Grey
    gradient: Grey
    points: NDArray[np.intp]
    information: Array
    unit: float

    @property
    def pixels(self) -> NDArray[np.intp]:
        """Patch centres (N, 2) in the canonical frame."""
        return self.points + self.box[:2]


def skin_template(mean: Grey, rigid: NDArray[np.bool_], unit: float) -> SkinTemplate:
    """Template from the mean canonical picture (H, W) and the region (H, W) of rigid skin.

    unit: eye distance in px.
    """
    ys, xs = np.nonzero(rigid)
    room = int(3 * PATCH * unit)
    height, width = mean.shape
    x0, y0 = max(xs.min() - room, 0), max(ys.min() - room, 0)
    box = int(x0), int(y0), int(min(xs.max() + room, width)), int(min(ys.max() + room, height))
    part = np.s_[box[1] : box[3], box[0] : box[2]]
    picture = band_pass(mean[part], unit)
    gy, gx = np.gradient(picture)
    gradient = np.stack([gx, gy], axis=-1) * rigid[part][..., None]
    tensor = _window(np.stack([gx * gx, gx * gy, gy * gy], -1) * rigid[part][..., None], unit)
    step = max(round(SPACING * unit), 2)
    lattice = np.stack(
        np.meshgrid(
            np.arange(step // 2, box[2] - box[0], step), np.arange(step // 2, box[3] - box[1], step)
        ),
        axis=-1,
    ).reshape(-1, 2)
    inside = rigid[part][lattice[:, 1], lattice[:, 0]]
    lattice = lattice[inside]
    xx, xy, yy = tensor[lattice[:, 1], lattice[:, 0]].T.astype(float)
    information = np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -2)
    return SkinTemplate(box, picture, gradient.astype(np.float32), lattice, information, unit)


def band_pass(grey: Grey, unit: float) -> Grey:
    """Texture without noise and without slow changes of light."""
    fine = cv2.GaussianBlur(grey, (0, 0), max(FINE * unit, 0.5))
    return np.asarray(fine - cv2.GaussianBlur(grey, (0, 0), COARSE * unit), np.float32)


def patch_shifts(
    image: NDArray[np.uint8], pose: Array, view: CanonicalView, template: SkinTemplate
) -> tuple[Array, float]:
    """One alignment step: places (N, 2) px of the patches in the frame and the variance of the
    grey levels' difference.

    The view must cover the template's box.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    places = view.places(pose)
    band = band_pass(view.sample(grey, places), template.unit)
    support = np.abs(template.gradient).sum(-1) > 0
    own, wanted = band[support], template.picture[support]
    gain = float((own * wanted).sum() / max(float((own * own).sum()), 1e-6))
    difference = np.clip(gain, 0.5, 2) * band - template.picture
    pull = _window(template.gradient * difference[..., None], template.unit)
    x, y = template.points.T
    damped = template.information + 1e-3 * np.eye(2)
    shift = -np.linalg.solve(damped, pull[y, x].astype(float)[..., None])[..., 0]
    length = np.linalg.norm(shift, axis=-1)
    limit = LONGEST_SHIFT * template.unit
    shift *= np.minimum(1, limit / np.maximum(length, 1e-9))[:, None]
    spread = 1.48 * float(np.median(np.abs(difference[support])))
    return places[y, x] + shift, spread**2


def _window(fields: Grey, unit: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(fields, (0, 0), PATCH * unit))
