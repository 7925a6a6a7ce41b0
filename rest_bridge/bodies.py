"""Method, place and body -> `Change`: what is to be written. Pure; no schema but the names of the key.

    POST   /items/tags    [{"name": "a"}, {}]                  Change("create_items", payload=[...])
    PATCH  /items/tags    {"keys": [1, 2], "data": {"n": 1}}   Change("update_items", ids=[1, 2], payload=...)
    PATCH  /items/tags    {"query": {...}, "data": {"n": 1}}   Change("update_items", chosen=..., payload=...)
    PATCH  /items/tags    [{"id": 1, "n": 1}]                  Change("update_batch", payload=[...])
    PUT    /items/tags/7  {"name": "a"}                        Change("update_item", key="7", upsert=True)
    POST   /files/import  {"url": "https://..."}               Change("create_item", payload={}, url="https://...")
    DELETE /items/tags    [1, 2]                               Change("delete_items", ids=[1, 2])

Every wrong body is refused with the sentence that the protocol has for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rest_bridge.json_body import parse_document
from schema_gen.errors import invalid_payload
from schema_gen.naming import MutationKind

Place = Literal["list", "one", "singleton"]

_NO_ITEM: Final[Mapping[str, Any]] = {}
_MISSES_KEY: Final = "Item in update misses primary key"
_NEITHER: Final = '"value" must contain at least one of [query, keys]'
_BOTH: Final = '"value" contains a conflict between exclusive peers [query, keys]'


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`key`: of the one item, from the path. `ids`: of many, None where the query `chosen` (its parameters)
    says which. `payload` in the form that the engine takes: an object, or a list of them. `url`: where a file
    is fetched from that the item is of.
    """

    kind: MutationKind
    payload: Any = None
    key: str | None = None
    ids: Sequence[Any] | None = None
    chosen: Mapping[str, Any] | None = None
    upsert: bool = False
    url: str | None = None


def read_body(body: bytes, content_type: str, encoding: str) -> Any:
    """The JSON of a body; what is sent as something else counts as nothing (protocol).

    Raises INVALID_PAYLOAD for broken JSON, and for encodings other than UTF-8.
    """
    media, _, parameters = content_type.partition(";")
    if not body or media.strip().lower() != "application/json":
        return _NO_ITEM
    if encoding.strip().lower() not in ("", "identity"):
        raise invalid_payload(f'unsupported content encoding "{encoding.strip().lower()}"')
    charset = _charset(parameters)
    if charset not in ("utf-8", "utf8"):
        raise invalid_payload(f'unsupported charset "{charset.upper()}"')
    return parse_document(body)


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return "utf-8"


def read_change(method: str, place: Place, key: str | None, body: Any, key_fields: Sequence[str]) -> Change:
    """`key_fields`: the fields that are the key of the collection. Raises INVALID_PAYLOAD."""
    if place == "singleton":
        return Change(kind="update_singleton", payload=_object(body))
    if place == "one":
        if method == "DELETE":
            return Change(kind="delete_item", key=key)
        return Change(kind="update_item", key=key, payload=_object(body), upsert=method == "PUT")
    if method == "POST":
        return _creation(body)
    return _removal(body) if method == "DELETE" else _update(body, key_fields)


def read_import(body: Any) -> Change:
    """A file that is fetched. Raises INVALID_PAYLOAD."""
    if not isinstance(body, dict):
        raise invalid_payload('"value" must be of type object')
    url, data = body.get("url"), body.get("data", _NO_ITEM)
    if "url" not in body:
        raise invalid_payload('"url" is required')
    if not isinstance(url, str):
        raise invalid_payload('"url" must be a string')
    if not url:
        raise invalid_payload('"url" is not allowed to be empty')
    if not isinstance(data, Mapping):
        raise invalid_payload('"data" must be of type object')
    for name in body:
        if name not in ("url", "data"):
            raise invalid_payload(f'"{name}" is not allowed')
    return Change(kind="create_item", payload=data, url=url)


def _creation(body: Any) -> Change:
    if isinstance(body, list):
        return Change(kind="create_items", payload=_objects(body))
    return Change(kind="create_item", payload=body)


def _update(body: Any, key_fields: Sequence[str]) -> Change:
    if isinstance(body, list):
        for item in _objects(body):
            if any(item.get(name) is None for name in key_fields):
                raise invalid_payload(_MISSES_KEY)
        return Change(kind="update_batch", payload=body)
    ids, chosen = _named(body, ("keys", "query", "data"))
    return Change(kind="update_items", payload=body["data"], ids=ids, chosen=chosen)


def _removal(body: Any) -> Change:
    if isinstance(body, list):
        return Change(kind="delete_items", ids=_keys(body))
    ids, chosen = _named(body, ("keys", "query"))
    return Change(kind="delete_items", ids=ids, chosen=chosen)


def _named(
    body: Mapping[str, Any], allowed: Sequence[str]
) -> tuple[Sequence[Any] | None, Mapping[str, Any] | None]:
    """The items that a body names by keys, or by a query: one of the two."""
    ids = _keys(body["keys"]) if "keys" in body else None
    chosen = body.get("query")
    if "query" in body and not isinstance(chosen, dict):
        raise invalid_payload('"query" must be of type object')
    if "data" in allowed:
        if "data" not in body:
            raise invalid_payload('"data" is required')
        if not isinstance(body["data"], dict):
            raise invalid_payload('"data" must be of type object')
    for name in body:
        if name not in allowed:
            raise invalid_payload(f'"{name}" is not allowed')
    if ids is None and chosen is None:
        raise invalid_payload(_NEITHER)
    if ids is not None and chosen is not None:
        raise invalid_payload(_BOTH)
    return ids, chosen


def _keys(raw: Any) -> Sequence[Any]:
    if not isinstance(raw, list):
        raise invalid_payload('"keys" must be an array')
    for index, key in enumerate(raw):
        if isinstance(key, bool) or not isinstance(key, (str, int, float)):
            raise invalid_payload(f'"keys[{index}]" must be one of [string, number]')
    return raw


def _object(body: Any) -> Mapping[str, Any]:
    """One item. An empty array is how some languages write an empty object."""
    if isinstance(body, dict):
        return body
    if body:
        raise invalid_payload('"value" must be of type object')
    return _NO_ITEM


def _objects(body: Sequence[Any]) -> Sequence[Any]:
    for index, item in enumerate(body):
        if not isinstance(item, dict):
            raise invalid_payload(f'"[{index}]" must be of type object')
    return body
