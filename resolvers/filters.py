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

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from resolvers.comparisons import Comparer, flag
from resolvers.conditions import (
    Condition,
    Constant,
    Hop,
    Related,
    all_of,
    any_of,
)
from resolvers.operands import function_operand, split_call
from resolvers.operators import ALL_OPERATORS
from resolvers.reader import Given, Reader, entries
from schema_gen.errors import CausewayError, forbidden_collection, forbidden_field, invalid_query
from schema_gen.model import Collection, Field, Link, SchemaSnapshot

_FLAGS: Final = frozenset({"_null", "_nnull", "_empty", "_nempty"})


def shape_of(value: Any, key: str = "") -> Hashable:
    """What of a filter is structure. Values of flags count whole: `_null: false` asks something else."""
    if isinstance(value, str):
        return "s" if value and value[0] != "$" and key not in _FLAGS else value
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
        # what a list holds decides how values inside JSON are compared
        return "ls" if value and isinstance(value[0], str) else "l"
    return "n" if key not in _FLAGS else ("n", value)


def parse_rule(rule: Mapping[str, Any], collection: Collection, snapshot: SchemaSnapshot) -> Condition | None:
    """A permission rule. What it names and no longer exists matches nothing: access is never widened by a
    change.
    """
    reader = Reader(snapshot=snapshot, gate=None, variables={}, max_depth=50, max_json_depth=50)
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

    @property
    def comparer(self) -> Comparer:
        return Comparer(reader=self.reader, place=self.place)

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
        names = self.reader.names
        of = names.function_base(collection.name, key) if names else None
        if of is not None:
            base = self.reader.find_field(collection, of)
            if base is not None and isinstance(given.value, Mapping):
                return all_of(
                    [
                        condition
                        for name, value in given.value.items()
                        if (condition := self._call(name, base.name, given.at(name, value), collection, hops))
                        is not None
                    ]
                )
        branch = names.branches(collection.name).get(key) if names else None
        if branch is not None:
            return self._any_branch(branch[0], branch[1], given, collection, hops)
        return _NOT_DERIVED

    def _logic(
        self, key: str, given: Given, collection: Collection, hops: tuple[Hop, ...]
    ) -> Condition | None:
        listed = entries(given)
        if listed is None:
            raise invalid_query("Invalid filter object")
        found = [self.items(entry, collection, hops) for entry in listed]
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
        operand = self.reader.column(field, hops)
        return self.comparer.operators(operand, field, given)

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
        hop = self.reader.hop(field, link, link.target, inner.place)
        target = self.reader.snapshot.collections[link.target]
        found = [inner.items(replace(given, value=nested), target, (*hops, hop))]
        if direct:
            operand = self.reader.column(field, hops)
            found.append(self.comparer.operators(operand, field, replace(given, value=direct)))
        return all_of([condition for condition in found if condition is not None])

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
        hop = self.reader.hop(field, link, target, inner.place)
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
                is_null = flag(self.reader.given(given.at(key, value)).value, key) == (key == "_null")
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
        if function == "json":
            return self.comparer.json_value(operand, field, given)
        return self.comparer.operators(operand, field, given, as_type="integer")


_NOT_DERIVED: Final = object()


def _is_known_operator(key: Any) -> bool:
    """Under a relation a key that begins with an underscore may also be a field of the other side."""
    return isinstance(key, str) and key[:1] == "_" and key[1:] in ALL_OPERATORS


def _only_operators(value: Mapping[str, Any]) -> bool:
    return all(_is_known_operator(key) for key in value)
