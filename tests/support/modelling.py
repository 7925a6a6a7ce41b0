"""Changes of the schema through REST, as an administrator, and what the database looks like afterwards.

site = ...
await make(site, "articles", {"field": "title", "type": "string"})
await shape(site.database)                 tables, columns, indexes and constraints as lines of text
"""

from __future__ import annotations

import json
from typing import Any, Final

from schema_gen.database import Database
from tests.support.asgi import Answer
from tests.support.dump import dump
from tests.support.project import ADMIN_TOKEN, Site, code, data

_SQLITE: Final = "select type || ' ' || name || ': ' || coalesce(sql, '') from sqlite_master order by 1"
_POSTGRESQL: Final = """
select t.table_name::text || '.' || c.column_name::text || ': ' || c.data_type::text || ' '
  || coalesce(c.character_maximum_length::text, '') || ' ' || c.is_nullable::text || ' '
  || coalesce(c.column_default::text, '')
from information_schema.tables t join information_schema.columns c
  on c.table_schema = t.table_schema and c.table_name = t.table_name
where t.table_schema = 'public'
union all select 'index ' || indexdef from pg_indexes where schemaname = 'public'
union all select 'constraint ' || conname::text || ' ' || conrelid::regclass::text || ' '
  || pg_get_constraintdef(oid)
from pg_constraint where connamespace = 'public'::regnamespace order by 1"""

#: a key as the app asks for it
KEY: Final = {
    "field": "id",
    "type": "integer",
    "schema": {"is_primary_key": True, "has_auto_increment": True},
    "meta": {"hidden": True},
}


async def shape(database: Database) -> list[str]:
    rows = await database.fetch(_SQLITE if database.dialect == "sqlite" else _POSTGRESQL)
    return [row[0] for row in rows]


async def ask(site: Site, method: str, target: str, payload: Any = None, **more: Any) -> Answer:
    return await site.ask(method, target, payload, **{"token": ADMIN_TOKEN, **more})


async def told(site: Site, method: str, target: str, payload: Any = None) -> Any:
    """The data of an answer that has to be there."""
    return data(await ask(site, method, target, payload))


async def gone(site: Site, target: str) -> None:
    answer = await ask(site, "DELETE", target)
    assert answer.status == 204, answer.body


async def make(site: Site, name: str, *fields: dict[str, Any], **meta: Any) -> Any:
    """A collection with a numbered key and these fields."""
    payload = {"collection": name, "schema": {}, "meta": meta, "fields": [KEY, *fields]}
    return await told(site, "POST", "/collections", payload)


async def field(site: Site, collection: str, name: str, type_: str, **more: Any) -> Any:
    return await told(site, "POST", f"/fields/{collection}", {"field": name, "type": type_, **more})


async def related(site: Site, collection: str, name: str, target: str | None, **more: Any) -> Any:
    payload = {"collection": collection, "field": name, "related_collection": target, **more}
    return await told(site, "POST", "/relations", payload)


async def names(site: Site, collection: str) -> list[str]:
    return [each["field"] for each in await told(site, "GET", f"/fields/{collection}")]


async def refused(site: Site, method: str, target: str, payload: Any = None, **more: Any) -> str:
    """The code of a refusal that left everything as it was: rows, tables, indexes and constraints."""
    before = await dump(site.database), await shape(site.database)
    answer = await ask(site, method, target, payload, **more)
    assert 400 <= answer.status < 500, (answer.status, answer.body)
    assert (await dump(site.database), await shape(site.database)) == before
    return code(answer)


async def graphql(site: Site, document: str, **variables: Any) -> Any:
    answer = await ask(site, "POST", "/graphql/system", {"query": document, "variables": variables})
    return json.loads(answer.body)
