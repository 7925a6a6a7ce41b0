"""What the demo's collections are made of: frozen descriptions, and the fields that several of them have.

text("title", required=True)
    -> DemoField(name="title", type="string", nullable=False, interface="input")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schema_gen.model import FieldType

#: of a table, by column
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A foreign key to `table.id`."""

    table: str
    on_delete: str = "SET NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoField:
    name: str
    type: FieldType
    #: instead of the usual column type; a spelling that both databases take
    column_type: str | None = None
    nullable: bool = True
    unique: bool = False
    default: str | int | bool | None = None
    reference: Reference | None = None
    special: tuple[str, ...] = ()
    interface: str | None = None
    options: Mapping[str, Any] | None = None
    display: str | None = None
    width: str = "full"
    hidden: bool = False
    readonly: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCollection:
    """`folder`: metadata only, a place in the tree of collections."""

    name: str
    fields: tuple[DemoField, ...] = ()
    folder: bool = False
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRelation:
    """A row of `directus_relations`; `many_to_any` names what the link may lead to."""

    collection: str
    name: str
    related: str | None
    one_field: str | None = None
    junction_field: str | None = None
    sort_field: str | None = None
    deselect: str = "nullify"
    many_to_any: tuple[str, ...] = ()


def key() -> DemoField:
    return DemoField(name="id", type="integer", nullable=False, interface="input", hidden=True, readonly=True)


def text(name: str, *, long: bool = False, required: bool = False, **more: Any) -> DemoField:
    interface = "input-multiline" if long else "input"
    kind: FieldType = "text" if long else "string"
    return DemoField(name=name, type=kind, **{"nullable": not required, "interface": interface, **more})


def to_one(name: str, table: str, template: str, on_delete: str = "SET NULL", **more: Any) -> DemoField:
    return DemoField(
        name=name,
        type="integer",
        reference=Reference(table=table, on_delete=on_delete),
        **{
            "special": ("m2o",),
            "interface": "select-dropdown-m2o",
            "options": {"template": template},
            "display": "related-values",
            **more,
        },
    )


def to_many(name: str, special: str, interface: str, **more: Any) -> DemoField:
    return DemoField(name=name, type="alias", special=(special,), interface=interface, **more)


def sort() -> DemoField:
    return DemoField(name="sort", type="integer", interface="input", hidden=True)


def status(*choices: str, default: str) -> DemoField:
    options = {"choices": [{"text": choice.capitalize(), "value": choice} for choice in choices]}
    return DemoField(
        name="status",
        type="string",
        nullable=False,
        default=default,
        interface="select-dropdown",
        options=options,
        display="labels",
        width="half",
    )


def stamp(name: str, special: str) -> DemoField:
    return DemoField(
        name=name,
        type="timestamp",
        special=(special, "cast-timestamp"),
        interface="datetime",
        display="datetime",
        width="half",
        hidden=True,
        readonly=True,
    )


def person(name: str, special: str) -> DemoField:
    return DemoField(
        name=name,
        type="uuid",
        reference=Reference(table="directus_users"),
        special=(special,),
        interface="select-dropdown-m2o",
        options={"template": "{{avatar}} {{first_name}} {{last_name}}"},
        display="user",
        width="half",
        hidden=True,
        readonly=True,
    )
