"""Whose request is it: the address of the client, behind as many proxies as are trusted and no more.

    peer address + X-Forwarded-For + IP_TRUST_PROXY -> address

    >>> client_ip(parse_trust("1"), "10.0.0.1", "6.6.6.6, 203.0.113.9")
    '203.0.113.9'
    >>> client_ip(parse_trust("false"), "10.0.0.1", "6.6.6.6, 203.0.113.9")
    '10.0.0.1'

Each proxy appends the address it saw, so that only the entries on the right are proxies' word; what stands
left of the first untrusted one may be the client's invention.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from gateway.config_values import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """`hops`: how many proxies in front are believed, None for all. `networks`: those believed by address."""

    hops: int | None = 0
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def nobody(self) -> bool:
        return self.hops == 0 and not self.networks


def parse_trust(text: str) -> Trust:
    value = text.strip().lower()
    if value == "false":
        return Trust()
    if value == "true":
        return Trust(hops=None)
    if value.isdecimal():
        return Trust(hops=int(value))
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if not parts:
        raise ValueError(text)
    return Trust(networks=tuple(ip_network(part, strict=False) for part in parts))


TRUST: Final = Kind(
    name="trust",
    accepts="true, false, a number of proxies, or addresses and networks separated by commas",
    parse=parse_trust,
)


@lru_cache(maxsize=4096)
def is_believed(trust: Trust, peer: str | None) -> bool:
    """Whether who is connected is a proxy, which says what the client asked (`X-Forwarded-Proto`)."""
    if not trust.networks:
        return not trust.nobody
    address = _plain(peer)
    return address is not None and _within(address, trust.networks)


@lru_cache(maxsize=4096)
def client_ip(trust: Trust, peer: str | None, forwarded: str | None) -> str | None:
    """`forwarded`: the X-Forwarded-For header. What is no address is not believed, nor what is left of it."""
    client = _plain(peer)
    if trust.nobody or not forwarded:
        return client if client is not None else peer
    entries = [_plain(part) for part in forwarded.split(",")]
    if trust.networks:
        while client is not None and _within(client, trust.networks) and entries:
            client = entries.pop() or client
        return client
    known = entries if trust.hops is None else entries[-trust.hops :]
    for entry in reversed(known):
        if entry is None:
            break
        client = entry
    return client


def _plain(text: str | None) -> str | None:
    """The address alone: without port, brackets or the IPv4-in-IPv6 prefix; None for what is no address."""
    if text is None:
        return None
    value = text.strip()
    if value.startswith("["):
        value = value[1:].partition("]")[0]
    elif value.count(":") == 1:
        value = value.partition(":")[0]
    try:
        address = ip_address(value)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _within(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    parsed = ip_address(address)
    return any(parsed.version == network.version and parsed in network for network in networks)
