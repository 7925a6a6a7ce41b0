"""What fields make of the values that are sent: presets, values of their own, rules, the driver's form.

One for each snapshot: converters are made once for each field, validators once for each collection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resolvers.context import RequestContext
from resolvers.permissions import Grant
from resolvers.secrets import Hasher
from resolvers.writing.actor_values import ActorValues
from resolvers.writing.current import Current
from resolvers.writing.hashing import hidden, secret_fields
from resolvers.writing.items import Item
from resolvers.writing.presets import presets
from resolvers.writing.specials import Change, special_values
from resolvers.writing.telling import Tell, teller
from resolvers.writing.validation import Validator, rules_of
from resolvers.writing.values import converter
from schema_gen.drivers.base import DialectName
from schema_gen.errors import CausewayError
from schema_gen.model import Collection, SchemaSnapshot

_NO_FIELDS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """`values`: of every column that will be written, as JSON; `told`: those that history tells of; `errors`:
    why they cannot be written.
    """

    values: Mapping[str, Any]
    told: Mapping[str, Any]
    errors: Sequence[CausewayError]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What holds for all items of a collection that one request changes in one way."""

    change: Change
    presets: Mapping[str, Any]
    grants: tuple[Grant, ...]
    current: Current
    validator: Validator
    special: Callable[[Mapping[str, Any], RequestContext], dict[str, Any]]

    def complete(self, item: Item, provided: frozenset[str] = _NO_FIELDS) -> Completed:
        """`provided`: fields that others fill."""
        payload = {**self.presets, **item.values} if self.presets else item.values
        if self.current.context.facts:
            payload = {**payload, **_facts(self.current.context, item)}
        asked = {**payload, **{name: item.raw[name] for name in item.related}} if item.related else payload
        errors = self.validator.refusals(
            asked, self.current, self.grants, path=item.path, provided=provided.union(item.related)
        )
        made = self.special(payload, self.current.context)
        values = {**payload, **made} if made else payload
        return Completed(values=values, told=values if self.change == "update" else payload, errors=errors)


class Fields:
    """`hasher`: hides what permissions preset of secrets; None: nobody's permissions are asked."""

    def __init__(self, snapshot: SchemaSnapshot, dialect: DialectName, hasher: Hasher | None = None) -> None:
        self._snapshot = snapshot
        self._dialect = dialect
        self._hasher = hasher
        self._converters: dict[tuple[str, str], Callable[[Any], Any]] = {}
        self._tellers: dict[tuple[str, str], Tell | None] = {}
        self._validators: dict[tuple[str, Change], Validator] = {}
        self._specials: dict[tuple[str, Change], Callable[..., dict[str, Any]]] = {}

    def convert(self, collection: str, name: str, value: Any) -> Any:
        """A JSON value as the driver takes it. Raises what the protocol has for values that do not fit."""
        known = self._converters.get((collection, name))
        if known is None:
            field = self._snapshot.collections[collection].fields[name]
            known = self._converters[collection, name] = converter(field, self._dialect)
        return known(value)

    def tell(self, collection: str, name: str, value: Any) -> Any:
        """A value that was converted, as history tells it; what is no field of the collection as it is."""
        key = (collection, name)
        if key not in self._tellers:
            field = self._snapshot.collections[collection].fields.get(name)
            self._tellers[key] = None if field is None else teller(field, self._dialect)
        known = self._tellers[key]
        return value if known is None else known(value)

    async def batch(
        self, collection: Collection, change: Change, grants: tuple[Grant, ...], values: ActorValues
    ) -> Batch:
        key = (collection.name, change)
        if key not in self._validators:
            self._validators[key] = Validator.of(collection, change, self._snapshot)
            self._specials[key] = special_values(collection, change)
        current = await values.current(*rules_of(collection, grants))
        columns = collection.fields
        given = {
            name: value
            for name, value in presets(grants, current).items()
            if name in columns and not columns[name].alias
        }
        if given and self._hasher is not None:
            for name, way in secret_fields(collection).items():
                if name in given:
                    given[name] = await hidden(given[name], way, self._hasher)
        return Batch(
            change=change,
            presets=given,
            grants=grants,
            current=current,
            validator=self._validators[key],
            special=self._specials[key],
        )


def _facts(context: RequestContext, item: Item) -> Mapping[str, Any]:
    """What the server knows of an item of the root."""
    place = item.path[0] if item.path else 0
    return context.facts[place] if len(item.path) < 2 and isinstance(place, int) else {}
