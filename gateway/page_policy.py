"""What a page of ours may load and who may show it: its Content-Security-Policy.

    page_policy((("frame-src", "https://player.example"), ("base-uri", None)))
      -> "default-src 'none'; script-src 'self'; ...; frame-src https://player.example"

Replies that are no pages are JSON, need nothing and keep a policy that allows nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from gateway.config_values import CSV, Kind, uncast

#: directive -> its sources; None: taken away
Directive = tuple[str, str | None]

#: the editor writes style elements and keeps its fonts in them; scripts, workers and requests are this host's
_OURS: Final[Mapping[str, str]] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "worker-src": "'self'",
    "connect-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "font-src": "'self' data:",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_NAME: Final = re.compile(r"[a-z]+(-[a-z]+)*", re.ASCII)
#: one source: no separator of lists, directives or headers
_SOURCE: Final = re.compile(r"[!-+\--:<-~]+", re.ASCII)


def page_policy(changes: Iterable[Directive]) -> str:
    """Our own directives with `changes` in their places, new ones at the end."""
    return policy_of(_OURS, changes)


def policy_of(ours: Mapping[str, str], changes: Iterable[Directive]) -> str:
    directives: dict[str, str | None] = {**ours, **dict(changes)}
    return "; ".join(
        f"{name} {sources}".rstrip() for name, sources in directives.items() if sources is not None
    )


def parse_directives(text: str) -> tuple[Directive, ...]:
    """`text`: "", or a JSON object of what stands in the variables, by the end of their names.

    >>> parse_directives('{"FRAME_SRC": "\\'self\\',https://a.example", "BASE_URI": "false"}')
    (('frame-src', "'self' https://a.example"), ('base-uri', None))
    """
    given: Mapping[str, str] = json.loads(text) if text else {}
    return tuple(_directive(name, value) for name, value in given.items())


def _directive(name: str, value: str) -> Directive:
    spelled = name.lower().replace("_", "-")
    sources = CSV.parse(uncast(value))
    if _NAME.fullmatch(spelled) is None or not all(_SOURCE.fullmatch(source) for source in sources):
        raise ValueError(name)
    return spelled, None if sources == ("false",) else " ".join(sources)


DIRECTIVES: Final = Kind(
    name="list",
    accepts="sources separated by commas, as 'self',https://player.example, or false",
    parse=parse_directives,
)
