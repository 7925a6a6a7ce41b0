"""Keys from routes and bodies -> conditions on the key columns of a collection."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from resolvers.keys import decode_key
from schema_gen.errors import forbidden
from schema_gen.model import Collection

_WHOLE: Final = re.compile(r"[+-]?\d{1,19}", re.A)


def keys_condition(collection: Collection, keys: Sequence[str | int]) -> Mapping[str, Any]:
    """The filter that these items meet. A key that no item can have is refused like one that no item has."""
    columns = collection.primary_key
    if not columns:
        raise forbidden()
    if len(columns) == 1:
        return {columns[0]: {"_in": [_checked(collection, columns[0], key) for key in keys]}}
    clauses = [
        {
            "_and": [
                {name: {"_eq": _checked(collection, name, part)}}
                for name, part in zip(columns, decode_key(str(key), len(columns)), strict=True)
            ]
        }
        for key in keys
    ]
    return {"_or": clauses} if clauses else {columns[0]: {"_in": []}}


def _checked(collection: Collection, column: str, key: str | int) -> str | int:
    kind = collection.fields[column].type
    if kind in ("integer", "bigInteger") and not _WHOLE.fullmatch(str(key).strip()):
        raise forbidden()
    return key
