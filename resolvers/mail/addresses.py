"""Mail addresses: what may stand in From and To, and behind the commands of SMTP.

    is_address("ada@example.com")                    -> True
    parse_sender("Causeway <no-reply@example.com>")  -> Sender(name="Causeway", address="no-reply@...")

One address is one address: no list, no comment, no quoting, nothing that a header, an SMTP command or the
command line of a program could take for more than text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

#: RFC 5321: a path holds 256 characters, two of which are its brackets
_LONGEST: Final = 254
_ADDRESS: Final = re.compile(r"[^\s()<>\[\]:;,\\\"@]+@[^\s()<>\[\]:;,\\\"@]+")
_NAMED: Final = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """`name` None: mails come in the name of the project."""

    name: str | None
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def is_address(text: str) -> bool:
    """Whether it is one plain address. Letters of all scripts may stand in it."""
    return (
        len(text) <= _LONGEST
        and text.isprintable()
        and not text.startswith("-")
        and _ADDRESS.fullmatch(text) is not None
    )


def parse_sender(text: str) -> Sender:
    """`address`, or `Name <address>`. Raises ValueError."""
    named = _NAMED.fullmatch(text.strip())
    address = (named["address"] if named else text).strip()
    name = one_line(named["name"]).strip('" ') if named else ""
    if not is_address(address):
        raise ValueError(f"no mail address: {text!r}")
    return Sender(name=name or None, address=address)


def one_line(text: str) -> str:
    """Without line breaks and other characters that are not printed, which end or hide what stands in a line.

    >>> one_line("Hello\\r\\nBcc: eve@example.com")
    'Hello Bcc: eve@example.com'
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
