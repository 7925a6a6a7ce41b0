"""What ends a filter: operators and their values -> comparisons (a part of `resolvers.filters`).

operand of `views`, {"_gt": 5, "_lt": "$NOW"}
-> And((Compare(gt, Slot(Variable(...))), Compare(lt, Slot(Now()))))
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from resolvers.conditions import (
    ActorField,
    ColumnRef,
    Compare,
    Condition,
    Current,
    JsonPath,
    Literal_,
    Now,
    Operand,
    Operator,
    Slot,
    Source,
    Variable,
    all_of,
    any_of,
)
from resolvers.conditions import Shape as SlotShape
from resolvers.operands import column_path, json_path
from resolvers.operators import OPERATORS, SPATIAL
from resolvers.reader import Given, Reader, VariableRef, entries
from schema_gen.errors import forbidden_field, invalid_query
from schema_gen.model import Field, FieldType

_NOW: Final = re.compile(r"^\$NOW(?:\((.*)\))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparer:
    """`place`: the relation fields that lead to what is compared, for messages."""

    reader: Reader
    place: tuple[str, ...] = ()

    def operators(
        self, operand: Operand, field: Field, given: Given, as_type: FieldType | None = None
    ) -> Condition | None:
        if not isinstance(given.value, Mapping):
            return self._compare("eq", operand, field, given, as_type)
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
        if op in SPATIAL and (field.column is None or field.column.geometry is None):
            raise invalid_query(f'"_{op}" needs a column of PostGIS: "{field.name}" holds geometries as text')
        if op in ("null", "nnull", "empty", "nempty"):
            wanted = flag(given.value, f"_{op}")
            if not wanted:
                op = {"null": "nnull", "nnull": "null", "empty": "nempty", "nempty": "empty"}[op]
            return Compare(operand=operand, op=cast(Operator, op))
        listed = entries(given) if op in ("in", "nin") else None
        if listed is not None and any(_is_dynamic(entry.value) for entry in listed):
            return self._one_by_one(op, operand, kind, listed)
        if given.value is None and op in ("eq", "neq"):
            return Compare(operand=operand, op="null" if op == "eq" else "nnull")
        return Compare(operand=operand, op=cast(Operator, op), slots=self._slots(op, kind, given))

    def _one_by_one(
        self, op: str, operand: Operand, kind: FieldType, listed: list[Given]
    ) -> Condition | None:
        """A list with `$` variables in it: each entry compared by itself."""
        found: list[Condition] = []
        for entry in listed:
            if entry.value in ("$CURRENT_ROLES", "$CURRENT_POLICIES"):
                slot = Slot(
                    source=self._source(entry, kind, f"_{op}"), type=kind, shape="list", operator=f"_{op}"
                )
                found.append(Compare(operand=operand, op="in" if op == "in" else "nin", slots=(slot,)))
            else:
                slot = Slot(
                    source=self._source(entry, kind, f"_{op}"), type=kind, shape="exact", operator=f"_{op}"
                )
                found.append(Compare(operand=operand, op="eq" if op == "in" else "neq", slots=(slot,)))
        return any_of(found) if op == "in" else all_of(found)

    def _slots(self, op: str, kind: FieldType, given: Given) -> tuple[Slot, ...]:
        name = f"_{op}"
        if op in ("in", "nin"):
            return (Slot(source=self._source(given, kind, name), type=kind, shape="list", operator=name),)
        if op in ("between", "nbetween"):
            return self._bounds(kind, given, name)
        if isinstance(given.value, Mapping) and not kind.startswith("geometry"):
            raise invalid_query(f'The filter value for "{name}" has to be a string, number, or boolean')
        return (
            Slot(source=self._source(given, kind, name), type=kind, shape=_dress(op, kind), operator=name),
        )

    def _bounds(self, kind: FieldType, given: Given, name: str) -> tuple[Slot, Slot]:
        """The two ends of `_between`, inclusive."""
        dress: tuple[SlotShape, SlotShape] = (
            ("ceil", "floor") if kind in ("integer", "bigInteger") else ("plain", "plain")
        )
        listed = entries(given)
        if given.path is None and listed is not None:
            if len(listed) != 2:
                raise invalid_query(f'"{name}" has to be an array of values')
            ends = [self.reader.given(end) for end in listed]
            low, high = (
                Slot(source=self._source(end, kind, name), type=kind, shape=shape, operator=name)
                for end, shape in zip(ends, dress, strict=True)
            )
            return low, high
        if listed is not None and any(_is_dynamic(end.value) for end in listed):
            if len(listed) != 2:
                raise invalid_query(f'"{name}" has to be an array of values')
            low, high = (
                Slot(source=self._source(end, kind, name), type=kind, shape=shape, operator=name)
                for end, shape in zip(listed, dress, strict=True)
            )
            return low, high
        source = self._source(given, kind, name)
        return (
            Slot(source=source, type=kind, shape=dress[0], item=0, operator=name),
            Slot(source=source, type=kind, shape=dress[1], item=1, operator=name),
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
        found = [
            self.json_value(
                JsonPath(column=operand, path=json_path(str(path), self.reader.max_json_depth)),
                field,
                self.reader.given(given.at(path, operators)),
            )
            for path, operators in given.value.items()
        ]
        return all_of([condition for condition in found if condition is not None])

    def json_value(self, operand: Operand, field: Field, given: Given) -> Condition | None:
        """Operators on one value inside a JSON column, compared as the kind of what they are given."""
        found: list[Condition] = []
        for key, value in _mapping(given.value).items():
            leaf = self.reader.given(given.at(key, value))
            condition = self._compare(str(key)[1:], operand, field, leaf, _json_kind(str(key), leaf.value))
            if condition is not None:
                found.append(condition)
        return all_of(found)


def _is_operator(key: Any) -> bool:
    """Under a field without relation whatever begins with an underscore is meant as an operator."""
    return isinstance(key, str) and key[:1] == "_" and key not in ("_and", "_or")


def _is_dynamic(value: Any) -> bool:
    return isinstance(value, str) and value[:1] == "$"


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


def flag(value: Any, operator: str) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("", "true", "1", 1):
        return True
    if value in ("false", "0", 0):
        return False
    if value is None:
        return True
    raise invalid_query(f'"{operator}" has to be a boolean')
