import json
import time

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.errors import AvatarError
from streaming.security.tokens import Grant, TokenError, TokenSigner, bearer

SECRET = b"a secret of no use to anyone, of 48 bytes ......"
SIGNER = TokenSigner(SECRET)


def soon() -> float:
    return float(int(time.time()) + 60)


def test_what_was_signed_is_what_is_read() -> None:
    for grant in (Grant("anna", "talk", soon()), Grant("*", "view", soon(), "0123456789abcdef")):
        assert SIGNER.read(SIGNER.sign(grant)) == grant


def test_it_ends_to_the_second() -> None:
    token = SIGNER.sign(Grant("anna", "talk", 1000))
    assert SIGNER.read(token, now=999.9).speaker == "anna"
    with pytest.raises(TokenError, match="expired"):
        SIGNER.read(token, now=1000)


def test_a_grant_is_for_one_speaker_role_and_session() -> None:
    grant = Grant("anna", "view", soon(), "abc")
    grant.check_speaker("anna")
    grant.check_role("view")
    grant.check_session("abc")
    with pytest.raises(TokenError, match="'anna'"):
        grant.check_speaker("demo")
    with pytest.raises(TokenError, match="not to talk"):
        grant.check_role("talk")
    with pytest.raises(TokenError, match="another session"):
        grant.check_session("abd")
    Grant("*", "talk", soon()).check_speaker("demo")
    Grant("*", "talk", soon()).check_session("abd")


def test_a_grant_says_which_calls_may_be_seen() -> None:
    grant = Grant("anna", "view", soon(), "abc")
    assert grant.allows("anna", "abc")
    assert not grant.allows("demo", "abc")
    assert not grant.allows("anna", "abd")
    assert Grant("*", "view", soon()).allows("demo", "abd")


@pytest.mark.parametrize("place", range(3))
def test_one_changed_letter_anywhere_is_refused(place: int) -> None:
    parts = SIGNER.sign(Grant("anna", "talk", soon())).split(".")
    parts[place] = parts[place][:5] + ("A" if parts[place][5] != "A" else "B") + parts[place][6:]
    with pytest.raises(TokenError):
        SIGNER.read(".".join(parts))


def test_other_secrets_and_no_signature_are_refused() -> None:
    claims = {"sub": "anna", "role": "talk", "exp": int(soon())}
    unsigned = jwt.encode(claims, None, "none")
    for token in (jwt.encode(claims, SECRET[::-1]), unsigned, jwt.encode(claims, SECRET, "HS384")):
        with pytest.raises(TokenError, match="not made for this server"):
            SIGNER.read(token)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "anna", "role": "talk"},
        {"role": "talk", "exp": 2**40},
        {"sub": "anna", "exp": 2**40},
        {"sub": "anna", "role": "root", "exp": 2**40},
        {"sub": "anna", "role": ["talk"], "exp": 2**40},
        {"sub": 5, "role": "talk", "exp": 2**40},
        {"sub": "anna", "role": "talk", "exp": "soon"},
        {"sub": "anna", "role": "talk", "exp": 2**40, "sid": 7},
    ],
)
def test_a_signed_token_that_says_nothing_of_use_is_refused(claims: dict[str, object]) -> None:
    token = jwt.api_jws.encode(json.dumps(claims).encode(), SECRET)
    with pytest.raises(TokenError):
        SIGNER.read(token)


@given(st.text(max_size=3000))
def test_any_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(TokenError):
        SIGNER.read(text)


def test_no_token_and_one_that_is_too_long_are_not_even_decoded() -> None:
    for text in ("", SIGNER.sign(Grant("anna" * 1000, "talk", soon()))):
        with pytest.raises(TokenError, match="`avatar token` makes one"):
            SIGNER.read(text)


def test_a_short_secret_is_refused_and_not_shown() -> None:
    assert TokenSigner(bytes(32))
    with pytest.raises(AvatarError, match="openssl rand") as error:
        TokenSigner((b"password" * 4)[:31])
    assert "password" not in str(error.value)


def test_the_authorization_header() -> None:
    assert bearer({"authorization": "Bearer abc"}) == "abc"
    assert bearer({"authorization": "Basic abc"}) == ""
    assert bearer({}) == ""
