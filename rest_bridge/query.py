"""Query string or SEARCH body -> `Query`: what is asked, checked and put in order; no schema is needed for
it.

    >>> query = parse_query({"fields": "id,author.name", "filter": {"id": {"_in": "1,2"}}, "limit": "5"})
    >>> query.fields, query.level.limit, query.level.filter, query.values
    (('id', 'author.name'), 5, 0, ({'id': {'_in': ['1', '2']}},))

A `Query` is two things. `shape` is structure: names, sorting, paging, which levels are filtered. `values` are
what is compared with: filters and search terms, each at the index that its `Level` names. Two requests of the
same shape become the same operation with other variables.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rest_bridge.filters import parse_json, read_filter
from rest_bridge.numbers import read_number
from rest_bridge.spelling import alias_of, calls_of, fields_of, functions_of, names_of
from schema_gen.errors import CausewayError, invalid_query

META: Final = ("total_count", "filter_count")
EXPORTS: Final = ("csv", "csv_utf8", "json", "xml", "yaml")
#: version keys that mean the item itself
MAIN_VERSIONS: Final = ("main", "published")
_MAX_LEVELS: Final = 20


class Shape:
    """What identifies the structure of a query; its hash is worked out once."""

    __slots__ = ("_hash", "parts")

    def __init__(self, parts: Hashable) -> None:
        self.parts = parts
        self._hash = hash(parts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Shape) and self.parts == other.parts)

    def __repr__(self) -> str:
        return f"Shape({self.parts!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What is asked of the items of one level: the root, or one relation (`deep`).

    `filter` and `search`: index of the value in `Query.values`. `alias`: (name, field) pairs; `aggregate`:
    function and its fields. `deep`: by name of the relation, or of its alias.
    """

    sort: tuple[str, ...] = ()
    limit: int | None = None
    offset: int | None = None
    page: int | None = None
    filter: int | None = None
    search: int | None = None
    alias: tuple[tuple[str, str], ...] = ()
    aggregate: tuple[tuple[str, tuple[str, ...]], ...] = ()
    group: tuple[str, ...] = ()
    #: below a relation: paths that are asked for besides those of the root
    fields: tuple[str, ...] = ()
    deep: tuple[tuple[str, Level], ...] = ()

    def below(self, name: str) -> Level:
        for key, level in self.deep:
            if key == name:
                return level
        return NO_LEVEL


NO_LEVEL: Final = Level()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """`version` None: the item itself. `fields` are paths as they were spelled."""

    fields: tuple[str, ...] = ("*",)
    level: Level = NO_LEVEL
    meta: tuple[str, ...] = ()
    backlink: bool = True
    values: tuple[Any, ...] = ()
    export: str | None = None
    version: str | None = None
    explain: bool = False
    #: of requests that create: an item that has the same values in these fields is updated instead
    on_conflict: tuple[str, ...] = ()
    shape: Shape


def parse_query(parameters: Mapping[str, Any]) -> Query:
    """Raises INVALID_QUERY. Unknown parameters are ignored (protocol)."""
    values: list[Any] = []
    level = _level(parameters, "", values, 0)
    fields = _fields(parameters.get("fields"))
    meta = _meta(parameters.get("meta"))
    backlink = parameters.get("backlink", True) not in (False, "false")
    explain = "explain" in parameters and parameters["explain"] not in (False, None, "false", "0")
    return Query(
        fields=fields,
        level=level,
        meta=meta,
        backlink=backlink,
        values=tuple(values),
        export=_export(parameters.get("export")),
        version=_version(parameters.get("version")),
        explain=explain,
        on_conflict=names_of(parameters.get("on_conflict"), "on_conflict"),
        shape=Shape((fields, level, meta, backlink)),
    )


def narrowed(query: Query, condition: Mapping[str, Any]) -> Query:
    """The query with one more condition on the items of the root."""
    index = query.level.filter
    if index is None:
        index = len(query.values)
        level = replace(query.level, filter=index)
        shape = Shape((query.fields, level, query.meta, query.backlink))
        return replace(query, level=level, values=(*query.values, condition), shape=shape)
    values = list(query.values)
    values[index] = {"_and": [values[index], condition]}
    return replace(query, values=tuple(values))


# --- one level ----------------------------------------------------------------------------------------------


def _level(given: Mapping[str, Any], prefix: str, values: list[Any], depth: int) -> Level:
    """`prefix` "_" below `deep`: there everything else is the name of a relation."""
    if depth > _MAX_LEVELS:
        raise invalid_query("Max relational depth exceeded")
    asked = read_filter(given.get(f"{prefix}filter"))
    term = _search(given.get(f"{prefix}search"))
    group = given.get(f"{prefix}groupBy", given.get(f"{prefix}group"))
    return Level(
        sort=calls_of(given.get(f"{prefix}sort"), "sort"),
        limit=read_number(given.get(f"{prefix}limit"), "limit", least=-1),
        offset=read_number(given.get(f"{prefix}offset"), "offset", least=0),
        page=read_number(given.get(f"{prefix}page"), "page", least=0),
        filter=_kept(asked, values),
        search=_kept(term, values),
        alias=alias_of(given.get(f"{prefix}alias")),
        aggregate=functions_of(given.get(f"{prefix}aggregate")),
        group=fields_of(group, "fields"),
        fields=fields_of(given.get("_fields"), "fields") if prefix else (),
        deep=_below(given if prefix else given.get("deep"), values, depth),
    )


def _kept(value: Any, values: list[Any]) -> int | None:
    if value is None:
        return None
    values.append(value)
    return len(values) - 1


def _below(raw: Any, values: list[Any], depth: int) -> tuple[tuple[str, Level], ...]:
    """What is no object of objects asks nothing of any relation (protocol)."""
    if not raw:
        return ()
    given = raw
    if isinstance(raw, str):
        try:
            given = parse_json(raw, "deep")
        except CausewayError:
            return ()
    if not isinstance(given, Mapping):
        return ()
    return tuple(
        [
            (name, _level(value, "_", values, depth + 1))
            for name, value in given.items()
            if isinstance(value, Mapping) and name[:1] != "_"
        ]
    )


# --- single parameters --------------------------------------------------------------------------------------


def _fields(raw: Any) -> tuple[str, ...]:
    return fields_of(raw, "fields") or ("*",)


def _search(raw: Any) -> str | None:
    value = raw[0] if isinstance(raw, list) and len(raw) == 1 else raw
    if value is None or value == "":
        return None
    if isinstance(value, (bool, list, Mapping)):
        raise invalid_query('"search" must be a string')
    return str(value)


def _meta(raw: Any) -> tuple[str, ...]:
    names = names_of(raw, "meta")
    if names == ("*",):
        return META
    for index, name in enumerate(names):
        if name not in META:
            raise invalid_query(f'"meta[{index}]" must be one of [{", ".join(META)}]')
    return tuple(dict.fromkeys(names))


def _export(raw: Any) -> str | None:
    if raw is None or raw == "":
        return None
    if raw not in EXPORTS:
        raise invalid_query(f'"export" must be one of [{", ".join(EXPORTS)}]')
    return str(raw)


def _version(raw: Any) -> str | None:
    if raw is None or raw == "" or raw in MAIN_VERSIONS:
        return None
    return str(raw)
