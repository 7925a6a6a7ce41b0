"""What a GET has been found to mean, so that the next one like it goes from its URL to the database.

    path, query string, rules, shape of the key -> Repeat(plan, variables)

    /items/articles?limit=5      place: the path as it is
    /items/articles/7?fields=id  place: "/items/articles", and the shape of "7"; the key is a variable

See `resolvers.repeats` for what a place has to hold.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from resolvers.bundle import Compiled
from resolvers.context import RequestContext
from resolvers.filters import shape_of
from resolvers.operation import Operation
from rest_bridge.operations import Template
from rest_bridge.writer import ID

_ITEMS: Final = "/items"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """`variables`: all but the key. Every root of `compiled` reads; the last one is the data. `single`: of
    one item.
    """

    template: Template
    compiled: Compiled
    variables: Mapping[str, Any]
    single: bool

    def filled(self, key: str | None) -> Mapping[str, Any]:
        return self.variables if key is None else {**self.variables, ID: key}

    def operation(self, key: str | None) -> Operation:
        return self.template.filled(self.filled(key))


class Asked(NamedTuple):
    """A GET as it is looked up. `key`: of the item that the path names."""

    place: tuple[str, bytes, str, Hashable]
    key: str | None

    @property
    def size(self) -> int:
        return len(self.place[0]) + len(self.place[1])


def asked(path: str, query: bytes, context: RequestContext) -> Asked:
    """`path` percent-encoded, beginning with a slash."""
    rules = context.rules.fingerprint
    head, _, last = path.rpartition("/")
    if not last or head == _ITEMS or not head.startswith(_ITEMS):
        return Asked((path, query, rules, None), None)
    key = unquote(last) if "%" in last else last
    return Asked((head, query, rules, shape_of(key)), key)
