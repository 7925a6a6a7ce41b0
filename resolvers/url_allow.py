"""Whether a link that somebody names may go into a mail: part by part equal to one that is allowed. Pure.

    allowed = AllowedUrls.of(["https://app.example.com/reset"])
    allowed.permits("https://APP.example.com:443/reset?lang=de#form")     True
    allowed.permits("https://app.example.com.evil.example/reset")         False
    with_token("https://app.example.com/reset?lang=de#form", "abc")       ".../reset?lang=de&token=abc#form"

Scheme, host, port and path have to be the same; query and fragment are free. What browsers read otherwise
than it is written (user names before the host, backslashes, tabs, letters that only look alike) is refused:
there is one spelling of an address, and it is compared as a whole, never by how it begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote_plus

#: longer ones are cut by programs that show mails
_LONGEST: Final = 2000
_URL: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:\#(?P<fragment>.*))?",
    re.ASCII | re.IGNORECASE,
)
#: all that a URL is written with, and what people write into a query without encoding it
_WRITTEN: Final = re.compile(r"[!-\[\]-~]+")
_PORTS: Final = {"http": 80, "https": 443}
_KEPT: Final = "!$&'()*+,;=:@/?%-._~[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a URL leads to, in its one spelling. `port` None: a scheme of an app, without one."""

    scheme: str
    host: str
    port: int | None
    path: str


def place_of(url: str) -> Place | None:
    """None for what is no URL, or has a second reading.

    >>> place_of("HTTPS://App.example.com")
    Place(scheme='https', host='app.example.com', port=443, path='/')
    >>> place_of("https://app.example.com@evil.example/")
    >>> place_of("//evil.example/reset")
    """
    found = _parts(url)
    if found is None:
        return None
    scheme = found["scheme"].lower()
    port = int(found["port"]) if found["port"] else _PORTS.get(scheme)
    return Place(scheme=scheme, host=found["host"].lower(), port=port, path=found["path"] or "/")


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedUrls:
    places: frozenset[Place]

    @classmethod
    def of(cls, urls: Iterable[str]) -> AllowedUrls:
        """What is no URL allows nothing."""
        places = (place_of(url) for url in urls)
        return cls(places=frozenset(place for place in places if place is not None))

    def permits(self, url: str) -> bool:
        place = place_of(url)
        return place is not None and place in self.places


def with_token(url: str, token: str) -> str:
    """The link with the token in its query, in place of one that is there.

    >>> with_token('https://a.example/?token=old&x="><b>', "new")
    'https://a.example/?x=%22%3E%3Cb%3E&token=new'
    >>> with_token("/admin/reset-password", "new")
    '/admin/reset-password?token=new'
    """
    rest, mark, fragment = url.partition("#")
    address, _, query = rest.partition("?")
    kept = [
        quote(part, safe=_KEPT)
        for part in query.split("&")
        if part and unquote_plus(part.partition("=")[0]) != "token"
    ]
    return f"{address}?{'&'.join([*kept, f'token={token}'])}{mark}{quote(fragment, safe=_KEPT)}"


def _parts(url: str) -> re.Match[str] | None:
    if len(url) > _LONGEST or _WRITTEN.fullmatch(url) is None:
        return None
    return _URL.fullmatch(url)
