"""What fields make of the values that are sent: presets, values of their own, rules, the driver's form.

One for each snapshot; converters are made once for each field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from resolvers.context import RequestContext
from resolvers.permissions import Grant
from resolvers.secrets import Hasher
from resolvers.writing.items import Item
from resolvers.writing.presets import with_presets
from resolvers.writing.specials import made_by_fields, secret_fields
from resolvers.writing.validation import refusals
from resolvers.writing.values import converter
from schema_gen.drivers.base import DialectName
from schema_gen.errors import CausewayError
from schema_gen.model import Collection, SchemaSnapshot


class Fields:
    def __init__(self, snapshot: SchemaSnapshot, dialect: DialectName, hasher: Hasher) -> None:
        self._snapshot = snapshot
        self._dialect = dialect
        self._hasher = hasher
        self._converters: dict[tuple[str, str], Callable[[Any], Any]] = {}
        self._secret: dict[str, frozenset[str]] = {}

    def convert(self, collection: str, name: str, value: Any) -> Any:
        """A JSON value as the driver takes it. Raises what the protocol has for values that do not fit."""
        known = self._converters.get((collection, name))
        if known is None:
            field = self._snapshot.collections[collection].fields[name]
            known = self._converters[collection, name] = converter(field, self._dialect)
        return known(value)

    def complete(
        self,
        collection: Collection,
        item: Item,
        action: Literal["create", "update"],
        grants: Sequence[Grant],
        provided: frozenset[str],
        context: RequestContext,
    ) -> tuple[Mapping[str, Any], list[CausewayError]]:
        """The values of all columns that will be written, as JSON; and why they cannot be."""
        payload = with_presets(item.values, grants, context)
        made = made_by_fields(collection, action, context)
        full = {**made, **payload}
        return full, refusals(
            collection, full, action=action, path=item.path, grants=grants, context=context,
            snapshot=self._snapshot, provided=provided,
        )  # fmt: skip

    async def with_hashes(
        self, collection: Collection, payloads: Sequence[Mapping[str, Any]]
    ) -> Sequence[Mapping[str, Any]]:
        """Secrets in the form in which they are kept."""
        names = secret_fields(collection)
        if not names:
            return payloads
        return [
            {
                name: await self._hasher.hash(str(value)) if name in names and value is not None else value
                for name, value in payload.items()
            }
            for payload in payloads
        ]
