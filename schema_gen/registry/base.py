"""The words in which the system collections are described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

#: what a system column stores; `schema_gen.registry.tables` knows the column type in each database
Storage = Literal["bigInteger", "boolean", "float", "integer", "json", "string", "text", "timestamp", "uuid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Foreign key of one column."""

    table: str
    column: str = "id"
    on_delete: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemField:
    """A column, or an alias (`storage` None). `default` is the value itself; "now" for the current moment."""

    name: str
    storage: Storage | None = None
    length: int | None = None
    special: tuple[str, ...] = ()
    default: Any = None
    required: bool = False
    primary_key: bool = False
    unique: bool = False
    indexed: bool = False
    references: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemTable:
    """A system collection.

    `path`: its REST route without slash, None where it has none. `graphql`: generated in the system scope
    as items. `behavior`: key of what it does beyond rows (see `resolvers.behaviors`).
    """

    name: str
    fields: tuple[SystemField, ...]
    path: str | None = None
    graphql: bool = True
    singleton: bool = False
    behavior: str | None = None
    uniques: tuple[tuple[str, ...], ...] = ()
    icon: str | None = None
    accountability: Literal["all", "activity"] | None = "all"
    display_template: str | None = None
    sort_field: str | None = None
    archive_field: str | None = None
    archive_value: str | None = None
    unarchive_value: str | None = None

    @property
    def columns(self) -> tuple[SystemField, ...]:
        return tuple(field for field in self.fields if field.storage is not None)

    @property
    def primary_key(self) -> str:
        return next(field.name for field in self.fields if field.primary_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRelation:
    """A relation of the system collections, as `directus_relations` would hold it."""

    collection: str
    field: str
    related: str
    one_field: str | None = None
    junction_field: str | None = None
    sort_field: str | None = None
    deselect: Literal["nullify", "delete"] = "nullify"


def column(
    name: str,
    storage: Storage,
    length: int | None = None,
    *special: str,
    default: Any = None,
    required: bool = False,
    key: bool = False,
    unique: bool = False,
    indexed: bool = False,
    to: str | None = None,
    on_delete: str | None = None,
) -> SystemField:
    """`to`: "table" or "table.column" that a foreign key points at (the column is "id" unless named)."""
    table, _, target = (to or "").partition(".")
    return SystemField(
        name=name,
        storage=storage,
        length=length,
        special=special,
        default=default,
        required=required or key,
        primary_key=key,
        unique=unique,
        indexed=indexed,
        references=Reference(table=table, column=target or "id", on_delete=on_delete) if to else None,
    )


def alias(name: str, *special: str) -> SystemField:
    return SystemField(name=name, special=special)
