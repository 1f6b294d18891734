"""Internet addresses as text, and whose they are."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

IPV6_CUSTOMER_BITS = 64  # bits of an IPv6 address that one customer is given


def parse_address(text: str) -> Address | None:
    """The address, an IPv4 one if it is that in IPv6's clothes; None if it is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address


def is_here(text: str) -> bool:
    """Whether an address is this machine's own loopback."""
    address = parse_address(text)
    return address is not None and address.is_loopback


def network_of(text: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 of an IPv6 one."""
    address = parse_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, IPV6_CUSTOMER_BITS), strict=False))
    return str(address or text)
