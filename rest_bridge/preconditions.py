"""Headers that say under which conditions, and how, a request is carried out.

    Prefer: max-affected=10, return=minimal   -> Preferences(max_affected=10, minimal=True, applied=(...))
    If-Match: "a1", W/"b2"                    -> ("a1", "b2")
    Idempotency-Key: "8e03978e"               -> Idempotency(key="8e03978e", fingerprint=...)

Preferences that are not known are passed over, or refused where the request says `handling=strict`
(RFC 7240). `max-affected` guards against a mistake: it always holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from resolvers.context import Idempotency
from rest_bridge.message import RestRequest
from schema_gen.errors import invalid_query
from schema_gen.naming import MutationKind

_MANY: Final = frozenset({"update_items", "delete_items"})
_ANSWERED: Final = frozenset(
    {"create_items", "create_item", "update_items", "update_batch", "update_item", "update_singleton"}
)
_PREFERENCE: Final = re.compile(
    r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;,\"]*)))?\s*(?:;[^,]*)?(?:,|$)"
)
_TAG: Final = re.compile(r'\s*(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)')
#: what an item's version is compared with where any will do
ANY: Final = ("*",)
_COUNT: Final = re.compile(r"\d{1,9}", re.A)
_LONGEST_KEY: Final = 255
_LONGEST_HEADER: Final = 1000
_TOKEN: Final = re.compile(rb"(?:^|(?<=&))access_token=[^&]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """`applied`: as `Preference-Applied` tells them."""

    max_affected: int | None = None
    minimal: bool = False
    applied: tuple[str, ...] = ()


_NONE: Final = Preferences()


def read_preferences(header: str, kind: MutationKind) -> Preferences:
    """Raises INVALID_QUERY for a bound that is no number, and with `handling=strict` for every preference
    that cannot be met.
    """
    if not header:
        return _NONE
    given = _given(header)
    applied: list[str] = []
    unmet: list[str] = []
    bound: int | None = None
    for name, value in given.items():
        if name == "max-affected" and kind in _MANY:
            if not _COUNT.fullmatch(value):
                raise invalid_query('"max-affected" must be a number')
            bound = int(value)
        elif not _known(name, value, kind):
            unmet.append(name)
            continue
        applied.append(f"{name}={value}")
    if unmet and given.get("handling") == "strict":
        raise invalid_query(f'The preference "{unmet[0]}" cannot be met')
    minimal = "return=minimal" in applied
    return Preferences(max_affected=bound, minimal=minimal, applied=tuple(applied))


def _known(name: str, value: str, kind: MutationKind) -> bool:
    if name == "return":
        return value in ("minimal", "representation") and kind in _ANSWERED
    return name == "handling" and value in ("strict", "lenient")


def _given(header: str) -> dict[str, str]:
    """Preferences by name, lower case; of one that comes twice the first counts."""
    found: dict[str, str] = {}
    position = 0
    if len(header) > _LONGEST_HEADER:
        raise invalid_query('"Prefer" is too long')
    while position < len(header):
        match = _PREFERENCE.match(header, position)
        if match is None:
            raise invalid_query('"Prefer" must be a list of preferences')
        value = match[2] if match[2] is not None else match[3] or ""
        found.setdefault(match[1].lower(), value)
        position = match.end()
    return found


def read_tags(header: str | None) -> tuple[str, ...] | None:
    """The versions that `If-Match` names, `ANY` for whichever; None where there is no such header.

    They are versions of an item, not of its bytes: a proxy that packs the reply makes them weak, and they are
    taken all the same. Raises INVALID_QUERY.
    """
    if header is None:
        return None
    if header.strip() == "*":
        return ANY
    found: list[str] = []
    position = 0
    while position < len(header):
        match = _TAG.match(header, position)
        if match is None:
            raise invalid_query('"If-Match" must be a list of entity tags')
        found.append(match[1])
        position = match.end()
    return tuple(found)


def read_idempotency(request: RestRequest) -> Idempotency | None:
    """Two requests with one key are the same request if they have the same fingerprint.

    Raises INVALID_QUERY.
    """
    header = request.headers.get("idempotency-key")
    if header is None:
        return None
    key = header.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not key or len(key) > _LONGEST_KEY:
        raise invalid_query(f'"Idempotency-Key" must have 1 to {_LONGEST_KEY} characters')
    # a token in the query may be another one when the request is repeated
    query = _TOKEN.sub(b"", request.query_string).strip(b"&")
    digest = blake2b(digest_size=16)
    for part in (request.method.encode(), request.path.encode(), query, request.body, request.beside):
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return Idempotency(key=key, fingerprint=digest.hexdigest())
