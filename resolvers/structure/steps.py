"""A change of the schema as data: what happens to tables, and what to the rows that describe them.

    Change(ddl=(DropColumn(table="articles", name="mood"),),
           rows=(RowStep(table="directus_fields", action="delete",
                         where={"collection": "articles", "field": "mood"}),
                 Forget(collection="articles", field="mood")))

A `Phase` plans one against the snapshot as it is at that moment, inside the transaction that carries it out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from resolvers.sql.ddl.shapes import DdlChange
from schema_gen.model import SchemaSnapshot

COLLECTIONS: Final = "directus_collections"
FIELDS: Final = "directus_fields"
RELATIONS: Final = "directus_relations"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowStep:
    """What becomes of the rows of a system collection that have the values of `where`. `put` changes those
    that are there, or else makes one of `where` and `values`.
    """

    table: str
    action: Literal["create", "update", "delete", "put"]
    where: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """A field, or a whole collection (`field` None), is gone: grants, presets and what else names it go too,
    so that nothing of it comes back with another one of the same name.
    """

    collection: str
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`ddl` is carried out first; `rows` are written in their order."""

    ddl: tuple[DdlChange, ...] = ()
    rows: tuple[RowStep | Forget, ...] = ()

    def __add__(self, other: Change) -> Change:
        return Change(ddl=self.ddl + other.ddl, rows=self.rows + other.rows)


Phase = Callable[[SchemaSnapshot], Change]
