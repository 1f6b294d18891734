"""Pictures of another size, mirrored, on a ground of one colour."""

import numpy as np
import pytest

from avatar.errors import AvatarError
from streaming.render.renderer import I420
from streaming.sinks.framing import BLACK, Framing, parse_colour, parse_size, planes

SOURCE = (64, 64)


def ramp() -> I420:
    """Darker on the left; U and V are not grey."""
    picture = np.empty((96, 64), np.uint8)
    picture[:64] = np.linspace(40, 200, 64, dtype=np.uint8)
    picture[64:80], picture[80:] = 90, 170
    return picture


def test_without_a_wish_the_picture_itself_goes_on() -> None:
    picture = ramp()
    assert Framing(SOURCE, SOURCE)(picture) is picture


def test_a_wide_picture_has_its_ground_left_and_right() -> None:
    green = parse_colour("green")
    framed = Framing(SOURCE, (256, 128), background=green)(ramp())
    luma, blue, red = planes(framed, (256, 128))
    assert framed.shape == (192, 256)
    for plane, ground, width in (
        (luma, green[0], 256),
        (blue, green[1], 128),
        (red, green[2], 128),
    ):
        assert (plane[:, : width // 4] == ground).all()
        assert (plane[:, -width // 4 :] == ground).all()
    np.testing.assert_allclose(luma[60, 64:192:2], np.linspace(40, 200, 64), atol=3)
    assert (blue[:, 32:96] == 90).all()
    assert (red[:, 32:96] == 170).all()


def test_a_tall_and_smaller_picture_has_it_above_and_below() -> None:
    luma, _, _ = planes(Framing(SOURCE, (32, 96))(ramp()), (32, 96))
    assert (luma[:32] == BLACK[0]).all()
    assert (luma[64:] == BLACK[0]).all()
    assert (np.diff(luma[40].astype(int)) > 0).all()


def test_mirrored_left_is_right() -> None:
    framed = Framing(SOURCE, SOURCE, mirror=True)(ramp())
    np.testing.assert_array_equal(framed[:64], ramp()[:64, ::-1])


def test_colours_are_those_of_video() -> None:
    assert parse_colour("black") == BLACK
    luma, blue, red = parse_colour("#00ff00")
    assert abs(luma - 145) <= 1
    assert abs(blue - 54) <= 1
    assert abs(red - 34) <= 1


@pytest.mark.parametrize("text", ["12", "x", "1280x721", "0x0", "99999x10", "-2x2", "ax2"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(AvatarError, match="--size"):
        parse_size(text)


@pytest.mark.parametrize("text", ["gruen", "#00ff", "", "#gggggg"])
def test_colours_that_are_none(text: str) -> None:
    with pytest.raises(AvatarError, match="--background"):
        parse_colour(text)
