from streaming.security.ip_addresses import is_here, network_of


def test_one_customer_of_ipv6_is_one_address() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::9")
    assert network_of("2001:db8:1:2::9") != network_of("2001:db8:1:3::9")
    assert network_of("::ffff:198.51.100.7") == network_of("198.51.100.7")
    assert network_of("fe80::1%eth0") == network_of("fe80::2")
    assert network_of("somewhere") == "somewhere"


def test_this_machine_in_all_its_clothes() -> None:
    assert all(map(is_here, ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_here, ("10.0.0.1", "0.0.0.0", "::", "", "localhost", "fe80::1%lo")))
