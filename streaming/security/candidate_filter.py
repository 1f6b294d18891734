"""Where a stranger may make this server send packets: ICE candidates of the other side.

Every candidate makes the server send STUN requests to the address in it, so a stranger must not
name addresses inside the server's own network.  Callers there connect all the same: their own
requests tell the server where they are. The same goes for names ending in .local, which browsers
give instead of private addresses: they are looked up by multicast, which rarely passes a router.
"""

import ipaddress

from avatar.errors import AvatarError
from streaming.security.ip_addresses import Address, is_here, parse_address

MAX_CANDIDATE = 512  # characters
FIELDS = 8  # of a candidate: foundation, component, transport, priority, address, port, typ, type
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class CandidateFilter:
    """Decides about each candidate of one call, and counts them."""

    def __init__(self, caller: str, limit: int, private: bool) -> None:
        """`caller`: the address the offer came from; `private`: allow any address."""
        self._caller = parse_address(caller)
        self._anywhere = private or is_here(caller)
        self._left = limit

    def allows(self, candidate: str) -> bool:
        """Whether to use it (the text after `candidate:`). Raises AvatarError past the limit."""
        self._left -= 1
        if self._left < 0:
            raise AvatarError("too many ICE candidates")
        fields = candidate.split()
        if len(candidate) > MAX_CANDIDATE or len(fields) < FIELDS or fields[2].lower() != "udp":
            return False
        address = parse_address(fields[4])
        if address is None or address.is_multicast or address.is_unspecified:
            return False
        return self._anywhere or address == self._caller or _public(address)

    def filter(self, offer: str) -> str:
        """The offer without the candidates that are not to be used."""
        start = "a=candidate:"
        kept = [
            line
            for line in offer.splitlines()
            if not line.startswith(start) or self.allows(line.removeprefix(start))
        ]
        return "\r\n".join(kept) + "\r\n"


def _public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.sixtofour or address.teredo:
            return False
        if address in NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF).is_global
    return address.is_global
