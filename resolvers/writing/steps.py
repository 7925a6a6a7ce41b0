"""What will be done, in the order in which it can be: to-one items, the item itself, its lists.

    Step(create articles {title: "A"},
         ones=((author, Step(create authors {name: "B"})),),
         lists=(ListStep(link=tags, gone=(), kept=(Step(create articles_tags {tags_id: 1}),)),))

Steps come out of `prepare` decided: rights, validation and look-ups lie behind them. What they still lack is
keys that the database has not made yet; `perform` fills them in on the way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from schema_gen.database import Transaction
from schema_gen.model import Collection, Link

#: values of the key's columns as the driver gives and takes them
Key = tuple[Any, ...]
#: told of items before they are deleted: transaction, collection, keys
Leaving = Callable[[Transaction, str, Sequence[Key]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`key` None: the database makes it. `columns`: values as the driver takes them; `delta`: what history
    tells of them, as JSON values.
    """

    action: Literal["create", "update", "delete"]
    collection: Collection
    key: Key | None
    columns: Mapping[str, Any]
    delta: Mapping[str, Any]
    ones: tuple[tuple[Link, Step], ...] = ()
    lists: tuple[ListStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStep:
    """`gone` leave the list before `kept` come into it, so that a place that is unique can be taken anew."""

    link: Link
    gone: tuple[Step, ...] = ()
    kept: tuple[Step, ...] = ()
