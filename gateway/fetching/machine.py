"""Whether an address is this machine's own, on whatever interface, public ones too."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, ip_address

from resolvers.addresses import Address

#: any: nothing is sent there
_PORT = 9


def is_own(address: Address) -> bool:
    """What a machine says to itself comes from the address that it goes to; asking for the way sends nothing,
    and knows what an interface was given a moment ago.
    """
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as way:
            way.connect((str(address), _PORT))
            return ip_address(way.getsockname()[0]) == address
    except OSError:
        # there is no way to it from here
        return False
