"""What was sent of collections, fields and relations, read: names, kinds and types are checked here. Pure.

    read_field({"field": "title", "type": "string", "schema": {"max_length": "100"}, "meta": {}})
        -> FieldPayload(name="title", type="string", schema={"max_length": 100}, meta={})

Everything that can be wrong with a payload by itself is INVALID_PAYLOAD; whether it fits what there is, is
asked where the change is planned. Of `schema` only what a client may decide is kept: the rest (data types,
names of tables, generated columns) is told by the server and comes back with what was read, so it is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast, get_args

from resolvers.sql.ddl.shapes import OnDelete
from schema_gen.errors import CausewayError, invalid_payload
from schema_gen.model import FieldType

#: words of clients for fields without column, besides "alias"; the special says which of them it is
_ALIASES: Final = frozenset({"alias", "files", "m2a", "m2m", "o2a", "o2m", "translations"})
#: types that no new column can have
_NO_COLUMN: Final = frozenset({"alias", "unknown"})
_TYPES: Final = frozenset(get_args(FieldType))
_ACTIONS: Final = frozenset(get_args(OnDelete))
#: columns are numbered by 32 bits in both databases
_LARGEST: Final = 2**31 - 1

_FIELD: Final = frozenset({"collection", "field", "meta", "schema", "type"})
_RELATION: Final = frozenset({"collection", "field", "meta", "related_collection", "schema"})

#: what the row of a relation says of fields
_ENDS: Final = frozenset({"junction_field", "one_collection_field", "one_field", "sort_field"})
_DESELECT: Final = ("nullify", "delete")

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPayload:
    """`type` None: not said. `schema` and `meta` None: none, or not said; what was is in `given`."""

    name: str
    type: FieldType | None = None
    schema: Object | None = None
    meta: Object | None = None
    given: frozenset[str] = frozenset()

    @property
    def has_column(self) -> bool:
        return self.type is not None and self.type not in _NO_COLUMN


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionPayload:
    """`schema` None: a folder, or nothing is said of the table."""

    name: str
    schema: Object | None = None
    meta: Object | None = None
    fields: tuple[FieldPayload, ...] = ()
    given: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationPayload:
    """`on_delete`, `on_update` None: not said. `constraint`: whether the database is to hold it (what a
    client asks for it always is).
    """

    collection: str
    field: str
    related: str | None = None
    meta: Object | None = None
    constraint: bool = True
    on_delete: OnDelete | None = None
    on_update: OnDelete | None = None
    given: frozenset[str] = frozenset()


# --- the three ------------------------------------------------------------------------------------------


def read_collection(payload: Any) -> CollectionPayload:
    """What else is said is passed over: a collection comes back as it was read."""
    sent = _object(payload, "value")
    fields = sent.get("fields")
    if fields is not None and not isinstance(fields, (list, tuple)):
        raise _kind("fields", "an array")
    return CollectionPayload(
        name=_name(sent, "collection"),
        schema=_part(sent, "schema"),
        meta=_part(sent, "meta"),
        fields=tuple(read_field(field) for field in fields or ()),
        given=frozenset(sent),
    )


def read_field(payload: Any, *, strict: bool = False) -> FieldPayload:
    """`strict`: nothing else may be said."""
    sent = _object(payload, "value")
    if strict:
        _known(sent, _FIELD)
    schema = _part(sent, "schema")
    return FieldPayload(
        name=_name(sent, "field"),
        type=_type(sent.get("type")),
        schema=None if schema is None else _column(schema),
        meta=_described(_part(sent, "meta")),
        given=frozenset(sent),
    )


def read_relation(payload: Any) -> RelationPayload:
    sent = _object(payload, "value")
    _known(sent, _RELATION)
    schema, related = _part(sent, "schema"), sent.get("related_collection")
    if related is not None and not isinstance(related, str):
        raise _kind("related_collection", "a string")
    return RelationPayload(
        collection=_name(sent, "collection"),
        field=_name(sent, "field"),
        related=related or None,
        meta=_ends(_part(sent, "meta")),
        on_delete=_action(schema or {}, "on_delete"),
        on_update=_action(schema or {}, "on_update"),
        given=frozenset(sent),
    )


# --- parts ----------------------------------------------------------------------------------------------


def _object(value: Any, name: str) -> Object:
    if not isinstance(value, Mapping):
        raise _kind(name, "an object")
    return value


def _kind(name: str, expected: str) -> CausewayError:
    return invalid_payload(f'"{name}" must be {expected}')


def _known(sent: Object, names: frozenset[str]) -> None:
    for name in sent:
        if name not in names:
            raise invalid_payload(f'"{name}" is not allowed')


def _part(sent: Object, name: str) -> Object | None:
    value = sent.get(name)
    return None if value is None else _object(value, name)


def _described(meta: Object | None) -> Object | None:
    """With `special` as a list."""
    if meta is None or meta.get("special") is None:
        return meta
    return {**meta, "special": _texts("special", meta["special"])}


def _ends(meta: Object | None) -> Object | None:
    """With `one_allowed_collections` as a list; fields that are called "" are none."""
    if meta is None:
        return None
    read = dict(meta)
    for name in _ENDS & meta.keys():
        if meta[name] is not None and not isinstance(meta[name], str):
            raise _kind(name, "a string")
        read[name] = meta[name] or None
    if meta.get("one_allowed_collections") is not None:
        read["one_allowed_collections"] = _texts("one_allowed_collections", meta["one_allowed_collections"])
    if "one_deselect_action" in meta and meta["one_deselect_action"] not in _DESELECT:
        raise invalid_payload(f'"one_deselect_action" must be one of [{", ".join(_DESELECT)}]')
    return read


def _texts(name: str, value: Any) -> list[str] | None:
    """A list of names; separated by commas they are one too."""
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, (list, tuple)) or not all(isinstance(each, str) for each in listed):
        raise _kind(name, "an array of strings")
    return [each.strip() for each in listed if each.strip()] or None


def _name(sent: Object, what: str) -> str:
    name = sent.get(what)
    if name is None:
        raise invalid_payload(f'"{what}" is required')
    if not isinstance(name, str):
        raise _kind(what, "a string")
    if not name:
        raise invalid_payload(f'"{what}" is not allowed to be empty')
    return name


def _type(value: Any) -> FieldType | None:
    if value is None:
        return None
    if isinstance(value, str) and value in _ALIASES:
        return "alias"
    if not isinstance(value, str) or value not in _TYPES:
        raise invalid_payload(f'"type" must be one of [{", ".join(sorted(_TYPES))}]')
    return cast(FieldType, value)


def _column(schema: Object) -> Object:
    return {
        name: value if value is None else read(name, value)
        for name, value in schema.items()
        if (read := _COLUMN.get(name)) is not None
    }


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _kind(name, "a boolean")
    return value


def _number(name: str, value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise _kind(name, "a number")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _kind(name, "a string")
    return value


#: what of a column a client decides -> how it is read
_COLUMN: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "comment": _text,
    "default_value": lambda _, value: value,
    "has_auto_increment": _flag,
    "is_indexed": _flag,
    "is_nullable": _flag,
    "is_primary_key": _flag,
    "is_unique": _flag,
    "max_length": _number,
    "numeric_precision": _number,
    "numeric_scale": _number,
}


def _action(schema: Object, name: str) -> OnDelete | None:
    value = schema.get(name)
    if value is None:
        return None
    spelled = value.upper() if isinstance(value, str) else ""
    if spelled not in _ACTIONS:
        raise invalid_payload(f'"{name}" must be one of [{", ".join(sorted(_ACTIONS))}]')
    return cast(OnDelete, spelled)
