"""What the fields of one collection are called in GraphQL (a part of `naming`). Pure.

    fields id, day, day_func, "Order No", tags (o2m), tags_changes
    -> to         {"Order No": "Order_No"}
       functions  {"day": "day_func_"}             `day_func` is taken by a real field
       changes    {"tags": "tags_changes_"}        so is `tags_changes`

Real fields keep their names. Only what differs from the pattern is kept, for nearly every name is itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schema_gen.model import Collection
from schema_gen.spelling import RESERVED_FIELDS, spelled, usable

#: (what it is a name for, the name it would have, the names that are taken) -> the name that it gets
Free = Callable[[str, str, set[str]], str]
#: a field with a relation: its name, the kind of its link, and for m2a the collections that it leads to, each
#: with the name of its type
LinkedField = tuple[str, str, tuple[tuple[str, str], ...]]

_DERIVED: Final = ("_func", "_changes")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldNames:
    """`to` database -> GraphQL, `back` the other way; `functions` and `changes`: field (database name) -> the
    derived name, `..._bases` the other way.
    """

    to: Mapping[str, str]
    back: Mapping[str, str]
    functions: Mapping[str, str]
    function_bases: Mapping[str, str]
    changes: Mapping[str, str]
    changes_bases: Mapping[str, str]
    #: fields of m2a filters and inputs -> (field, collection), both as the database has them
    branches: Mapping[str, tuple[str, str]]


PLAIN: Final = FieldNames(
    to={}, back={}, functions={}, function_bases={}, changes={}, changes_bases={}, branches={}
)


def field_names(home: Collection, links: Sequence[LinkedField], free: Free) -> FieldNames:
    anys = {name: targets for name, kind, targets in links if kind == "m2a"}
    if not anys and _is_plain(home):
        return PLAIN
    to = spelled(home.fields, RESERVED_FIELDS)
    taken = set(to.values())
    functions: dict[str, str] = {}
    for name, alias in to.items():
        if f"{alias}_func" in taken:
            functions[name] = free(f"function field of {home.name}", f"{alias}_func", taken)
    branches = _branches(home, anys, to, taken, free)
    changes: dict[str, str] = {}
    for name, kind, _ in links:
        if kind != "m2a" and f"{to[name]}_changes" in taken:
            changes[name] = free(f"changes of {home.name}", f"{to[name]}_changes", taken)
    return FieldNames(
        to={name: alias for name, alias in to.items() if name != alias},
        back={alias: name for name, alias in to.items() if name != alias},
        functions=functions,
        function_bases={alias: name for name, alias in functions.items()},
        changes=changes,
        changes_bases={alias: name for name, alias in changes.items()},
        branches=branches,
    )


def _is_plain(home: Collection) -> bool:
    return all(usable(name, RESERVED_FIELDS) and not name.endswith(_DERIVED) for name in home.fields)


def _branches(
    home: Collection,
    anys: Mapping[str, tuple[tuple[str, str], ...]],
    to: Mapping[str, str],
    taken: set[str],
    free: Free,
) -> Mapping[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for name, targets in anys.items():
        for target, type_name in targets:
            alias = free(f"filter field of {home.name}", f"{to[name]}__{type_name}", taken)
            found[alias] = (name, target)
    return found
