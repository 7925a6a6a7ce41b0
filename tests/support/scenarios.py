"""Recorded conversations with a running Directus: what their setup asks for, made with SQL.

A scenario (`conformance/scenarios/*/*.json` of the reference material) sets up collections, relations, items
and people over HTTP. Here the same is written into a database that has the system tables, so that the reading
steps can be asked before anything can be written over HTTP.

    await prepare(database, scenario, saved)      what `setup` and the first creating steps make
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

from schema_gen.database import Database
from tests.support.project import add_user, change

Step = Mapping[str, Any]
Rows = dict[str, Any]

_SQLITE: Final = {
    "integer": "integer", "bigInteger": "bigint", "string": "varchar(255)", "text": "text", "float": "float",
    "boolean": "boolean", "date": "date", "dateTime": "datetime", "timestamp": "datetime", "time": "time",
    "json": "json", "csv": "text", "uuid": "char(36)", "hash": "varchar(255)",
}  # fmt: skip
_POSTGRESQL: Final = {
    **_SQLITE, "float": "real", "dateTime": "timestamp", "timestamp": "timestamptz", "uuid": "uuid",
}  # fmt: skip


def reading(step: Step) -> bool:
    return step["method"] in ("GET", "SEARCH", "HEAD", "OPTIONS") or step["path"].startswith("/graphql")


class Maker:
    """Writes what the requests of one scenario ask for. `saved`: names that later requests refer to."""

    def __init__(self, database: Database, saved: dict[str, Any]) -> None:
        self.database = database
        self.saved = saved
        self.types: dict[str, dict[str, str]] = {}
        self.keys: dict[str, str] = {}
        self.next_key: dict[str, int] = {}
        self.relations: list[Step] = []

    async def make(self, step: Step) -> None:
        path = step["path"].strip("/").split("/")
        body = self._filled(step["json"])
        if path[0] == "collections":
            await self._collection(body)
        elif path[0] == "fields":
            await self._field(path[1], body)
        elif path[0] == "relations":
            await self._relation(body)
        elif path[0] == "items":
            for item in body if isinstance(body, list) else [body]:
                await self._item(path[1], item)
        elif path[0] == "policies":
            self._save(step, await self._policy(body))
        elif path[0] == "roles":
            self._save(step, await self._role(body))
        elif path[0] == "users":
            self._save(step, await add_user(self.database, **body))
        else:
            raise ValueError(f"a scenario is set up in a way this does not know: {'/'.join(path)}")

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.saved.get(value[2:-2], value) if value.startswith("{{") else value
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        return value

    def _save(self, step: Step, key: str) -> None:
        for name in step.get("save", {}):
            self.saved[name] = key

    # --- structure ------------------------------------------------------------------------------------------

    async def _collection(self, body: Rows) -> None:
        name = body["collection"]
        fields = body.get("fields") or [
            {"field": "id", "type": "integer", "schema": {"is_primary_key": True, "has_auto_increment": True}}
        ]
        self.types[name] = {field["field"]: field["type"] for field in fields}
        columns = [self._column(field) for field in fields if field["type"] != "alias"]
        await change(self.database, f'create table "{name}" ({", ".join(columns)})')
        self.keys[name] = next(
            (f["field"] for f in fields if (f.get("schema") or {}).get("is_primary_key")), fields[0]["field"]
        )
        meta = body.get("meta") or {}
        await self._row(
            "directus_collections",
            {
                "collection": name,
                "singleton": bool(meta.get("singleton")),
                "sort_field": meta.get("sort_field"),
            },
        )
        for field in fields:
            await self._metadata(name, field)

    def _column(self, field: Rows) -> str:
        schema = field.get("schema") or {}
        types = _SQLITE if self.database.dialect == "sqlite" else _POSTGRESQL
        kind = types.get(field["type"], "")
        if field["type"] == "decimal":
            kind = f"numeric({schema.get('numeric_precision', 10)}, {schema.get('numeric_scale', 5)})"
        if schema.get("has_auto_increment"):
            serial = "integer primary key autoincrement not null"
            kind = serial if self.database.dialect == "sqlite" else "serial primary key"
        elif schema.get("is_primary_key"):
            kind += " not null primary key"
        if schema.get("default_value") is not None:
            kind += f" default {_literal(schema['default_value'])}"
        return f'"{field["field"]}" {kind}'

    async def _field(self, collection: str, body: Rows) -> None:
        self.types[collection][body["field"]] = body["type"]
        if body["type"] != "alias":
            await change(self.database, f'alter table "{collection}" add column {self._column(body)}')
        await self._metadata(collection, body)

    async def _metadata(self, collection: str, field: Rows) -> None:
        meta = field.get("meta")
        if meta is not None:
            special = ",".join(meta.get("special") or ()) or None
            row = {"collection": collection, "field": field["field"], "special": special}
            await self._row("directus_fields", row)

    async def _relation(self, body: Rows) -> None:
        self.relations.append(body)
        meta = body.get("meta") or {}
        allowed = meta.get("one_allowed_collections")
        await self._row(
            "directus_relations",
            {
                "many_collection": body["collection"],
                "many_field": body["field"],
                "one_collection": body.get("related_collection"),
                "one_field": meta.get("one_field"),
                "junction_field": meta.get("junction_field"),
                "sort_field": meta.get("sort_field"),
                "one_collection_field": meta.get("one_collection_field"),
                "one_allowed_collections": ",".join(allowed) if allowed else None,
                "one_deselect_action": meta.get("one_deselect_action") or "nullify",
            },
        )

    # --- items ----------------------------------------------------------------------------------------------

    async def _item(self, collection: str, item: Rows) -> Any:
        """Inserts an item with what is nested in it; gives its key."""
        row, many = dict(item), {}
        for relation in self.relations:
            one_field = (relation.get("meta") or {}).get("one_field")
            if relation.get("related_collection") == collection and one_field in row:
                many[one_field] = (relation, row.pop(one_field))
            if relation["collection"] == collection and isinstance(row.get(relation["field"]), dict):
                target = relation.get("related_collection")
                target = target or row[(relation["meta"])["one_collection_field"]]
                row[relation["field"]] = await self._item(target, row[relation["field"]])
        key = row.get(self.keys[collection]) or self._new_key(collection)
        kinds = self.types[collection]
        values = {name: _stored(value, kinds.get(name, "")) for name, value in row.items()}
        await self._row(collection, {**values, self.keys[collection]: key})
        for relation, children in many.values():
            for child in children:
                await self._child(relation, child, key)
        return key

    async def _child(self, relation: Step, child: Any, parent: Any) -> None:
        if isinstance(child, dict):
            await self._item(relation["collection"], {**child, relation["field"]: parent})
            return
        key = self.keys[relation["collection"]]
        await change(
            self.database,
            f'update "{relation["collection"]}" set "{relation["field"]}" = {_literal(parent)}'
            f' where "{key}" = {_literal(child)}',
        )

    def _new_key(self, collection: str) -> Any:
        if self.types[collection][self.keys[collection]] == "uuid":
            return str(uuid.uuid4())
        self.next_key[collection] = self.next_key.get(collection, 0) + 1
        return self.next_key[collection]

    # --- people ---------------------------------------------------------------------------------------------

    async def _policy(self, body: Rows) -> str:
        key = str(uuid.uuid4())
        permissions = body.pop("permissions", [])
        await self._row("directus_policies", {"id": key, **body})
        for entry in permissions:
            fields = entry.get("fields")
            await self._row(
                "directus_permissions",
                {
                    "policy": key,
                    "collection": entry["collection"],
                    "action": entry["action"],
                    "fields": ",".join(fields) if fields else None,
                    "permissions": _json(entry.get("permissions")),
                    "validation": _json(entry.get("validation")),
                },
            )
        return key

    async def _role(self, body: Rows) -> str:
        key = str(uuid.uuid4())
        await self._row("directus_roles", {"id": key, "name": body["name"]})
        for entry in body.get("policies", ()):
            access = {"id": str(uuid.uuid4()), "role": key, "policy": entry["policy"]}
            await self._row("directus_access", access)
        return key

    async def _row(self, table: str, row: Mapping[str, Any]) -> None:
        columns = ", ".join(f'"{name}"' for name in row)
        values = ", ".join(_literal(value) for value in row.values())
        await change(self.database, f'insert into "{table}" ({columns}) values ({values})')


async def prepare(database: Database, scenario: Mapping[str, Any], saved: dict[str, Any]) -> list[Step]:
    """Makes the setup and the creating steps before the first question; gives the questions up to the next
    change.
    """
    maker = Maker(database, saved)
    for step in scenario["setup"]:
        await maker.make(step)
    steps = list(scenario["steps"])
    while steps and steps[0]["method"] == "POST" and not reading(steps[0]):
        await maker.make(steps.pop(0))
    return list(_until_written(steps))


def _until_written(steps: Iterable[Step]) -> Iterable[Step]:
    for step in steps:
        if not reading(step):
            return
        yield step


def _stored(value: Any, kind: str) -> Any:
    """How a value stands in its column."""
    if kind == "csv" and isinstance(value, list):
        return ",".join(value)
    if kind == "json" and value is not None:
        return json.dumps(value)
    return value


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
