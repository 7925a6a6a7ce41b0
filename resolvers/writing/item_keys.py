"""Keys as they are sent -> keys as the driver has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from resolvers.keys import decode_key
from resolvers.writing.steps import Key
from schema_gen.errors import CausewayError, forbidden
from schema_gen.model import Collection


class ItemKeys:
    """`convert`: a raw value as the driver takes it, by collection and field."""

    def __init__(self, convert: Callable[[str, str, Any], Any]) -> None:
        self._convert = convert

    def of(self, collection: Collection, values: Mapping[str, Any]) -> Key | None:
        """The key that the values give; None where a part is missing. What cannot be a key names no item:
        FORBIDDEN.
        """
        return self.values(collection, values, collection.primary_key)

    def named(self, collection: Collection, raw: Any) -> Key | None:
        """The key that stands in a route, an argument or a list; None for what names no item."""
        columns = collection.primary_key
        try:
            if isinstance(raw, Mapping):
                return self.of(collection, raw)
            if len(columns) == 1:
                return None if raw is None else self.of(collection, {columns[0]: raw})
            return self.of(collection, dict(zip(columns, decode_key(str(raw), len(columns)), strict=True)))
        except CausewayError:
            return None

    def values(self, collection: Collection, values: Mapping[str, Any], names: Sequence[str]) -> Key | None:
        """The values of these columns as the driver takes them; None where one is not given."""
        found: list[Any] = []
        for name in names:
            value = values.get(name)
            if value is None or (value == "" and "uuid" in collection.fields[name].special):
                # nothing was sent that a new item could be named by
                return None
            try:
                found.append(self._convert(collection.name, name, value))
            except CausewayError as error:
                if name in collection.primary_key:
                    raise forbidden() from error
                raise
        return tuple(found) or None
