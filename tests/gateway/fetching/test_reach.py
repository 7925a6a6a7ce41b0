"""Which addresses are reached. Pure, but for the addresses of this machine."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fetching.machine import is_own
from gateway.fetching.reach import Reach
from resolvers.addresses import parse_addresses

PLAIN = Reach(is_own=lambda address: False)

#: of networks that are not public: the first, the last, and ways to write them in IPv6
INSIDE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255",
    "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255",
    "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255",
    "::", "::1", "::2", "::127.0.0.1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:a00:1",
    "::ffff:0:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:db8::1",
    "2002:7f00:1::", "2002:a00:1::1", "3ffe::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fe80::1%lo", "2600::1%lo", "fec0::1", "ff02::1",
]  # fmt: skip
OUTSIDE = [
    "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
    "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255",
    "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
    "2600::1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00:1450::1", "::ffff:1.1.1.1", "64:ff9b::101:101",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_public_is_not_reached(address: str) -> None:
    assert not PLAIN.allows(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_public_is_reached(address: str) -> None:
    assert PLAIN.allows(address)


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "0x7f.1", "2130706433", "1.1.1.1:80", "[::1]", "1.1.1"]
)
def test_what_is_no_address_is_not_reached(text: str) -> None:
    assert not PLAIN.allows(text)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_nothing_is_reached_that_python_knows_to_be_special(address: IPv4Address | IPv6Address) -> None:
    if PLAIN.allows(str(address)):
        inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        nat64 = isinstance(address, IPv6Address) and address in ip_network("64:ff9b::/96")
        assert (inner or address).is_global or nat64
        assert not address.is_multicast


def test_an_own_address_is_not_reached_whatever_it_is() -> None:
    reach = Reach(is_own=lambda address: address == ip_address("1.1.1.1"))
    assert not reach.allows("1.1.1.1")
    assert not reach.allows("::ffff:1.1.1.1")
    assert not reach.allows("64:ff9b::101:101")
    assert reach.allows("1.1.1.2")


def test_the_machine_knows_its_own_addresses() -> None:
    assert is_own(IPv4Address("127.0.0.1"))
    assert not is_own(IPv4Address("192.0.2.7"))
    for entry in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET):
        assert is_own(IPv4Address(entry[4][0]))


def test_what_is_denied_is_reached_in_no_case() -> None:
    reach = Reach(
        is_own=lambda address: False,
        denied=parse_addresses("1.1.1.0/24, 8.8.8.8-8.8.8.9, 2600::/16, 10.0.0.9"),
        allowed=parse_addresses("10.0.0.0/24, 1.1.1.1"),
    )
    refused = ["1.1.1.1", "::ffff:1.1.1.1", "64:ff9b::101:101", "8.8.8.9", "2600::1", "10.0.0.9", "10.0.1.1"]
    assert [address for address in refused if reach.allows(address)] == []
    assert reach.allows("8.8.8.10")
    assert reach.allows("10.0.0.8")
    assert reach.allows("::ffff:10.0.0.8")


def test_what_is_allowed_is_reached_although_it_is_ours() -> None:
    reach = Reach(is_own=lambda address: True, allowed=parse_addresses("127.0.0.1, ::1"))
    assert reach.allows("127.0.0.1")
    assert reach.allows("::1")
    assert not reach.allows("127.0.0.2")
