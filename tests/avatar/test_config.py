"""Configurations travel as plain dictionaries, strictly."""

import pytest

from avatar.config import ModelConfig, from_dict, model_config, to_dict
from avatar.errors import AvatarError
from avatar.models.speech_head import SpeechHeadConfig

HEAD = SpeechHeadConfig(features=25, code=24, context=448)


@pytest.mark.parametrize("preset", ["realtime", "paper"])
def test_round_trip(preset: str) -> None:
    config = model_config(preset, HEAD, box=(110, 170))  # type: ignore[arg-type]
    assert from_dict(ModelConfig, to_dict(config), "model") == config


def test_large_boxes_are_drawn_on_a_bounded_lattice() -> None:
    height, width = model_config("realtime", HEAD, (300, 400)).lips.lattice
    assert height * width <= 20_200
    assert abs(width / height - 4 / 3) < 0.03


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"surprise": 1}, "unknown key 'surprise'"),
        ({"preset": "huge"}, "model.preset"),
        ({"blend": {"channels": ["a"]}}, "model.blend.channels"),
        ({"lips": 3}, "model.lips"),
    ],
)
def test_wrong_values_name_the_key(change: dict[str, object], complaint: str) -> None:
    values = to_dict(model_config("realtime", HEAD, (110, 170))) | change
    with pytest.raises(AvatarError, match=complaint):
        from_dict(ModelConfig, values, "model")


def test_missing_key() -> None:
    values = to_dict(model_config("realtime", HEAD, (110, 170)))
    del values["lips"]
    with pytest.raises(AvatarError, match="'lips' is missing"):
        from_dict(ModelConfig, values, "model")
