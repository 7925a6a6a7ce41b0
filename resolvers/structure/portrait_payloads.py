"""What was sent of a data model, read: the document of `portrait`, and what differs between two. Pure.

    read_portrait({"version": 1, "directus": "12.4.1", "vendor": "sqlite", "collections": [...], ...})
    read_difference({"hash": "...", "diff": {"collections": [...], "fields": [...], ...}})

Shapes are checked here, with the sentences of the protocol; whether it fits what there is, elsewhere. All
that is wrong is INVALID_PAYLOAD.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast, get_args

from resolvers.structure.deltas import Delta, Deltas, Difference, Kind
from resolvers.structure.portrait import Place, Portrait
from resolvers.structure.telling import Facts
from schema_gen.errors import invalid_payload

_KINDS: Final = get_args(Kind)
_VENDORS: Final = ("mysql", "postgres", "cockroachdb", "sqlite", "oracle", "mssql", "redshift")
_PARTS: Final = ("collections", "fields", "systemFields", "relations")
#: what an entry of each part says of where it stands, and what else it may say
_SAID: Final[Mapping[str, frozenset[str]]] = {
    "collections": frozenset({"collection", "meta", "schema"}),
    "fields": frozenset({"collection", "field", "meta", "schema", "type"}),
    "systemFields": frozenset({"collection", "field", "schema"}),
    "relations": frozenset({"collection", "field", "related_collection", "meta", "schema"}),
}
_DEPTH: Final = 64


# --- a document -----------------------------------------------------------------------------------------


def read_portrait(payload: Any) -> Portrait:
    """Where nothing is said of system fields at all, `indexed` is empty."""
    sent = _object(payload, "value")
    _known(sent, frozenset({"version", "directus", "vendor", *_PARTS}), "")
    for name in ("version", "directus"):
        if sent.get(name) is None:
            raise invalid_payload(f'"{name}" is required')
    version, vendor = sent["version"], sent.get("vendor")
    if isinstance(version, bool) or not isinstance(version, (int, float)):
        raise invalid_payload('"version" must be a number')
    if vendor is not None and vendor not in _VENDORS:
        raise invalid_payload(f'"vendor" must be one of [{", ".join(_VENDORS)}]')
    for name in ("collections", "fields", "relations"):
        if sent.get(name) is None:
            raise invalid_payload(f'"{name}" is required')
    return Portrait(
        directus=_text(sent, "directus", ""),
        vendor=vendor,
        collections=_by(sent, "collections", _collection),
        fields=_by(sent, "fields", _field),
        indexed=_by(sent, "systemFields", _index),
        relations=_by(sent, "relations", _relation),
    )


def check_entry(part: str, key: Any, facts: Any, at: str) -> Facts:
    """An entry of a document that stands by itself. Raises INVALID_PAYLOAD where it is none, or is of another
    place than `key`.
    """
    entry = _object(facts, at)
    read = {"collections": _collection, "fields": _field, "relations": _relation}[part]
    found, _ = read(entry, at)
    if found != key:
        raise invalid_payload(f'"{at}" is of another place')
    return entry


def _by(sent: Facts, part: str, read: Callable[[Facts, str], tuple[Any, Any]]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for number, entry in enumerate(_list(sent.get(part, ()), part)):
        at = f"{part}[{number}]"
        facts = _object(entry, at)
        _known(facts, _SAID[part], f"{at}.")
        key, value = read(facts, at)
        if key in found:
            raise invalid_payload(f'"{at}" contains a duplicate value')
        found[key] = value
    return found


def _collection(facts: Facts, at: str) -> tuple[str, Facts]:
    name = _text(facts, "collection", f"{at}.")
    _parts(facts, at)
    return name, facts


def _field(facts: Facts, at: str) -> tuple[Place, Facts]:
    place = _place(facts, at)
    _parts(facts, at)
    if facts.get("type") is not None or facts.get("schema") is not None:
        _text(facts, "type", f"{at}.")
    return place, facts


def _index(facts: Facts, at: str) -> tuple[Place, bool]:
    schema = _object(facts.get("schema"), f"{at}.schema")
    indexed = schema.get("is_indexed")
    if not isinstance(indexed, bool):
        raise invalid_payload(f'"{at}.schema.is_indexed" must be a boolean')
    return _place(facts, at), indexed


def _relation(facts: Facts, at: str) -> tuple[Place, Facts]:
    place = _place(facts, at)
    _parts(facts, at)
    if facts.get("related_collection") is not None:
        _text(facts, "related_collection", f"{at}.")
    return place, facts


def _place(facts: Facts, at: str) -> Place:
    return _text(facts, "collection", f"{at}."), _text(facts, "field", f"{at}.")


def _parts(facts: Facts, at: str) -> None:
    for name in ("meta", "schema"):
        if facts.get(name) is not None:
            _object(facts[name], f"{at}.{name}")


# --- a difference ---------------------------------------------------------------------------------------


def read_difference(payload: Any) -> tuple[str, Difference]:
    """With the digest of the model that it was worked out for."""
    sent = _object(payload, "value")
    digest = _text(sent, "hash", "")
    if sent.get("diff") is None:
        raise invalid_payload('"diff" is required')
    _known(sent, frozenset({"hash", "diff"}), "")
    diff = _object(sent["diff"], "diff")
    _known(diff, frozenset(_PARTS), "diff.")
    for part in _PARTS:
        if diff.get(part) is None:
            raise invalid_payload(f'"diff.{part}" is required')
    related: dict[Place, str | None] = {}

    def relation(facts: Facts, at: str) -> Place:
        place = _place(facts, at)
        name = facts.get("related_collection")
        related[place] = None if name is None else _text(facts, "related_collection", f"{at}.")
        return place

    return digest, Difference(
        collections=_entries(diff, "collections", lambda facts, at: _text(facts, "collection", f"{at}.")),
        fields=_entries(diff, "fields", _place),
        system_fields=_entries(diff, "systemFields", _place),
        relations=_entries(diff, "relations", relation),
        related=related,
    )


def _entries(diff: Facts, part: str, key_of: Callable[[Facts, str], Any]) -> dict[Any, Deltas]:
    found: dict[Any, Deltas] = {}
    for number, entry in enumerate(_list(diff[part], f"diff.{part}")):
        at = f"diff.{part}[{number}]"
        facts = _object(entry, at)
        key = key_of(facts, at)
        if facts.get("diff") is None:
            raise invalid_payload(f'"{at}.diff" is required')
        deltas = tuple(
            _delta(each, f"{at}.diff[{index}]")
            for index, each in enumerate(_list(facts["diff"], f"{at}.diff"))
        )
        if key in found:
            raise invalid_payload(f'"{at}" contains a duplicate value')
        if any(not delta.path for delta in deltas) and len(deltas) > 1:
            raise invalid_payload(f'"{at}.diff" says more than one thing of the whole')
        if deltas:
            found[key] = deltas
    return found


def _delta(value: Any, at: str, *, item: bool = False) -> Delta:
    facts = _object(value, at)
    kind = facts.get("kind")
    if kind not in _KINDS or (item and kind not in ("N", "D")):
        raise invalid_payload(f'"{at}.kind" must be one of [{", ".join(_KINDS)}]')
    path = tuple(_step(step, f"{at}.path") for step in _list(facts.get("path", ()), f"{at}.path"))
    if len(path) > _DEPTH:
        raise invalid_payload(f'"{at}.path" is too long')
    if not path and not item:
        if kind not in ("N", "D"):
            raise invalid_payload(f'"{at}.path" is required')
        _object(facts.get("rhs" if kind == "N" else "lhs"), f"{at}.{'rhs' if kind == 'N' else 'lhs'}")
    if kind != "A":
        return Delta(kind=cast(Kind, kind), path=path, lhs=facts.get("lhs"), rhs=facts.get("rhs"))
    index = facts.get("index")
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise invalid_payload(f'"{at}.index" must be a number')
    return Delta(kind="A", path=path, index=index, item=_delta(facts.get("item"), f"{at}.item", item=True))


def _step(step: Any, at: str) -> str | int:
    if isinstance(step, bool) or not isinstance(step, (str, int)):
        raise invalid_payload(f'"{at}" must be an array of names and numbers')
    return step


# --- kinds ----------------------------------------------------------------------------------------------


def _object(value: Any, at: str) -> Facts:
    if not isinstance(value, dict):
        raise invalid_payload(f'"{at}" must be of type object')
    return value


def _list(value: Any, at: str) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise invalid_payload(f'"{at}" must be an array')
    return value


def _text(facts: Facts, name: str, at: str) -> str:
    value = facts.get(name)
    if value is None:
        raise invalid_payload(f'"{at}{name}" is required')
    if not isinstance(value, str) or not value:
        raise invalid_payload(f'"{at}{name}" must be a string')
    return value


def _known(facts: Facts, names: frozenset[str], at: str) -> None:
    for name in facts:
        if name not in names:
            raise invalid_payload(f'"{at}{name}" is not allowed')
