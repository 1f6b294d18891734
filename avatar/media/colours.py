"""Decoded pictures of any matrix, range, depth and light -> RGB as a BT.709 display shows it.

Matrix and range are FFmpeg's part (swscale).  What it has no quick way for is light: HDR (PQ and
HLG, ITU-R BT.2100) and wider gamuts (BT.2020, Display P3) are turned into BT.709 here.
"""

from functools import cache

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type as SideData
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

from avatar.errors import AvatarError

Image = NDArray[np.uint8]
Linear = NDArray[np.float32]

UNSPECIFIED = 2  # of matrix, primaries and transfer alike
HD_HEIGHT = 720  # px: a picture of at least this height that names no matrix is in BT.709
ODD_MATRICES = (8, 10, 11, 12, 13, 14, 15)  # YCgCo, constant luminance, derived, ICtCp, IPT
LEVELS = 1 << 16
SDR_WHITE = 100.0  # cd/m2, white of an SDR display (ITU-R BT.1886)
HDR_PEAK = 1000.0  # cd/m2, the display that HDR pictures are made on
KNEE = 0.7  # of SDR white: light up to here stays as it is, brighter light rolls off to the peak
HLG_GAMMA = 1.2  # system gamma at HDR_PEAK
DISPLAY_GAMMA = 2.4
TO_XYZ = {  # linear RGB to XYZ, white D65
    ColorPrimaries.BT709: [
        [0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ],
    ColorPrimaries.BT2020: [
        [0.6369580, 0.1446169, 0.1688810], [0.2627002, 0.6779981, 0.0593017],
        [0.0000000, 0.0280727, 1.0609851],
    ],
    ColorPrimaries.SMPTE432: [
        [0.4865709, 0.2656677, 0.1982173], [0.2289746, 0.6917385, 0.0792869],
        [0.0000000, 0.0451134, 1.0439444],
    ],
}  # fmt: skip


def to_rgb(frame: av.VideoFrame) -> Image:
    """A decoded picture -> (H, W, 3) RGB of BT.709. Raises AvatarError for colours not known."""
    if frame.colorspace in ODD_MATRICES or _is_bare_dolby(frame):
        raise AvatarError(
            "its colours are of a kind that is not read (constant luminance, ICtCp or Dolby "
            "Vision alone): convert it with a video editor to H.264 in BT.709"
        )
    named = frame.colorspace != UNSPECIFIED or frame.height < HD_HEIGHT
    matrix = None if named else Colorspace.ITU709
    hdr = frame.color_trc in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)
    wide = frame.color_primaries in (ColorPrimaries.BT2020, ColorPrimaries.SMPTE432)
    if not hdr and not wide:
        plain = frame.reformat(format="rgb24", src_colorspace=matrix)
        return np.asarray(plain.to_ndarray(), np.uint8)
    deep = frame.reformat(format="rgb48le", src_colorspace=matrix, dst_color_range=ColorRange.JPEG)
    primaries = ColorPrimaries.BT2020
    if frame.color_primaries in TO_XYZ:
        primaries = ColorPrimaries(frame.color_primaries)
    return tone_mapped(np.asarray(deep.to_ndarray(), np.uint16), frame.color_trc, primaries)


def tone_mapped(codes: NDArray[np.uint16], transfer: int, primaries: ColorPrimaries) -> Image:
    """RGB codes (H, W, 3) of 16 bits, full range -> 8 bits of BT.709."""
    light = _light(transfer)[codes]
    if transfer == ColorTrc.ARIB_STD_B67:
        # BT.2100's OOTF: the scene's light to that of a display of HDR_PEAK.
        luminance = light @ np.array(TO_XYZ[primaries][1], np.float32)
        light *= (np.maximum(luminance, 1e-6) ** (HLG_GAMMA - 1))[..., None]
        light *= HDR_PEAK / SDR_WHITE
    light = np.asarray(cv2.transform(light, _to_bt709(primaries)), np.float32).clip(0)
    if transfer in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67):
        brightest = light.max(axis=2, keepdims=True)
        light *= _rolled_off(brightest) / np.maximum(brightest, 1e-6)
    index = (light.clip(0, 1) * (LEVELS - 1)).round().astype(np.uint16)
    return _display_codes()[index]


@cache
def _light(transfer: int) -> Linear:
    """Light of each of 65536 codes: of SDR white, but for HLG of the scene's brightest."""
    code = np.linspace(0, 1, LEVELS)
    if transfer == ColorTrc.SMPTE2084:
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        root = code ** (1 / m2)
        light = 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) / SDR_WHITE
    elif transfer == ColorTrc.ARIB_STD_B67:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    else:
        light = code**DISPLAY_GAMMA
    return np.asarray(light, np.float32)


def _rolled_off(light: Linear) -> Linear:
    """A Möbius curve that leaves what is under the knee and ends with the peak at white."""
    peak = HDR_PEAK / SDR_WHITE
    a = -(KNEE**2) * (peak - 1) / (KNEE**2 - 2 * KNEE + peak)
    b = (KNEE**2 - 2 * KNEE * peak + peak) / (peak - 1)
    slope = (b**2 + 2 * b * KNEE + KNEE**2) / (b - a)
    bright = np.maximum(light, KNEE)
    return np.where(light <= KNEE, light, slope * (bright + a) / (bright + b)).astype(np.float32)


@cache
def _to_bt709(primaries: ColorPrimaries) -> NDArray[np.float64]:
    to_display = np.linalg.inv(TO_XYZ[ColorPrimaries.BT709]) @ np.array(TO_XYZ[primaries])
    return np.asarray(to_display, np.float64)


@cache
def _display_codes() -> Image:
    """The 8-bit code of each of 65536 steps of light."""
    light = np.linspace(0, 1, LEVELS)
    return (255 * light ** (1 / DISPLAY_GAMMA)).round().astype(np.uint8)


def _is_bare_dolby(frame: av.VideoFrame) -> bool:
    """Dolby Vision without a picture that others can show says nothing of its colours."""
    return frame.color_trc == UNSPECIFIED and SideData.DOVI_METADATA in frame.side_data
