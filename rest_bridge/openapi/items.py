"""Schemas of items: what is read of a collection, what a new item may hold, what may be changed.

    ItemsArticles          every field that the caller may read; related items or their keys
    ItemsArticles_create   every field that a new item may have, `required` what it has to have
    ItemsArticles_update   every field that may be changed, and the key, which says of what

Component names of collections have no underscore, so the three never meet.
"""

from __future__ import annotations

from typing import Any, Final

from rest_bridge.openapi.setting import Schema, Setting
from rest_bridge.openapi.values import or_null, plain_value, read_value, told_value, write_value
from schema_gen.drivers.base import DialectName
from schema_gen.graphql.outputs import GENERATED, note_of
from schema_gen.graphql.uses import Use, uses_of
from schema_gen.graphql.view import WriteAction
from schema_gen.graphql.write_inputs import asked_fields
from schema_gen.model import Collection, Field, Link

_TEXT: Final[Schema] = {"type": "string"}


def item_schemas(home: Collection, setting: Setting) -> dict[str, Schema]:
    """Component name -> schema, of all that the caller has to do with."""
    name = setting.components[home.name]
    found: dict[str, Schema] = {}
    if setting.typed(home.name):
        found[name] = _read(home, setting)
    if setting.created(home.name):
        found[f"{name}_create"] = _written(home, "create", setting)
    if setting.updated(home.name):
        found[f"{name}_update"] = _written(home, "update", setting)
    return found


def key_schema(home: Collection) -> Schema:
    """One key: a value, or the values of a composite key as a text."""
    if len(home.primary_key) != 1:
        return dict(_TEXT)
    return plain_value(home.fields[home.primary_key[0]])


def _told_key(home: Collection, dialect: DialectName) -> Schema:
    """The same as it is answered."""
    if len(home.primary_key) != 1:
        return key_schema(home)
    return told_value(home.fields[home.primary_key[0]], dialect)


# --- reading ------------------------------------------------------------------------------------------------


def _read(home: Collection, setting: Setting) -> Schema:
    properties: dict[str, Any] = {}
    for use in uses_of(home, setting.snapshot, setting.names, setting.view):
        properties[use.field.name] = _told(_value(use, home, setting), note_of(use))
    return {"type": "object", "properties": properties, "x-collection": home.name}


def _value(use: Use, home: Collection, setting: Setting) -> Schema:
    dialect = setting.snapshot.dialect
    if use.kind == "leaf":
        return read_value(use.field, dialect, nullable=_may_be_null(use, home))
    related = [setting.item(target) for target in use.targets]
    if use.kind == "many":
        target = setting.snapshot.collections[use.targets[0]]
        # null where the rules hide the list of this item
        return or_null({"type": "array", "items": {"anyOf": [_told_key(target, dialect), *related]}})
    return {"anyOf": [read_value(use.field, dialect, nullable=True), *related]}


def _may_be_null(use: Use, home: Collection) -> bool:
    column = use.field.column
    # a singleton without a row answers with its defaults
    if column is None or not use.steady or home.singleton:
        return True
    return column.nullable and not use.key


# --- writing ------------------------------------------------------------------------------------------------


def _written(home: Collection, action: WriteAction, setting: Setting) -> Schema:
    granted = setting.view.write_fields(action, home.name)
    if action == "update":
        granted = granted.union(home.primary_key)
    properties: dict[str, Any] = {}
    for name, field in home.fields.items():
        if name not in granted or (field.column is not None and field.column.generated):
            continue
        value = _taken(field, setting.snapshot.link(home.name, name), setting)
        if value is not None:
            properties[name] = {**value, **(_default(field) if action == "create" else {})}
    schema: Schema = {"type": "object", "properties": properties, "x-collection": home.name}
    if action == "create":
        asked = asked_fields(home, setting.snapshot, setting.view)
        required = [name for name in properties if name in asked]
        if required:
            schema["required"] = required
    return schema


def _taken(field: Field, link: Link | None, setting: Setting) -> Schema | None:
    """None: nothing can be said of the field in a payload."""
    if link is None:
        return None if field.column is None else write_value(field)
    if link.kind == "o2m":
        return _list(link, setting) if link.target in setting.components else None
    targets = (link.target,) if link.kind == "m2o" else link.allowed
    forms = [form for target in targets for form in _item_forms(target, setting)]
    value = write_value(field)
    return {"anyOf": [value, *forms]} if forms else value


def _item_forms(target: str, setting: Setting) -> list[Schema]:
    """How an item is written inside another one: as a new one, or as a change of one that is there."""
    forms: list[Schema] = []
    if target in setting.components:
        if setting.created(target):
            forms.append(setting.new(target))
        if setting.updated(target):
            forms.append(setting.change(target))
    return forms


def _list(link: Link, setting: Setting) -> Schema:
    """All that a list shall hold, or the steps that change it."""
    keys = key_schema(setting.snapshot.collections[link.target])
    steps: dict[str, Any] = {"delete": {"type": "array", "items": keys}}
    if setting.created(link.target):
        steps["create"] = {"type": "array", "items": setting.new(link.target)}
    if setting.updated(link.target):
        steps["update"] = {"type": "array", "items": setting.change(link.target)}
    return {
        "anyOf": [
            {"type": "array", "items": {"anyOf": [keys, *_item_forms(link.target, setting)]}},
            {"type": "object", "properties": steps, "additionalProperties": False},
        ]
    }


def _default(field: Field) -> Schema:
    """Defaults that are values for certain: texts may be expressions."""
    column = field.column
    if column is None or not GENERATED.isdisjoint(field.special):
        return {}
    value = column.default
    return {"default": value} if isinstance(value, (bool, int, float)) else {}


def _told(value: Schema, note: str | None) -> Schema:
    return {**value, "description": note} if note else value
