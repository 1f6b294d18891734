import base64
import hashlib
import hmac
import time

import pytest

from avatar.errors import AvatarError
from streaming.core.config import ServeConfig, make_ice_servers
from streaming.core.ice_servers import IceServers, parse


def test_turn_servers_reach_both_ends_with_their_password() -> None:
    addresses = ("turn:bob:p%40ss@turn.example:3478", "stun:s.example:3478")
    servers = make_ice_servers(ServeConfig(ice_servers=addresses))
    assert servers.for_page() == [
        {"urls": "turn:turn.example:3478", "username": "bob", "credential": "p@ss"},
        {"urls": "stun:s.example:3478"},
    ]
    assert servers.for_peer()[0].credential == "p@ss"


def test_credentials_are_coturns_and_outlive_the_longest_call() -> None:
    servers = IceServers(["turn:t.example?transport=tcp"], b"shared with coturn", 3600)
    (page,) = servers.for_page()
    until, _, name = page["username"].partition(":")
    assert name
    assert 3600 < int(until) - time.time() < 3600 + 900
    made = hmac.new(b"shared with coturn", page["username"].encode(), hashlib.sha1).digest()
    assert base64.b64decode(page["credential"]) == made
    assert page["urls"] == "turn:t.example?transport=tcp"


def test_a_turn_server_without_credentials_is_a_mistake() -> None:
    with pytest.raises(AvatarError, match="turn_secret_file"):
        IceServers(["turn:t.example"], None, 0)


@pytest.mark.parametrize(
    "address",
    ["", "http://x", "stun:", "stun:a b", "turn:user@host", "turn::@host", "stun:u:p@host",
     "turn:u:p@host:port", "stun:host?transport=udp", "turn:host?transport=sctp", "trun:u:p@host"],
)  # fmt: skip
def test_bad_addresses_are_refused_without_their_password(address: str) -> None:
    with pytest.raises(AvatarError) as error:
        parse(address)
    assert "u:p" not in str(error.value)
