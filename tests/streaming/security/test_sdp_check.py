import pytest

from avatar.errors import AvatarError
from streaming.security.sdp_check import OFFER_LIMIT, check_offer
from tests.streaming.support.talking_peer import TalkingPeer


async def test_the_offer_of_a_real_caller_passes() -> None:
    peer = TalkingPeer()
    check_offer(await peer.offer())
    await peer.close()


async def test_a_second_voice_is_refused() -> None:
    peer = TalkingPeer()
    peer.peer.addTransceiver("audio", direction="recvonly")
    with pytest.raises(AvatarError, match="one video section"):
        check_offer(await peer.offer())
    await peer.close()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a=mid:1\r\n", ""),
        ("a=mid:1\r\n", "a=mid:0\r\n"),
        ("a=mid:0\r\n", "a=mid:0\r\na=mid:1\r\n"),
        ("BUNDLE 0 1", "BUNDLE 0"),
        ("BUNDLE 0 1", "BUNDLE 1 2"),
        ("BUNDLE 0 1", "BUNDLE 0 1 1"),
    ],
)
async def test_sections_whose_names_are_mixed_up_are_refused(old: str, new: str) -> None:
    peer = TalkingPeer()
    offer = await peer.offer()
    assert old in offer
    with pytest.raises(AvatarError, match="a=mid"):
        check_offer(offer.replace(old, new))
    await peer.close()


@pytest.mark.parametrize(
    ("offer", "word"),
    [
        ("", "one video section"),
        ("m=video 9 x 0\r\nm=application 9 x 0", "one video section"),
        ("m=video 9 x 0\r\n" * 2, "one video section"),
        ("m=video 9 x 0\r\n" + "a=x\r\n" * 2000, "lines"),
        ("m=video 9 x 0\r\n" + "é" * (OFFER_LIMIT // 2), "bytes"),
        ("m=video 9 x 0\r\n" + "\ud800" * OFFER_LIMIT, "bytes"),
    ],
)
def test_offers_that_are_too_much_are_refused(offer: str, word: str) -> None:
    with pytest.raises(AvatarError, match=word):
        check_offer(offer)
