import pytest

from avatar.errors import AvatarError
from streaming.security.candidate_filter import CandidateFilter

STRANGER = "198.51.100.7"


def candidate(address: str, transport: str = "udp") -> str:
    return f"1 1 {transport} 2130706431 {address} 40000 typ host"


def allows(text: str, caller: str = STRANGER, private: bool = False) -> bool:
    return CandidateFilter(caller, 32, private).allows(text)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1", STRANGER, "64:ff9b::808:808"])
def test_public_addresses_and_the_callers_own_are_used(address: str) -> None:
    assert allows(candidate(address))


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.5",
        "172.16.3.4",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.251",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::fb",
        "::ffff:10.0.0.5",
        "64:ff9b::a00:5",
        "2002:a00:5::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "f3ab.local",
        "localhost",
        "metadata.google.internal",
        "0x7f000001",
        "2130706433",
        "127.1",
    ],
)
def test_a_stranger_may_not_point_into_the_servers_network(address: str) -> None:
    assert not allows(candidate(address))


@pytest.mark.parametrize("caller", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_caller_on_this_machine_may_name_its_own_networks(caller: str) -> None:
    for address in ("192.168.1.1", "127.0.0.1", "fd00::1"):
        assert allows(candidate(address), caller)
    assert not allows(candidate("224.0.0.251"), caller)
    assert not allows(candidate("f3ab.local"), caller), "its own checks say where it is"


def test_a_caller_of_the_same_network_is_called_back_where_it_came_from() -> None:
    assert allows(candidate("192.168.1.20"), "192.168.1.20")
    assert allows(candidate("192.168.1.20"), "::ffff:192.168.1.20")
    assert not allows(candidate("192.168.1.21"), "192.168.1.20")
    assert allows(candidate("192.168.1.21"), "192.168.1.20", private=True)


def test_tcp_and_fragments_are_dropped() -> None:
    assert not allows(candidate("8.8.8.8", "tcp"))
    assert not allows("")
    assert not allows("1 1 udp 5 8.8.8.8")


def test_a_candidate_has_at_most_512_characters() -> None:
    text = candidate("8.8.8.8") + " "
    assert allows(text.ljust(512, "x"))
    assert not allows(text.ljust(513, "x"))


def test_an_offer_loses_what_must_not_be_used_and_nothing_else() -> None:
    lines = ["v=0", "m=video 9 x 96", "a=mid:0", "a=end-of-candidates"]
    kept, dropped = (f"a=candidate:{candidate(a)}" for a in ("8.8.8.8", "10.0.0.5"))
    offer = "\r\n".join([*lines[:3], dropped, kept, lines[3]]) + "\r\n"
    filtered = CandidateFilter(STRANGER, 2, private=False).filter(offer)
    assert filtered.splitlines() == [*lines[:3], kept, lines[3]]


def test_candidates_are_counted_whether_used_or_not() -> None:
    candidates = CandidateFilter(STRANGER, 3, private=False)
    candidates.filter(f"a=candidate:{candidate('10.0.0.5')}\r\n" * 2)
    assert candidates.allows(candidate("8.8.8.8"))
    with pytest.raises(AvatarError, match="too many"):
        candidates.allows(candidate("8.8.8.8"))
