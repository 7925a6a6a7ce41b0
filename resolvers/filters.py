"""Filter JSON -> typed conditions (see `resolvers.conditions`); the one place filters, in either spelling,
are read.

In: a filter as it was given (a variable of the operation, a literal of the document, or a permission rule),
the collection it speaks of and a `Reader` that knows the snapshot and asks the gate for every field on every
path. Out: a `Condition`, or None where nothing is asked. Values stay outside: conditions hold slots that name
where a value comes from.

Structure and values are told apart so that a plan can be used again: `shape_of(value)` is what of a filter is
structure (keys, lists, nulls, booleans, `$` variables). Two filters of the same shape give the same condition
tree.

    >>> shape_of({"status": {"_eq": "draft"}, "id": {"_in": [1, 2, 3]}})
    (('status', (('_eq', 's'),)), ('id', (('_in', 'l'),)))
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, cast

from schema_gen.naming import Names

from resolvers.conditions import (
    ActorField,
    Call,
    ColumnRef,
    Compare,
    Condition,
    Constant,
    CountOf,
    Current,
    FunctionName,
    Hop,
    JsonPath,
    Literal_,
    Now,
    Operand,
    Operator,
    Related,
    Slot,
    Source,
    Variable,
    all_of,
    any_of,
)
from resolvers.conditions import Shape as SlotShape
from schema_gen.errors import CausewayError, forbidden_collection, forbidden_field, invalid_query
from schema_gen.model import Collection, Field, FieldType, Link, SchemaSnapshot

# --- what the parser is handed ------------------------------------------------------------------------------


class ReadScope(Protocol):
    @property
    def fields(self) -> frozenset[str]: ...
    @property
    def condition(self) -> Condition | None: ...
    @property
    def field_conditions(self) -> Mapping[str, Condition]: ...


class ReadGate(Protocol):
    """`Gate.scope("read", ...)`, seen from here."""

    def read_scope(self, collection: str) -> ReadScope | None: ...


@dataclass(frozen=True, slots=True)
class VariableRef:
    """A variable of the operation inside a literal of the document."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A value and where it was given: `path` into the variables, or None for a literal."""

    value: Any
    path: tuple[str | int, ...] | None = None

    def at(self, key: str | int, value: Any) -> Given:
        return Given(value=value, path=None if self.path is None else (*self.path, key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What every stage that resolves names needs. `gate` None: a permission rule, which may read everything.

    `max_depth`: relations a path may cross (MAX_RELATIONAL_DEPTH).
    """

    snapshot: SchemaSnapshot
    gate: ReadGate | None
    variables: Mapping[str, Any]
    max_depth: int = 10
    names: Names | None = None

    def given(self, given: Given) -> Given:
        """Follows a variable of the operation to its value."""
        if isinstance(given.value, VariableRef):
            name = given.value.name
            return Given(value=self.variables.get(name), path=(name,))
        return given

    def collection(self, name: str, place: tuple[str, ...]) -> tuple[Collection, ReadScope | None]:
        """The collection and what may be read of it; raises FORBIDDEN for hidden and missing ones alike."""
        collection = self.snapshot.collections.get(name)
        if self.gate is None:
            if collection is None:
                raise forbidden_collection(name, place)
            return collection, None
        scope = self.gate.read_scope(name)
        if collection is None or scope is None:
            raise forbidden_collection(name, place)
        return collection, scope

    def field(self, collection: Collection, spelled: str, place: tuple[str, ...]) -> Field:
        """The field that `spelled` names; raises FORBIDDEN for hidden and missing ones alike."""
        found = self.find_field(collection, spelled)
        if found is None:
            raise forbidden_field(collection.name, (spelled,), place)
        return found

    def find_field(self, collection: Collection, spelled: str) -> Field | None:
        name = spelled
        if name not in collection.fields and self.names is not None:
            name = self.names.field_of(collection.name, spelled) or spelled
        field = collection.fields.get(name)
        if field is None:
            return None
        if self.gate is not None:
            scope = self.gate.read_scope(collection.name)
            if scope is None or name not in scope.fields:
                return None
        return field

    def column_guard(self, field: Field) -> Condition | None:
        """Where the value of the field may be seen; None: wherever the item may."""
        if self.gate is None:
            return None
        scope = self.gate.read_scope(field.collection)
        return None if scope is None else scope.field_conditions.get(field.name)

    def item_guard(self, collection: str, place: tuple[str, ...]) -> Condition | None:
        """Which items of a related collection may be seen; raises where none may."""
        return scope.condition if (scope := self.collection(collection, place)[1]) is not None else None

    def hop(self, link: Link, target: str, place: tuple[str, ...]) -> Hop:
        return Hop(link=link, target=target, guard=self.item_guard(target, place))


# --- operators ----------------------------------------------------------------------------------------------

_EQUALITY = frozenset({"eq", "neq", "in", "nin", "null", "nnull"})
_TEXT = _EQUALITY | {
    "ieq", "nieq", "contains", "ncontains", "icontains", "nicontains", "starts_with", "nstarts_with",
    "istarts_with", "nistarts_with", "ends_with", "nends_with", "iends_with", "niends_with",
    "empty", "nempty",
}  # fmt: skip
_ORDER = _EQUALITY | {"lt", "lte", "gt", "gte", "between", "nbetween"}
_PRESENCE = frozenset({"null", "nnull", "empty", "nempty"})
_GEOMETRY = frozenset(
    {"eq", "neq", "null", "nnull", "intersects", "nintersects", "intersects_bbox", "nintersects_bbox"}
)

#: field type -> operators it takes (protocol)
OPERATORS: Final[Mapping[FieldType, frozenset[str]]] = {
    "alias": frozenset({"null", "nnull"}),
    "bigInteger": _ORDER,
    "binary": frozenset({"null", "nnull"}),
    "boolean": frozenset({"eq", "neq", "null", "nnull", "in", "nin"}),
    "csv": _TEXT,
    "date": _ORDER,
    "dateTime": _ORDER,
    "decimal": _ORDER,
    "float": _ORDER,
    "geometry": _GEOMETRY,
    "geometry.LineString": _GEOMETRY,
    "geometry.MultiLineString": _GEOMETRY,
    "geometry.MultiPoint": _GEOMETRY,
    "geometry.MultiPolygon": _GEOMETRY,
    "geometry.Point": _GEOMETRY,
    "geometry.Polygon": _GEOMETRY,
    "hash": _PRESENCE,
    "integer": _ORDER,
    "json": frozenset({"null", "nnull", "json", "empty", "nempty"}),
    "string": _TEXT,
    "text": _TEXT,
    "time": _ORDER,
    "timestamp": _ORDER,
    "unknown": _TEXT,
    "uuid": _TEXT,
}

_ALL_OPERATORS: Final = frozenset[str]().union(*OPERATORS.values()) | {"some", "none", "regex", "submitted"}
_NUMBERS: Final = frozenset({"integer", "bigInteger", "float", "decimal"})
_DATE_PARTS: Final = ("year", "month", "week", "day", "weekday")
_TIME_PARTS: Final = ("hour", "minute", "second")

#: field type -> functions it takes (protocol)
FUNCTIONS: Final[Mapping[FieldType, tuple[str, ...]]] = {
    "date": _DATE_PARTS,
    "time": _TIME_PARTS,
    "dateTime": (*_DATE_PARTS, *_TIME_PARTS),
    "timestamp": (*_DATE_PARTS, *_TIME_PARTS),
    "json": ("count", "json"),
    "alias": ("count",),
}
FUNCTION_NAMES: Final = frozenset({*_DATE_PARTS, *_TIME_PARTS, "count", "json"})

_CALL = re.compile(r"^(\w+)\((.*)\)$", re.S)
_NOW = re.compile(r"^\$NOW(?:\((.*)\))?$")

_FLAGS: Final = frozenset({"_null", "_nnull", "_empty", "_nempty"})


def shape_of(value: Any, key: str = "") -> Hashable:
    """What of a filter is structure. Values of flags count whole: `_null: false` asks something else."""
    if isinstance(value, str):
        if value[:1] == "$" or key in _FLAGS:
            return value
        return "s"
    if value is None or value is True or value is False:
        return value
    if isinstance(value, Mapping):
        return tuple([(name, shape_of(item, name)) for name, item in value.items()])
    if isinstance(value, (list, tuple)):
        if value and isinstance(value[0], Mapping):
            return ("[]", *[shape_of(item) for item in value])
        for item in value:
            if item is None or (isinstance(item, str) and item[:1] == "$"):
                return ("[]", *[shape_of(item) for item in value])
        return "l"
    return "n" if key not in _FLAGS else ("n", value)


def split_call(spelled: str) -> tuple[str, str] | None:
    """`"year(day)"` -> `("year", "day")`; None for anything that is no call."""
    match = _CALL.match(spelled)
    return (match[1], match[2].strip()) if match else None


# --- filters ------------------------------------------------------------------------------------------------


def parse_rule(rule: Mapping[str, Any], collection: Collection, snapshot: SchemaSnapshot) -> Condition | None:
    """A permission rule. What it names and no longer exists matches nothing: access is never widened by a
    change.
    """
    reader = Reader(snapshot=snapshot, gate=None, variables={}, max_depth=50)
    try:
        return parse_filter(Given(value=rule), collection, reader)
    except CausewayError:
        return Constant(value=False)


def parse_filter(
    given: Given, collection: Collection, reader: Reader, place: tuple[str, ...] = ()
) -> Condition | None:
    """The filter as a condition on items of `collection`; None where it asks nothing.

    Raises INVALID_QUERY for what is no filter, FORBIDDEN for fields that are hidden or missing.
    """
    return _Parser(reader=reader, place=place).items(given, collection, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parser:
    reader: Reader
    place: tuple[str, ...]
    depth: int = 0

    def items(self, given: Given, collection: Collection, hops: tuple[Hop, ...]) -> Condition | None:
        given = self.reader.given(given)
        if given.value is None:
            return None
        if not isinstance(given.value, Mapping):
            raise invalid_query("Invalid filter object")
        found: list[Condition] = []
        for key, value in given.value.items():
            part = self.reader.given(given.at(key, value))
            condition = self._entry(str(key), part, collection, hops)
            if condition is not None:
                found.append(condition)
        return all_of(found)

    def _entry(
        self, key: str, given: Given, collection: Collection, hops: tuple[Hop, ...]
    ) -> Condition | None:
        if key in ("_and", "_or"):
            return self._logic(key, given, collection, hops)
        if call := split_call(key):
            return self._call(call[0], call[1], given, collection, hops)
        if ":" in key and key not in collection.fields:
            name, _, target = key.partition(":")
            return self._any_branch(name, target, given, collection, hops)
        field = self.reader.find_field(collection, key)
        if field is not None:
            return self._field(field, given, collection, hops)
        if key not in collection.fields:
            derived = self._derived(key, given, collection, hops)
            if derived is not _NOT_DERIVED:
                return cast("Condition | None", derived)
        raise forbidden_field(collection.name, (key,), self.place)

    def _derived(self, key: str, given: Given, collection: Collection, hops: tuple[Hop, ...]) -> Any:
        """The GraphQL spellings `<field>_func: {year: {...}}` and `<field>__<collection>: {...}`."""
        if key.endswith("_func"):
            base = self.reader.find_field(collection, key[: -len("_func")])
            if base is not None and isinstance(given.value, Mapping):
                return all_of(
                    [
                        condition
                        for name, value in given.value.items()
                        if (condition := self._call(name, base.name, given.at(name, value), collection, hops))
                        is not None
                    ]
                )
        name, separator, target = key.partition("__")
        while separator:
            link = self.reader.snapshot.link(collection.name, name)
            if link is not None and link.kind == "m2a":
                collection_name = target
                if self.reader.names is not None:
                    collection_name = self.reader.names.collection_of(target) or target
                return self._any_branch(name, collection_name, given, collection, hops)
            more, separator, target = target.partition("__")
            name = f"{name}__{more}"
        return _NOT_DERIVED

    def _logic(
        self, key: str, given: Given, collection: Collection, hops: tuple[Hop, ...]
    ) -> Condition | None:
        entries = _entries(given)
        if entries is None:
            raise invalid_query("Invalid filter object")
        found = [self.items(entry, collection, hops) for entry in entries]
        if key == "_and":
            return all_of([condition for condition in found if condition is not None])
        if not found:
            # an empty choice asks nothing of a reader, and grants nothing in a rule
            return Constant(value=False) if self.reader.gate is None else None
        return any_of([condition or Constant(value=True) for condition in found])

    # --- fields ---------------------------------------------------------------------------------------------

    def _field(
        self, field: Field, given: Given, collection: Collection, hops: tuple[Hop, ...]
    ) -> Condition | None:
        link = self.reader.snapshot.link(collection.name, field.name)
        if link is not None and link.kind == "o2m":
            return self._many(field, link, given, hops)
        value = given.value
        if link is not None and isinstance(value, Mapping) and not _only_operators(value):
            return self._one(field, link, given, hops)
        if field.alias and link is None:
            raise forbidden_field(collection.name, (field.name,), self.place)
        operand = ColumnRef(field=field, hops=hops, guard=self.reader.column_guard(field))
        return self._operators(operand, field, given)

    def _deeper(self, field: str) -> _Parser:
        if self.depth + 1 > self.reader.max_depth:
            raise invalid_query("Max relational depth exceeded")
        return replace(self, place=(*self.place, field), depth=self.depth + 1)

    def _one(self, field: Field, link: Link, given: Given, hops: tuple[Hop, ...]) -> Condition | None:
        """`author: {name: {...}}`, mixed with operators on the key itself."""
        if link.kind == "m2a":
            raise forbidden_field(link.collection, tuple(str(key) for key in given.value), self.place)
        nested = {key: value for key, value in given.value.items() if not _is_known_operator(key)}
        direct = {key: value for key, value in given.value.items() if _is_known_operator(key)}
        inner = self._deeper(field.name)
        hop = self._guarded_hop(field, link, link.target, inner.place)
        target = self.reader.snapshot.collections[link.target]
        found = [inner.items(replace(given, value=nested), target, (*hops, hop))]
        if direct:
            operand = ColumnRef(field=field, hops=hops, guard=self.reader.column_guard(field))
            found.append(self._operators(operand, field, replace(given, value=direct)))
        return all_of([condition for condition in found if condition is not None])

    def _guarded_hop(self, field: Field, link: Link, target: str, place: tuple[str, ...]) -> Hop:
        hop = self.reader.hop(link, target, place)
        return replace(hop, column_guard=self.reader.column_guard(field))

    def _any_branch(
        self, name: str, target: str, given: Given, collection: Collection, hops: tuple[Hop, ...]
    ) -> Condition | None:
        field = self.reader.field(collection, name, self.place)
        link = self.reader.snapshot.link(collection.name, field.name)
        if link is None or link.kind != "m2a":
            raise forbidden_field(collection.name, (f"{name}:{target}",), self.place)
        inner = self._deeper(f"{field.name}:{target}")
        if target not in link.allowed:
            raise forbidden_collection(target, inner.place)
        hop = self._guarded_hop(field, link, target, inner.place)
        return inner.items(given, self.reader.snapshot.collections[target], (*hops, hop))

    def _many(self, field: Field, link: Link, given: Given, hops: tuple[Hop, ...]) -> Condition | None:
        """`tags: {...}` means some; `_some` and `_none` say it; `_null` and `_nnull` ask whether there are
        any.
        """
        if not isinstance(given.value, Mapping):
            raise invalid_query("Invalid filter object")
        inner = self._deeper(field.name)
        guard = self.reader.item_guard(link.target, inner.place)
        target = self.reader.snapshot.collections[link.target]

        def related(quantifier: str, condition: Condition | None) -> Condition:
            return Related(
                link=link,
                quantifier="none" if quantifier == "none" else "some",
                condition=condition or Constant(value=True),
                hops=hops,
                guard=guard,
                column_guard=self.reader.column_guard(field),
            )

        found: list[Condition] = []
        plain: dict[str, Any] = {}
        for key, value in given.value.items():
            if key in ("_some", "_none"):
                found.append(related(key[1:], inner.items(given.at(key, value), target, ())))
            elif key in ("_null", "_nnull"):
                is_null = _flag(self.reader.given(given.at(key, value)).value, key) == (key == "_null")
                found.append(related("none" if is_null else "some", None))
            else:
                plain[key] = value
        if plain:
            condition = inner.items(replace(given, value=plain), target, ())
            found.append(related("some", condition))
        return all_of(found)

    # --- functions ------------------------------------------------------------------------------------------

    def _call(
        self, function: str, argument: str, given: Given, collection: Collection, hops: tuple[Hop, ...]
    ) -> Condition | None:
        operand, field = function_operand(function, argument, collection, self.reader, hops, self.place)
        kind: FieldType = "integer" if function != "json" else "string"
        return self._operators(operand, field, given, as_type=kind)

    # --- operators ------------------------------------------------------------------------------------------

    def _operators(
        self, operand: Operand, field: Field, given: Given, as_type: FieldType | None = None
    ) -> Condition | None:
        if not isinstance(given.value, Mapping):
            given = Given(value={"_eq": given.value}, path=given.path)
            # the value itself stands where the operator's value would
            return self._compare("eq", operand, field, replace(given, value=given.value["_eq"]), as_type)
        found: list[Condition] = []
        for key, value in given.value.items():
            part = self.reader.given(given.at(key, value))
            if not _is_operator(key):
                raise forbidden_field(field.collection, (str(key),), (*self.place, field.name))
            condition = self._compare(str(key)[1:], operand, field, part, as_type)
            if condition is not None:
                found.append(condition)
        return all_of(found)

    def _compare(
        self, op: str, operand: Operand, field: Field, given: Given, as_type: FieldType | None
    ) -> Condition | None:
        kind: FieldType = as_type or ("hash" if field.concealed else field.type)
        if op not in OPERATORS[kind]:
            raise invalid_query(f'"{kind}" field type does not contain the "_{op}" filter operator')
        if op == "json":
            return self._json(operand, field, given)
        if op in ("null", "nnull", "empty", "nempty"):
            wanted = _flag(given.value, f"_{op}")
            if not wanted:
                op = {"null": "nnull", "nnull": "null", "empty": "nempty", "nempty": "empty"}[op]
            return Compare(operand=operand, op=cast(Operator, op))
        if given.value is None and op in ("eq", "neq"):
            return Compare(operand=operand, op="null" if op == "eq" else "nnull")
        return Compare(operand=operand, op=cast(Operator, op), slots=self._slots(op, kind, given))

    def _slots(self, op: str, kind: FieldType, given: Given) -> tuple[Slot, ...]:
        name = f"_{op}"
        if op in ("in", "nin"):
            return (Slot(source=self._source(given, kind, name), type=kind, shape="list", operator=name),)
        if op in ("between", "nbetween"):
            low, high = ("ceil", "floor") if kind in ("integer", "bigInteger") else ("plain", "plain")
            entries = _entries(given)
            if entries is not None:
                if len(entries) != 2:
                    raise invalid_query(f'"{name}" has to be an array of values')
                return (
                    Slot(
                        source=self._source(entries[0], kind, name),
                        type=kind,
                        shape=cast(SlotShape, low),
                        operator=name,
                    ),
                    Slot(
                        source=self._source(entries[1], kind, name),
                        type=kind,
                        shape=cast(SlotShape, high),
                        operator=name,
                    ),
                )
            source = self._source(given, kind, name)
            return (
                Slot(source=source, type=kind, shape=cast(SlotShape, low), item=0, operator=name),
                Slot(source=source, type=kind, shape=cast(SlotShape, high), item=1, operator=name),
            )
        if isinstance(given.value, Mapping) and not op.endswith(("intersects", "intersects_bbox")):
            raise invalid_query(f'The filter value for "{name}" has to be a string, number, or boolean')
        return (
            Slot(source=self._source(given, kind, name), type=kind, shape=_dress(op, kind), operator=name),
        )

    def _source(self, given: Given, kind: FieldType, operator: str) -> Source:
        value = given.value
        if isinstance(value, str) and value[:1] == "$":
            dynamic = self._dynamic(value)
            if dynamic is not None:
                return dynamic
        if isinstance(value, (list, tuple)) and any(isinstance(item, VariableRef) for item in value):
            return Literal_(value=tuple(value), settled=False)
        if given.path is not None:
            return Variable(path=given.path)
        return Literal_(value=_frozen(value), settled=self.reader.gate is None)

    def _dynamic(self, text: str) -> Source | None:
        if match := _NOW.match(text):
            return Now(adjust=(match[1] or "").strip())
        head, _, path = text.partition(".")
        what = {
            "$CURRENT_USER": "user",
            "$CURRENT_ROLE": "role",
            "$CURRENT_ROLES": "roles",
            "$CURRENT_POLICIES": "policies",
        }.get(head)
        if what is None:
            return None
        if not path:
            return Current(what=cast(Any, what))
        return self._actor_field(what, path)

    def _actor_field(self, what: str, path: str) -> Source:
        """`$CURRENT_USER.a.b`, with full rights: rules may rest on what their subjects cannot read."""
        home = {"user": "directus_users", "role": "directus_roles", "roles": "directus_roles"}.get(
            what, "directus_policies"
        )
        reader = replace(self.reader, gate=None)
        collection = reader.collection(home, ())[0]
        operand = column_path(path.split("."), collection, reader, ())
        if not isinstance(operand, ColumnRef) or operand.field.concealed:
            raise forbidden_field(home, (path,), ())
        return ActorField(what=cast(Any, what), operand=operand)

    # --- json -----------------------------------------------------------------------------------------------

    def _json(self, operand: Operand, field: Field, given: Given) -> Condition | None:
        """`_json: {"a.b": {"_eq": 1}}`: operators on values inside a JSON column."""
        if not isinstance(given.value, Mapping) or not isinstance(operand, ColumnRef):
            raise invalid_query('"_json" has to be an object of paths')
        found: list[Condition] = []
        for path, operators in given.value.items():
            inner = JsonPath(column=operand, path=json_path(str(path)))
            part = self.reader.given(given.at(path, operators))
            if not isinstance(part.value, Mapping):
                part = Given(value={"_eq": part.value}) if part.path is None else part
            for key, value in _mapping(part.value).items():
                leaf = self.reader.given(part.at(key, value))
                kind = _json_kind(str(key), leaf.value)
                condition = self._compare(str(key)[1:], inner, field, leaf, kind)
                if condition is not None:
                    found.append(condition)
        return all_of(found)


_NOT_DERIVED: Final = object()


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise invalid_query("Invalid filter object")
    return value


def _json_kind(key: str, value: Any) -> FieldType:
    probe = value[0] if isinstance(value, (list, tuple)) and value else value
    if isinstance(probe, bool):
        return "boolean"
    if isinstance(probe, (int, float)) or key in ("_lt", "_lte", "_gt", "_gte", "_between", "_nbetween"):
        return "decimal"
    return "string"


def _dress(op: str, kind: FieldType) -> SlotShape:
    if op in ("contains", "ncontains", "icontains", "nicontains"):
        return "contains"
    if op.endswith("starts_with"):
        return "starts"
    if op.endswith("ends_with"):
        return "ends"
    if kind in ("integer", "bigInteger"):
        return cast(SlotShape, {"gt": "floor", "lte": "floor", "gte": "ceil", "lt": "ceil"}.get(op, "exact"))
    return "plain"


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _entries(given: Given) -> list[Given] | None:
    """The elements of a list, or of an object with index keys; None for anything else."""
    value = given.value
    if isinstance(value, (list, tuple)):
        return [given.at(index, item) for index, item in enumerate(value)]
    if isinstance(value, Mapping) and value and all(str(key).isdigit() for key in value):
        return [given.at(key, item) for key, item in value.items()]
    return None


def _is_operator(key: Any) -> bool:
    """Under a field without relation whatever begins with an underscore is meant as an operator."""
    return isinstance(key, str) and key[:1] == "_" and key not in ("_and", "_or")


def _is_known_operator(key: Any) -> bool:
    """Under a relation a key that begins with an underscore may also be a field of the other side."""
    return isinstance(key, str) and key[:1] == "_" and key[1:] in _ALL_OPERATORS


def _only_operators(value: Mapping[str, Any]) -> bool:
    return all(_is_known_operator(key) for key in value)


def _flag(value: Any, operator: str) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("", "true", "1", 1):
        return True
    if value in ("false", "0", 0):
        return False
    if value is None:
        return True
    raise invalid_query(f'"{operator}" has to be a boolean')


# --- operands outside filters -------------------------------------------------------------------------------


def json_path(text: str) -> tuple[str | int, ...]:
    """`a.b[0].c` -> `("a", "b", 0, "c")`; raises INVALID_QUERY for wildcards and empty steps."""
    steps: list[str | int] = []
    for part in text.strip().lstrip("$.").split("."):
        match = re.fullmatch(r"([^\[\]*?@]*)((?:\[\d+\])*)", part)
        if match is None or (not match[1] and not match[2]):
            raise invalid_query("Invalid JSON path: unsupported path expression")
        if match[1]:
            steps.append(match[1])
        steps.extend(int(index) for index in re.findall(r"\d+", match[2]))
    if not steps or len(steps) > 10:
        raise invalid_query("Invalid JSON path: unsupported path expression")
    return tuple(steps)


def function_operand(
    function: str,
    argument: str,
    collection: Collection,
    reader: Reader,
    hops: tuple[Hop, ...],
    place: tuple[str, ...],
) -> tuple[Operand, Field]:
    """The operand of `function(argument)` and the field it reads; hidden fields are refused like missing
    ones.
    """
    name, _, path = argument.partition(",")
    name = name.strip()
    if function not in FUNCTION_NAMES:
        raise invalid_query(f'Invalid function specified "{function}"')
    field = reader.field(collection, name, place)
    if field.concealed or function not in FUNCTIONS.get(field.type, ()):
        raise invalid_query(f'Invalid function specified "{function}"')
    link = reader.snapshot.link(collection.name, field.name)
    guard = reader.column_guard(field)
    if field.alias:
        if link is None or link.kind != "o2m":
            raise invalid_query(f'Invalid function specified "{function}"')
        inner = reader.item_guard(link.target, (*place, field.name))
        return CountOf(link=link, hops=hops, guard=inner, column_guard=guard), field
    column = ColumnRef(field=field, hops=hops, guard=guard)
    if function == "json":
        return JsonPath(column=column, path=json_path(path)), field
    return Call(name=cast(FunctionName, function), column=column), field


def column_path(
    path: Sequence[str], collection: Collection, reader: Reader, place: tuple[str, ...]
) -> Operand:
    """`("author", "team", "name")` -> the operand reached over to-one hops; functions may stand at the end.

    A to-many step is refused except as the last step of `count(...)`. Used by sort, group and `$CURRENT_USER`
    paths.
    """
    hops: tuple[Hop, ...] = ()
    *way, last = path
    here = place
    if len(way) > reader.max_depth:
        raise invalid_query("Max relational depth exceeded")
    for step in way:
        name, _, branch = step.partition(":")
        field = reader.field(collection, name, here)
        link = reader.snapshot.link(collection.name, field.name)
        here = (*here, step)
        if link is None or link.kind == "o2m":
            raise forbidden_field(collection.name, (step,), here[:-1])
        target = branch if link.kind == "m2a" else link.target
        if link.kind == "m2a" and target not in link.allowed:
            raise forbidden_collection(target, here)
        hop = replace(reader.hop(link, target, here), column_guard=reader.column_guard(field))
        hops = (*hops, hop)
        collection = reader.snapshot.collections[target]
    if call := split_call(last):
        return function_operand(call[0], call[1], collection, reader, hops, here)[0]
    field = reader.field(collection, last, here)
    if field.alias:
        raise forbidden_field(collection.name, (last,), here)
    return ColumnRef(field=field, hops=hops, guard=reader.column_guard(field))


# --- search -------------------------------------------------------------------------------------------------

_SEARCHED_TEXT: Final = frozenset({"string", "text", "csv", "unknown"})


def search_condition(given: Given, collection: Collection, reader: Reader) -> Condition | None:
    """`search=term`: any readable, searchable, unconcealed field that holds the term; nothing to look in is
    false.
    """
    given = reader.given(given)
    if given.value is None or given.value == "":
        return None
    source: Source = Variable(path=given.path) if given.path is not None else Literal_(value=str(given.value))
    scope = reader.collection(collection.name, ())[1]
    found: list[Condition] = []
    for field in collection.fields.values():
        if field.alias or field.concealed or not field.searchable:
            continue
        if scope is not None and field.name not in scope.fields:
            continue
        operand = ColumnRef(field=field, guard=reader.column_guard(field))
        if field.type in _SEARCHED_TEXT:
            found.append(
                Compare(
                    operand=operand,
                    op="icontains",
                    slots=(Slot(source=source, type="string", shape="contains", operator="search"),),
                )
            )
        elif field.type in _NUMBERS or field.type == "uuid":
            found.append(
                Compare(
                    operand=operand,
                    op="eq",
                    slots=(Slot(source=source, type=field.type, shape="search", operator="search"),),
                )
            )
    return any_of(found)
