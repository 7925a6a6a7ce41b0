"""What somebody writes as an address -> the URL that is fetched. Pure.

It is read once, here: the parts go to the connection as they are, so that no second reading of the text can
lead elsewhere. What other programs read otherwise than it is written (blanks, backslashes, names of users
before the host) is refused.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

import httpx

from gateway.fetching.failures import FetchRefused

#: signed addresses of clouds have a kilobyte or two
_LONGEST: Final = 8192
_HOST: Final = re.compile(rb"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?|[0-9a-f:.]*:[0-9a-f:.]*")
_PORTS: Final = {"http": 80, "https": 443}
_LAST_PORT: Final = 65535


def read_url(text: str, base: httpx.URL | None = None) -> httpx.URL:
    """`base`: what a relative one is relative to. Raises FetchRefused.

    >>> str(read_url("HTTPS://Example.com/a b".replace(" ", "%20")))
    'https://example.com/a%20b'
    """
    if len(text) > _LONGEST or "\\" in text or any(each.isspace() or not each.isprintable() for each in text):
        raise FetchRefused("the address is not one")
    try:
        url = httpx.URL(text) if base is None else base.join(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchRefused("the address is not one") from error
    if url.scheme not in _PORTS:
        raise FetchRefused("neither http nor https")
    if url.userinfo:
        raise FetchRefused("a user is named in the address")
    if _HOST.fullmatch(url.raw_host) is None or not 0 < port_of(url) <= _LAST_PORT:
        raise FetchRefused("the address has no host, or no port, that can be")
    return url


def port_of(url: httpx.URL) -> int:
    return _PORTS[url.scheme] if url.port is None else url.port


def is_safer(before: httpx.URL, after: httpx.URL) -> bool:
    """Whether nobody listens on the way who did not before."""
    return after.scheme == "https" or before.scheme == "http"


def last_part(url: httpx.URL) -> str:
    """The name of what is there; "" at the root.

    >>> last_part(httpx.URL("https://example.com/media/a%20cat.jpg?size=2")), last_part(httpx.URL("http://a/b/"))
    ('a cat.jpg', 'b')
    """
    path = url.raw_path.partition(b"?")[0].rstrip(b"/").decode("ascii")
    return unquote(path.rpartition("/")[2])
