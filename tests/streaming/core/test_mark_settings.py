"""What may be switched off, and what must then be said."""

import logging
from pathlib import Path

import pytest

from avatar.errors import AvatarError
from streaming.core.config import load_config
from streaming.core.mark_settings import MarkSettings, mark_settings


def test_everything_is_marked_unless_somebody_says_otherwise() -> None:
    marks = load_config(None, {}).marks
    assert marks.watermark
    assert marks.label
    assert marks.word == "AI"


def test_the_label_goes_only_with_a_reason() -> None:
    with pytest.raises(AvatarError, match="label-reason"):
        mark_settings(None, "off", None, None)
    with pytest.raises(AvatarError, match="label-reason"):
        MarkSettings(label=False, label_reason="  ")
    assert not mark_settings(None, "off", "a notice hangs at the door", None).label


def test_the_reason_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        MarkSettings(label=False, label_reason="a notice hangs at the door").report()
    assert "a notice hangs at the door" in caplog.text


def test_the_file_says_it_in_yaml_and_flags_overrule_it(tmp_path: Path) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text("marks:\n  label: off\n  label_reason: told by voice\n  label_language: de\n")
    marks = load_config(file, {"marks": {"label": None}}).marks
    assert (marks.label, marks.label_reason, marks.word) == (False, "told by voice", "KI")
    assert load_config(file, {"marks": {"label": True}}).marks.label


def test_mistakes_are_named() -> None:
    with pytest.raises(AvatarError, match="give on or off"):
        mark_settings("maybe", None, None, None)
    with pytest.raises(AvatarError, match="take one of"):
        mark_settings(None, None, None, "tlh")
