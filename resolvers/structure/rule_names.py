"""Whether a filter names a field, on whatever path it gets there, or by a variable. Pure.

    gone = Forget(collection="authors", field="salary")
    names({"author": {"salary": {"_gt": 9}}}, "articles", snapshot, gone)       -> True
    reads({"by": {"_eq": "$CURRENT_USER.author.salary"}}, snapshot, gone)       -> True

Asked of permission rules before what they name is dropped: a rule on a field that is gone matches nothing,
but would match again with another field of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from resolvers.operands import split_call, split_path
from resolvers.structure.steps import Forget
from resolvers.writing.actor_values import WHO
from schema_gen.model import SchemaSnapshot


def names(rule: Any, collection: str, snapshot: SchemaSnapshot, gone: Forget) -> bool:
    """`rule`: a filter on items of `collection`."""
    if isinstance(rule, list):
        return any(names(each, collection, snapshot, gone) for each in rule)
    if not isinstance(rule, Mapping):
        return False
    return any(_names(str(key), value, collection, snapshot, gone) for key, value in rule.items())


def reads(value: Any, snapshot: SchemaSnapshot, gone: Forget) -> bool:
    """Whether a variable anywhere in it (`$CURRENT_USER.boss.team`) gets to what is gone."""
    if isinstance(value, Mapping):
        return any(reads(each, snapshot, gone) for each in value.values())
    if isinstance(value, list):
        return any(reads(each, snapshot, gone) for each in value)
    if not isinstance(value, str):
        return False
    head, _, path = value.partition(".")
    if not path or head not in WHO:
        return False
    rule: Any = {"_nnull": True}
    for step in reversed(split_path(path)):
        rule = {step: rule}
    return names(rule, WHO[head][1], snapshot, gone)


def _names(key: str, value: Any, collection: str, snapshot: SchemaSnapshot, gone: Forget) -> bool:
    if gone.field is None and collection == gone.collection:
        return True
    home = snapshot.collections.get(collection)
    if key.startswith("_") and (home is None or key not in home.fields):
        # `_and`, `_or`, `_some`, `_none` speak of the same items; what other operators hold are values
        return key in ("_and", "_or", "_some", "_none") and names(value, collection, snapshot, gone)
    field = _field(key)
    if (collection, field) == (gone.collection, gone.field):
        return True
    return any(names(value, target, snapshot, gone) for target in _targets(key, field, collection, snapshot))


def _field(key: str) -> str:
    """`year(born)` -> `born`; `json(data, a.b)` -> `data`; `item:headings` -> `item`."""
    call = split_call(key)
    inner = call[1] if call else key
    return inner.partition(",")[0].strip().partition(":")[0].partition(".")[0]


def _targets(key: str, field: str, collection: str, snapshot: SchemaSnapshot) -> Iterator[str]:
    link = snapshot.link(collection, field)
    if link is None:
        return
    named = key.partition(":")[2]
    if link.kind == "m2a":
        yield from ((named,) if named else link.allowed)
    else:
        yield link.target
