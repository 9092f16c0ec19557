"""Which addresses may be reached."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.addresses.address_policy import AddressPolicy
from shared.errors import ConfigurationError

PUBLIC = [
    "93.184.216.34",
    "8.8.8.8",
    "168.63.129.17",
    "2606:2800:220:1:248:1893:25c8:1946",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]
PRIVATE = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "0.1.2.3",
    "168.63.129.16",
    "192.0.0.192",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "100.100.100.200",
    "fd00:ec2::254",
    "::127.0.0.1",
    "::a00:1",
    "::ffff:0:127.0.0.1",
    "64:ff9b:1::7f00:1",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "fc00::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address):
    assert AddressPolicy(()).allows(address, 80)


@pytest.mark.parametrize("address", PRIVATE)
def test_other_addresses_are_blocked(address):
    assert not AddressPolicy(()).allows(address, 80)


def test_a_network_can_be_allowed():
    policy = AddressPolicy(("10.0.0.0/8", "fc00::/7"))
    assert policy.allows("10.1.2.3", 80)
    assert policy.allows("::ffff:10.1.2.3", 80)
    assert policy.allows("fc00::1", 443)
    assert not policy.allows("192.168.1.1", 80)


@given(st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address))
def test_no_spelling_makes_a_blocked_address_reachable(address):
    plain = AddressPolicy(()).allows(str(address), 80)
    number = int(address)
    for disguised in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert AddressPolicy(()).allows(str(ipaddress.IPv6Address(disguised)), 80) == plain
    assert not AddressPolicy(()).allows(str(ipaddress.IPv6Address(number | 1 << 40)), 80)


def test_one_endpoint_can_be_allowed_without_its_neighbours():
    policy = AddressPolicy(("127.0.0.1:8080", "[::1]:9090"))
    assert policy.allows("127.0.0.1", 8080)
    assert policy.allows("::1", 9090)
    assert not policy.allows("127.0.0.1", 8081)
    assert not policy.allows("127.0.0.2", 8080)


@pytest.mark.parametrize("entry", ["localhost", "example.org:80", "10.0.0.0/99", "127.0.0.1:", "*"])
def test_an_invalid_entry_is_named_in_the_error(entry):
    with pytest.raises(ConfigurationError, match="LICHTBILD_FETCH_ALLOW"):
        AddressPolicy((entry,))
