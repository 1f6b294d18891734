from streaming.security.ip_addresses import home_of, is_here


def test_one_customer_of_ipv6_is_one_address() -> None:
    assert home_of("2001:db8:1:2:3::4") == home_of("2001:db8:1:2::9")
    assert home_of("2001:db8:1:2::9") != home_of("2001:db8:1:3::9")
    assert home_of("::ffff:198.51.100.7") == home_of("198.51.100.7")
    assert home_of("fe80::1%eth0") == home_of("fe80::2")
    assert home_of("somewhere") == "somewhere"


def test_this_machine_in_all_its_clothes() -> None:
    assert all(map(is_here, ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_here, ("10.0.0.1", "0.0.0.0", "::", "", "localhost", "fe80::1%lo")))
