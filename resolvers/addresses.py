"""`ip_access` of a policy: from where it applies. Pure.

    "10.0.0.0/8,192.168.1.10,192.168.2.1-192.168.2.9"  ->  AddressList  ->  covers(list, "10.1.2.3") -> True

Single addresses, ranges and CIDR blocks, separated by commas. An IPv4 address inside IPv6
(`::ffff:10.0.0.1`) counts as the IPv4 address. What cannot be read covers nothing: a policy with a broken
list applies nowhere, never everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressList:
    """Ranges as (IP version, first, last), both ends included."""

    ranges: tuple[tuple[int, int, int], ...]


@lru_cache(maxsize=1024)
def parse_addresses(text: str | None) -> AddressList | None:
    """None: the list names nothing, the policy applies everywhere."""
    if text is None or not text.strip():
        return None
    ranges = [_range(part.strip()) for part in text.split(",") if part.strip()]
    return AddressList(ranges=tuple(found for found in ranges if found is not None))


def is_address(text: str) -> bool:
    """Whether it can stand in a list: an address, a range or a block."""
    return _range(text.strip()) is not None


@lru_cache(maxsize=4096)
def covers(addresses: AddressList | None, ip: str | None) -> bool:
    """Whether a request from `ip` is meant. An unknown address is covered only where there is no list."""
    if addresses is None:
        return True
    if ip is None:
        return False
    try:
        address = _plain(ip_address(ip))
    except ValueError:
        return False
    number = int(address)
    return any(
        version == address.version and first <= number <= last for version, first, last in addresses.ranges
    )


def _range(text: str) -> tuple[int, int, int] | None:
    try:
        if "/" in text:
            network = ip_network(text, strict=False)
            first, last = _plain(network.network_address), _plain(network.broadcast_address)
        elif "-" in text:
            low, _, high = text.partition("-")
            first, last = _plain(ip_address(low.strip())), _plain(ip_address(high.strip()))
        else:
            first = last = _plain(ip_address(text))
    except ValueError:
        return None
    if first.version != last.version:
        return None
    return first.version, int(first), int(last)


def _plain(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
