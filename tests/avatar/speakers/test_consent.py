"""A speaker without consent is not loaded."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from avatar.errors import AvatarError
from avatar.speakers.card import read_card, write_card
from avatar.speakers.consent import parse_day, withdraw
from avatar.speakers.folders import ENVIRONMENT
from avatar.speakers.speaker import list_speakers, load_speaker


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    return Path(shutil.copytree(tiny_bundle, tmp_path / "tiny"))


def agree(bundle: Path, until: str) -> None:
    card = dataclasses.replace(read_card(bundle), consent_until=until, consent_uses="lessons")
    write_card(bundle, card)


def listed() -> set[str]:
    return {entry.name for entry in list_speakers()}


def test_consent_that_lasts_is_kept_in_the_card(bundle: Path) -> None:
    agree(bundle, "2999-12-31")
    card = load_speaker(bundle).card
    assert (card.consent_uses, card.consent_until) == ("lessons", "2999-12-31")
    assert "tiny" in listed()


def test_a_speaker_whose_consent_ran_out_is_refused_and_not_listed(bundle: Path) -> None:
    agree(bundle, "2020-01-31")
    with pytest.raises(AvatarError, match="ran out on 2020-01-31"):
        load_speaker(bundle)
    assert "tiny" not in listed()


def test_a_day_may_stand_in_the_card_without_quotes(bundle: Path) -> None:
    agree(bundle, "2020-01-31")
    file = bundle / "speaker.yaml"
    file.write_text(file.read_text().replace("'2020-01-31'", "2020-01-31"))
    with pytest.raises(AvatarError, match="ran out on 2020-01-31"):
        load_speaker(bundle)


def test_a_speaker_of_whom_it_is_not_said_who_agreed_is_refused(bundle: Path) -> None:
    write_card(bundle, dataclasses.replace(read_card(bundle), consent=" yes "))
    with pytest.raises(AvatarError, match="does not say who agreed, and when"):
        load_speaker(bundle)


def test_a_withdrawn_speaker_is_refused_with_the_reason(bundle: Path) -> None:
    withdraw(bundle, "asked to be\nremoved")
    with pytest.raises(AvatarError, match="asked to be removed"):
        load_speaker(bundle)
    assert "tiny" not in listed()
    (bundle / "WITHDRAWN").unlink()
    assert load_speaker(bundle)


def test_a_bundle_from_before_says_nothing_of_uses_and_ends(bundle: Path) -> None:
    text = (bundle / "speaker.yaml").read_text()
    lines = [line for line in text.splitlines() if not line.startswith(("consent_u",))]
    (bundle / "speaker.yaml").write_text("\n".join(lines))
    assert load_speaker(bundle).card.consent_until == ""


@pytest.mark.parametrize("text", ["soon", "31.12.2027", "2027-13-01"])
def test_a_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(AvatarError, match="2027-12-31"):
        parse_day(text)


def test_a_withdrawal_needs_a_reason(bundle: Path) -> None:
    with pytest.raises(AvatarError, match="--why"):
        withdraw(bundle, " ")
