"""Pictures of known colours, turned and mirrored, of changing size, come out as they were."""

import itertools
import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorTrc

from avatar.errors import AvatarError
from avatar.media.colours import to_rgb, tone_mapped
from avatar.media.orientation import fit
from avatar.media.recording import recording_of
from avatar.training.preprocess.video_reader import read_pictures
from tests.avatar.media.made_media import clock_face, read_clock
from tests.support import need

COLOURS = [
    (200, 100, 50),
    (30, 180, 90),
    (60, 70, 220),
    (255, 255, 255),
    (128, 128, 128),
    (0, 0, 0),
]
MATRICES = {5: (0.299, 0.114), 1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}  # BT.601, 709, 2020


def yuv(rgb: tuple[int, ...], matrix: int, full: bool, bits: int) -> list[int]:
    """By the definition in ITU-R BT.601, BT.709 and BT.2020."""
    red, green, blue = (code / 255 for code in rgb)
    kr, kb = MATRICES[matrix]
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = (blue - luma) / 2 / (1 - kb), (red - luma) / 2 / (1 - kr)
    most, step = 2**bits - 1, 2 ** (bits - 8)
    if full:
        codes = [luma * most, *(part * most + 128 * step for part in chroma)]
    else:
        codes = [(16 + 219 * luma) * step, *((128 + 224 * part) * step for part in chroma)]
    return [int(np.clip(round(code), 0, most)) for code in codes]


def plain(codes: list[int], bits: int, height: int = 64) -> av.VideoFrame:
    frame = av.VideoFrame(64, height, "yuv420p" if bits == 8 else "yuv420p10le")
    dtype = np.dtype(np.uint8 if bits == 8 else "<u2")
    for plane, code in zip(frame.planes, codes, strict=True):
        plane.update(np.full(plane.buffer_size // dtype.itemsize, code, dtype).tobytes())
    return frame


@pytest.mark.parametrize(
    ("matrix", "full", "bits"), list(itertools.product(MATRICES, (False, True), (8, 10)))
)
def test_colours_of_every_matrix_range_and_depth(matrix: int, full: bool, bits: int) -> None:
    for colour in COLOURS:
        frame = plain(yuv(colour, matrix, full, bits), bits)
        frame.colorspace, frame.color_range = matrix, 2 if full else 1
        np.testing.assert_allclose(to_rgb(frame)[32, 32], colour, atol=4)


@pytest.mark.parametrize(("height", "matrix"), [(64, 5), (720, 1)])
def test_a_matrix_that_is_not_named_is_that_of_its_size(height: int, matrix: int) -> None:
    frame = plain(yuv(COLOURS[0], matrix, False, 8), 8, height)
    np.testing.assert_allclose(to_rgb(frame)[32, 32], COLOURS[0], atol=4)


def hdr_codes(rgb: tuple[int, ...], transfer: ColorTrc) -> np.ndarray:
    """An SDR colour as HDR shows it, white at 100 cd/m2: 16-bit codes of BT.2020 (1, 1, 3)."""
    to_2020 = np.array(
        [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
    )
    nits = 100 * to_2020 @ (np.array(rgb) / 255) ** 2.4
    if transfer == ColorTrc.SMPTE2084:
        power = (nits / 10_000) ** (2610 / 16384)
        code = ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)
    else:
        shown = nits / 1000
        luminance = shown @ [0.2627, 0.6780, 0.0593]
        scene = shown * max(luminance, 1e-9) ** (1 / 1.2 - 1)
        low = np.sqrt(3 * scene)
        high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
        code = np.where(scene <= 1 / 12, low, high)
    return (code * 65535).round().astype(np.uint16)[None, None]


@pytest.mark.parametrize("transfer", [ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67])
def test_hdr_looks_as_sdr_does(transfer: ColorTrc) -> None:
    for colour in [(200, 100, 50), (30, 180, 90), (60, 70, 200), (128, 128, 128), (0, 0, 0)]:
        shown = tone_mapped(hdr_codes(colour, transfer), transfer, ColorPrimaries.BT2020)
        np.testing.assert_allclose(shown[0, 0], colour, atol=4)


def test_light_brighter_than_white_rolls_off() -> None:
    codes = np.linspace(0, 65535, 40).astype(np.uint16)
    grey = np.stack([codes] * 3, axis=-1)[None]
    shown = tone_mapped(grey, ColorTrc.SMPTE2084, ColorPrimaries.BT2020)[0, :, 0].astype(int)
    assert (np.diff(shown) >= 0).all()
    assert shown[-1] == 255
    assert (
        tone_mapped(
            hdr_codes((255, 255, 255), ColorTrc.SMPTE2084),
            ColorTrc.SMPTE2084,
            ColorPrimaries.BT2020,
        ).min()
        >= 225
    )


@pytest.mark.parametrize("matrix", [8, 10, 14])
def test_colours_that_are_not_known_are_refused(matrix: int) -> None:
    frame = plain([100, 128, 128], 8)
    frame.colorspace = matrix
    with pytest.raises(AvatarError, match="colours are of a kind"):
        to_rgb(frame)


def write(path: Path, images: list[np.ndarray]) -> Path:
    height, width = images[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.qmin = stream.codec_context.qmax = 2
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


ONE = 1 << 16
MATRIX = {
    "as it is": (ONE, 0, 0, ONE), "half a turn": (-ONE, 0, 0, -ONE),
    "clockwise": (0, ONE, -ONE, 0), "anticlockwise": (0, -ONE, ONE, 0),
    "mirrored": (-ONE, 0, 0, ONE), "upside down": (ONE, 0, 0, -ONE),
    "mirrored, clockwise": (0, ONE, ONE, 0), "mirrored, anticlockwise": (0, -ONE, -ONE, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", MATRIX)
def test_pictures_are_turned_and_mirrored_as_ffmpeg_does(tmp_path: Path, name: str) -> None:
    need("ffmpeg")
    image = np.zeros((64, 96, 3), np.uint8)
    image[:24, :40, 0], image[40:, 60:, 1] = 220, 200
    mp4 = write(tmp_path / "v.mp4", [image] * 3).read_bytes()
    a, b, c, d = MATRIX[name]
    at = mp4.index(b"tkhd") + 44
    matrix = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(mp4[:at] + matrix + mp4[at + 36 :])
    command = ["ffmpeg", "-v", "error", "-i", str(turned), "-frames:v", "1", "-f", "rawvideo"]
    command += ["-pix_fmt", "rgb24", "-"]
    by_ffmpeg = subprocess.run(command, check=True, capture_output=True).stdout
    shown = next(read_pictures(recording_of(turned, None))).image
    assert shown.shape[:2] == ((96, 64) if not a else (64, 96))
    assert (
        np.abs(shown.astype(int) - np.frombuffer(by_ffmpeg, np.uint8).reshape(shown.shape)).mean()
        < 3
    )


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    path = tmp_path / "wide.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 72, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        container.mux(stream.encode(av.VideoFrame(72, 64, "yuv420p")))
        container.mux(stream.encode())
    assert next(read_pictures(recording_of(path, None))).image.shape == (48, 72, 3)


@pytest.mark.parametrize("sizes", [(80, 160), (160, 80)])
def test_a_size_that_changes_is_followed(tmp_path: Path, sizes: tuple[int, int]) -> None:
    parts = [
        write(tmp_path / f"{side}.ts", [clock_face(0.85, (side, side))] * 15).read_bytes()
        for side in sizes
    ]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(parts))
    images = [picture.image for picture in read_pictures(recording_of(joined, None))]
    assert {image.shape[0] for image in images} == set(sizes)
    fitted = [fit(image, (160, 160)) for image in images]
    assert len(fitted) == 30
    assert [read_clock(image) for image in fitted] == pytest.approx([0.85] * 30)


def test_a_picture_of_another_shape_is_fitted_in_whole() -> None:
    fitted = fit(np.full((50, 100, 3), 200, np.uint8), (64, 64))
    assert fitted.shape == (64, 64, 3)
    assert not fitted[:15].any()
    assert fitted[17:47].min() == 200
