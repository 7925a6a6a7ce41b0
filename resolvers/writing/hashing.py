"""Secrets of a payload -> what is stored of them, wherever in nested items they stand: hashes (special
`hash`), encrypted texts (special `encrypt`).

Both take long, so they are made before the transaction, and after the caller's right to write there is known.
What takes a secret's place still knows its plain text (`Hashed.plain`): rules on passwords are about that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from resolvers.secrets import Hasher
from schema_gen.model import Collection, Link, SchemaSnapshot

Way = Literal["hash", "encrypt"]


class Hashed(str):
    """A hash, or an encrypted text; `plain` is for validation only and is written nowhere."""

    __slots__ = ("plain",)
    plain: str

    def __new__(cls, value: str, plain: str) -> Hashed:
        made = super().__new__(cls, value)
        made.plain = plain
        return made


def secret_fields(collection: Collection) -> Mapping[str, Way]:
    """Fields whose values are hidden, and how."""
    found: dict[str, Way] = {}
    for field in collection.fields.values():
        if field.column is None:
            continue
        if field.type == "hash" or "hash" in field.special:
            found[field.name] = "hash"
        elif "encrypt" in field.special:
            found[field.name] = "encrypt"
    return found


async def with_hashes(payload: Any, collection: Collection, snapshot: SchemaSnapshot, hasher: Hasher) -> Any:
    """The payload (an item, a list of them, a change of a list) with secrets replaced by `Hashed`.

    Null and the empty text stay (protocol). Where there is no secret the payload itself comes back.
    """
    if isinstance(payload, list):
        secrets = secret_fields(collection)
        made = [
            item if _plain(item, secrets) else await with_hashes(item, collection, snapshot, hasher)
            for item in payload
        ]
        return payload if all(a is b for a, b in zip(made, payload, strict=True)) else made
    if not isinstance(payload, Mapping):
        return payload
    changed: dict[str, Any] = {}
    secrets = secret_fields(collection)
    for name, value in payload.items():
        new = value
        if name in secrets:
            new = await hidden(value, secrets[name], hasher)
        elif isinstance(value, (Mapping, list)):
            new = await _nested(name, value, payload, collection, snapshot, hasher)
        if new is not value:
            changed[name] = new
    return {**payload, **changed} if changed else payload


def _plain(item: Any, secrets: Mapping[str, Way]) -> bool:
    """Whether there can be no secret in it."""
    return (
        isinstance(item, dict)
        and secrets.keys().isdisjoint(item)
        and not any(isinstance(value, (dict, list)) for value in item.values())
    )


async def hidden(value: Any, way: Way, hasher: Hasher) -> Any:
    """What is stored of one value."""
    if value is None or value == "" or isinstance(value, Hashed):
        return value
    hide = hasher.hash if way == "hash" else hasher.sealed
    plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Hashed(await hide(plain), plain)


async def _nested(
    name: str,
    value: Any,
    payload: Mapping[str, Any],
    collection: Collection,
    snapshot: SchemaSnapshot,
    hasher: Hasher,
) -> Any:
    link = snapshot.link(collection.name, name)
    target = None if link is None else snapshot.collections.get(_target(link, payload))
    if target is None:
        return value
    if isinstance(value, Mapping) and not (value.keys() & target.fields.keys()):
        # {create: ..., update: ...}
        changes = {key: await with_hashes(item, target, snapshot, hasher) for key, item in value.items()}
        return value if all(changes[key] is item for key, item in value.items()) else changes
    return await with_hashes(value, target, snapshot, hasher)


def _target(link: Link, payload: Mapping[str, Any]) -> str:
    if link.kind == "m2a":
        return str(payload.get(link.collection_field or ""))
    return link.target
