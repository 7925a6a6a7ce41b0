"""Which addresses may be connected to on behalf of somebody: those that everybody can reach anyway.

    reach = Reach(is_own=is_own)
    reach.allows("93.184.215.14")          True
    reach.allows("10.0.0.5")               False: of a network that is not public
    reach.allows("::ffff:127.0.0.1")       False: it is 127.0.0.1
    reach.allows("64:ff9b::a9fe:a9fe")     False: it is 169.254.169.254

Only numbers are asked about, never names: what a name stands for is looked up once, and the connection goes
to what was asked about here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from resolvers.addresses import Address, AddressList, covers, parse_addresses

#: Everything that is not public, by the registries of special addresses (IANA) rather than by what a version
#: of Python knows of them. Of IPv6 one eighth is public at all. 168.63.129.16 looks public, and is how
#: machines at Azure reach what they trust.
_SPECIAL: Final = parse_addresses(
    "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24,"
    "192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24,"
    "224.0.0.0/4, 240.0.0.0/4, 168.63.129.16,"
    "::/3, 4000::/2, 8000::/1, 2001::/23, 2001:db8::/32, 2002::/16, 3ffe::/16, 3fff::/20"
)
#: how IPv6 networks name IPv4 addresses
_NAT64: Final = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """`denied` is reached in no case; `allowed` also where it is not public, or this machine's. `is_own`:
    whether an address is this machine's.
    """

    is_own: Callable[[Address], bool]
    denied: AddressList | None = None
    allowed: AddressList | None = None

    def allows(self, address: str) -> bool:
        """False too for what is no address."""
        meant = _meant(address)
        if meant is None:
            return False
        number = str(meant)
        if self.denied is not None and (covers(self.denied, number) or covers(self.denied, address)):
            return False
        if self.allowed is not None and covers(self.allowed, number):
            return True
        return not covers(_SPECIAL, number) and not self.is_own(meant)


def _meant(text: str) -> Address | None:
    """The address that packets go to. One that holds in one network of this machine alone has none.

    >>> _meant("64:ff9b::7f00:1"), _meant("fe80::1%eth0")
    (IPv4Address('127.0.0.1'), None)
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if not isinstance(address, IPv6Address):
        return address
    if address.scope_id is not None:
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address
