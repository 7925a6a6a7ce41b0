"""What writing means, in plain Python: tables are dictionaries, a request is worked off item by item.

    model = Model(SCHEMA)
    model.apply(Request("create_item", "posts", payload={"label": "a", "notes": [{"label": "n"}]}))
    model.tables["notes"]  ->  {1: {"id": 1, "label": "n", "post": 1, ...}}

This is the specification that the engine is held against, so it knows nothing of statements, batches or
look-ups: to-one items first, then the item, then its lists in the order of the payload. A refused request
changes nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
ONE_CHANGES = {"create", "update", "connect", "disconnect"}


@dataclass(frozen=True, kw_only=True)
class ToOne:
    """`deleted`: what becomes of the row when its target goes: "cascade", "set null" or "refuse"."""

    target: str
    deleted: str = "set null"


@dataclass(frozen=True, kw_only=True)
class ToAny:
    """The key of an item of the collection that the field `beside` names."""

    beside: str
    targets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ToMany:
    """`far`: of a list that goes over a junction, the field that leads on."""

    target: str
    field: str
    far: str | None = None
    sort: str | None = None
    deletes: bool = False


Link = ToOne | ToAny | ToMany


@dataclass(frozen=True, kw_only=True)
class Table:
    """`key`: its columns; `numbered`: the database makes it."""

    columns: tuple[str, ...]
    key: tuple[str, ...] = ("id",)
    numbered: bool = True
    defaults: Mapping[str, Any] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    unique: tuple[str, ...] = ()
    links: Mapping[str, Link] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Request:
    """`kind`: of the mutation root; `put`: the one item is created where it is not there."""

    kind: str
    table: str
    payload: Any = None
    keys: tuple[Any, ...] = ()
    put: bool = False
    on_conflict: tuple[str, ...] = ()


class Refused(Exception):
    """Of the whole request."""


class Unpromised(Exception):
    """What the request does is promised by nobody: it names an item that it has deleted before."""


class Model:
    def __init__(self, schema: Mapping[str, Table]) -> None:
        self.schema = schema
        self.tables: dict[str, dict[Any, Row]] = {name: {} for name in schema}
        self._last = dict.fromkeys(schema, 0)
        self._ended: set[tuple[str, Any]] = set()

    def apply(self, request: Request) -> None:
        before = copy.deepcopy(self.tables)
        self._ended.clear()
        try:
            getattr(self, f"_{request.kind}")(request)
            self._check()
        except (Refused, Unpromised):
            self.tables = before
            raise

    # --- roots ----------------------------------------------------------------------------------------------

    def _create_item(self, request: Request) -> None:
        self._create_or_update(request, request.payload)

    def _create_items(self, request: Request) -> None:
        for item in request.payload:
            self._create_or_update(request, item)

    def _create_or_update(self, request: Request, item: Row) -> None:
        by = request.on_conflict
        values = [item.get(name) for name in by]
        for key, row in self.tables[request.table].items():
            if by and None not in values and [row[name] for name in by] == values:
                self._update(request.table, key, item)
                return
        self._create(request.table, item)

    def _update_item(self, request: Request) -> None:
        (key,) = request.keys
        if key in self.tables[request.table]:
            self._update(request.table, key, request.payload)
        elif request.put:
            names = self.schema[request.table].key
            named = key if len(names) > 1 else (key,)
            self._create(request.table, {**request.payload, **dict(zip(names, named, strict=True))})

    def _update_items(self, request: Request) -> None:
        """The to-one items of the payload are made once, for all the items."""
        there = [key for key in dict.fromkeys(request.keys) if key in self.tables[request.table]]
        if not there:
            return
        shared = {**request.payload, **self._ones(request.table, request.payload)}
        for key in there:
            self._update(request.table, key, shared)

    def _update_batch(self, request: Request) -> None:
        for item in request.payload:
            key = self._key(request.table, item)
            if key is None:
                raise Refused
            if key in self.tables[request.table]:
                self._update(request.table, key, item)

    def _update_singleton(self, request: Request) -> None:
        for key in self.tables[request.table]:
            self._update(request.table, key, request.payload)
            return
        self._create(request.table, request.payload)

    def _delete_item(self, request: Request) -> None:
        self._delete(request.table, request.keys)

    def _delete_items(self, request: Request) -> None:
        self._delete(request.table, request.keys)

    # --- items ----------------------------------------------------------------------------------------------

    def _create(self, table: str, item: Row, filled: Row | None = None) -> Any:
        about = self.schema[table]
        values = {**item, **self._ones(table, item), **(filled or {})}
        row = {**dict.fromkeys(about.columns), **about.defaults}
        row.update({name: value for name, value in values.items() if name in about.columns})
        key = self._key(table, row)
        if key is None:
            if not about.numbered:
                raise Refused
            self._last[table] += 1
            key = row["id"] = self._last[table]
        if key in self.tables[table]:
            raise Refused
        self.tables[table][key] = row
        self._lists(table, key, item, {})
        return key

    def _update(self, table: str, key: Any, item: Row, filled: Row | None = None) -> Any:
        about = self.schema[table]
        members = self._all_members(table, key)
        values = {**item, **self._ones(table, item), **(filled or {})}
        row = self.tables[table][key]
        row.update({n: value for n, value in values.items() if n in about.columns and n not in about.key})
        self._lists(table, key, item, members)
        return key

    def _save(self, table: str, item: Row) -> Any:
        key = self._key(table, item)
        known = key is not None and key in self.tables[table]
        return self._update(table, key, item) if known else self._create(table, item)

    def _key(self, table: str, values: Mapping[str, Any]) -> Any:
        named = tuple(values.get(name) for name in self.schema[table].key)
        if None in named:
            return None
        return self._not_ended(table, named if len(named) > 1 else named[0])

    def _not_ended(self, table: str, key: Any) -> Any:
        if (table, key) in self._ended:
            raise Unpromised
        return key

    # --- to-one items ---------------------------------------------------------------------------------------

    def _ones(self, table: str, item: Row) -> Row:
        """The columns that lead to the to-one items of a payload."""
        found: Row = {}
        for name, link in self.schema[table].links.items():
            value = item.get(name)
            if isinstance(value, Mapping) and not isinstance(link, ToMany):
                target = link.target if isinstance(link, ToOne) else item.get(link.beside)
                if isinstance(link, ToAny) and target not in link.targets:
                    raise Refused
                found[name] = self._one(str(target), value)
        return found

    def _one(self, target: str, value: Mapping[str, Any]) -> Any:
        if len(value) == 1 and set(value) <= ONE_CHANGES:
            ((what, given),) = value.items()
            if what == "disconnect":
                return None
            if what == "connect":
                return given
            if what == "create":
                return self._create(target, given)
            key = self._key(target, given)
            if key not in self.tables[target]:
                raise Refused
            return self._update(target, key, given)
        return self._save(target, dict(value))

    # --- lists ----------------------------------------------------------------------------------------------

    def _lists(self, table: str, owner: Any, item: Row, members: Mapping[str, Sequence[Any]]) -> None:
        """`members`: of each list, before anything of the item was written."""
        for name, value in item.items():
            link = self.schema[table].links.get(name)
            if isinstance(link, ToMany):
                change = self._change if isinstance(value, Mapping) else self._replace
                change(link, owner, [] if value is None else value, members.get(name, ()))

    def _all_members(self, table: str, owner: Any) -> dict[str, list[Any]]:
        return {
            name: [key for key, row in self.tables[link.target].items() if row[link.field] == owner]
            for name, link in self.schema[table].links.items()
            if isinstance(link, ToMany)
        }

    def _replace(self, link: ToMany, owner: Any, entries: Sequence[Any], present: Sequence[Any]) -> None:
        """What leaves goes first, so that its place can be taken anew."""
        filled = {link.field: owner}
        named = [
            self._key(link.target, {**entry, **filled}) if isinstance(entry, Mapping) else entry
            for entry in entries
        ]
        self._leave(link, owner, [key for key in present if key not in named])
        for entry in entries:
            self._enter(link, owner, entry)

    def _enter(self, link: ToMany, owner: Any, entry: Any) -> None:
        filled = {link.field: owner}
        if not isinstance(entry, Mapping):
            if self._not_ended(link.target, entry) not in self.tables[link.target]:
                raise Refused
            self._update(link.target, entry, {}, filled)
            return
        key = self._key(link.target, {**entry, **filled})
        if key in self.tables[link.target]:
            self._update(link.target, key, dict(entry), filled)
        else:
            self._create(link.target, dict(entry), filled)

    def _change(self, link: ToMany, owner: Any, changes: Mapping[str, Any], present: Sequence[Any]) -> None:
        filled = {link.field: owner}
        led = {key: self._other_side(link, key) for key in present}
        last = max((self.tables[link.target][key].get(link.sort or "") or 0 for key in present), default=0)
        gone = [key for key in changes.get("delete", ()) if key in present]
        gone += self._dropped(led, changes)
        self._leave(link, owner, dict.fromkeys(gone))
        for place, item in enumerate(changes.get("create", ()), 1):
            placed = {link.sort: last + place} if link.sort else {}
            self._create(link.target, {**placed, **item}, filled)
        for item in changes.get("update", ()):
            key = self._key(link.target, {**item, **filled})
            if key is None:
                raise Refused
            if key in self.tables[link.target]:
                # where it is already, only what is sent moves it
                self._update(link.target, key, item, {} if key in present else filled)
        self._connect(link, owner, led, changes)

    def _dropped(self, led: Mapping[Any, Any], changes: Mapping[str, Any]) -> list[Any]:
        """Members that leave because of what they lead to."""
        dropped, only = changes.get("disconnect", ()), changes.get("set")
        wanted = [*changes.get("connect", ()), *(only or ())]
        return [
            key
            for key, other in led.items()
            if other in dropped or (only is not None and other not in wanted)
        ]

    def _connect(self, link: ToMany, owner: Any, led: Mapping[Any, Any], changes: Mapping[str, Any]) -> None:
        """New members for items on the other side. `led`: members as they were, and what they led to."""
        wanted = [*changes.get("connect", ()), *(changes.get("set") or ())]
        for place, other in enumerate(wanted):
            if other in led.values() or other in wanted[:place]:
                continue
            if link.far is None:
                self._enter(link, owner, other)
            else:
                self._create(link.target, self._leading(link, other), {link.field: owner})

    def _other_side(self, link: ToMany, key: Any) -> Any:
        if link.far is None:
            return key
        row, way = self.tables[link.target][key], self.schema[link.target].links[link.far]
        if isinstance(way, ToAny):
            return {"collection": row[way.beside], "item": row[link.far]}
        return row[link.far]

    def _leading(self, link: ToMany, other: Any) -> Row:
        far = str(link.far)
        way = self.schema[link.target].links[far]
        if isinstance(way, ToAny):
            return {way.beside: other["collection"], far: other["item"]}
        return {far: other}

    def _leave(self, link: ToMany, owner: Any, members: Iterable[Any]) -> None:
        about = self.schema[link.target]
        rows = self.tables[link.target]
        # what has gone elsewhere meanwhile stays there
        keys = [key for key in members if key in rows and rows[key][link.field] == owner]
        if link.deletes:
            self._delete(link.target, keys)
            return
        for key in keys:
            if link.field in about.required:
                raise Refused
            rows[key][link.field] = None

    # --- what the database does -----------------------------------------------------------------------------

    def _delete(self, table: str, keys: Iterable[Any]) -> None:
        gone = [key for key in keys if self.tables[table].pop(key, None) is not None]
        self._ended.update((table, key) for key in gone)
        for child, name, link in self._references(table):
            rows = self.tables[child]
            led = [key for key, row in rows.items() if row[name] in gone]
            if link.deleted == "cascade":
                self._delete(child, led)
            elif link.deleted == "set null":
                for key in led:
                    rows[key][name] = None

    def _references(self, table: str) -> list[tuple[str, str, ToOne]]:
        return [
            (child, name, link)
            for child, about in self.schema.items()
            for name, link in about.links.items()
            if isinstance(link, ToOne) and link.target == table
        ]

    def _check(self) -> None:
        for name, about in self.schema.items():
            rows = list(self.tables[name].values())
            for row in rows:
                if any(row[column] is None for column in about.required):
                    raise Refused
                for column, link in about.links.items():
                    if isinstance(link, ToOne) and row[column] not in (None, *self.tables[link.target]):
                        raise Refused
            for column in about.unique:
                if len({row[column] for row in rows}) < len(rows):
                    raise Refused
