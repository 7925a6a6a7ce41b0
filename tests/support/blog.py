"""A small blog with one of everything that reads can meet, and its snapshot written by hand.

Three articles, two authors, tags over a junction, many-to-any blocks, a concealed field, numbers a double
cannot hold.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MethodType
from typing import Any

from graphql import OperationDefinitionNode, parse

from resolvers.bundle import BundleHolder
from resolvers.context import PUBLIC, Actor, RequestContext
from resolvers.engine import Engine
from resolvers.operation import Operation, Outcome, Wire
from resolvers.paging import Limits
from resolvers.permissions import UNRESTRICTED, AccessRules
from resolvers.sql.dialects.postgresql import PostgresqlSql
from resolvers.sql.dialects.sqlite import SqliteSql
from schema_gen.database import Database, open_database
from schema_gen.model import Collection, Column, Field, FieldType, Relation, SchemaSnapshot
from tests.support.session import TestRun

NOW = datetime(2024, 6, 15, 12, 0, tzinfo=UTC)

_TABLES = """
create table authors (id integer primary key, name varchar(100), email varchar(100), born date);
create table articles (id integer primary key, title varchar(255), status varchar(20), views integer,
  rating float, published_at {datetime}, updated_at {timestamp}, meta {json}, keywords text, featured boolean,
  price numeric(10,2), big bigint, author integer references authors(id), secret varchar(10));
create table tags (id integer primary key, name varchar(50));
create table articles_tags (id integer primary key, articles_id integer references articles(id),
  tags_id integer references tags(id));
create table blocks (id integer primary key, articles_id integer, collection varchar(50), item varchar(50));
create table headings (id integer primary key, text varchar(50));
create table texts (id integer primary key, body text);
create table lines (order_id integer, number integer, label varchar(50), primary key (order_id, number));
insert into authors values (1, 'Ada', 'ada@x', '1815-12-10'), (2, 'Bob', 'bob@x', null);
insert into articles values
  (1, 'Alpha', 'published', 10, 1.5, '2024-02-29 13:14:15', '2024-02-29 13:14:15',
   '{{"a":[1,2,{{"b":null}}]}}', 'x,y', {true}, 9.99, 5, 1, 's1'),
  (2, 'Be"ta 100%', 'draft', null, null, null, null, null, '', {false}, null, 9007199254740993, null, 's2'),
  (3, 'gamma_x', 'published', 30, 2.25, '2021-01-01 00:00:00', '2021-01-01 00:00:00', '[1]', null, null,
   100.5, 7, 2, null);
insert into tags values (1, 'red'), (2, 'green');
insert into articles_tags values (1, 1, 1), (2, 1, 2), (3, 3, 2);
insert into headings values (1, 'H1');
insert into texts values (1, 'T1');
insert into blocks values (1, 1, 'headings', '1'), (2, 1, 'texts', '1'), (3, 1, 'texts', '99');
insert into lines values (1, 1, 'one'), (1, 2, 'two'), (2, 1, 'three');
"""

_DATA_TYPES: Mapping[FieldType, str] = {
    "integer": "integer",
    "uuid": "uuid",
    "bigInteger": "bigint",
    "string": "character varying",
    "text": "text",
    "csv": "text",
    "date": "date",
    "dateTime": "timestamp without time zone",
    "timestamp": "timestamp with time zone",
    "json": "json",
    "boolean": "boolean",
    "decimal": "numeric",
    "float": "double precision",
}


def blog_tables(dialect: str) -> Sequence[str]:
    postgres = dialect == "postgresql"
    script = _TABLES.format(
        datetime="timestamp" if postgres else "datetime",
        timestamp="timestamptz" if postgres else "datetime",
        json="json",
        true="true" if postgres else "1",
        false="false" if postgres else "0",
    )
    return [statement for statement in script.split(";\n") if statement.strip()]


def _field(
    collection: str, name: str, kind: FieldType, key: bool = False, special: tuple[str, ...] = ()
) -> Field:
    column = None
    if kind != "alias":
        precision = 10 if kind == "decimal" else None
        column = Column(
            data_type=_DATA_TYPES[kind], primary_key=key, nullable=not key, numeric_precision=precision
        )
    return Field(collection=collection, name=name, type=kind, column=column, special=special)


def made_collection(name: str, *fields: tuple[str, FieldType], key: tuple[str, ...] = ("id",)) -> Collection:
    made = {field_name: _field(name, field_name, kind, field_name in key) for field_name, kind in fields}
    return Collection(name=name, fields=made, primary_key=key)


def blog_snapshot(dialect: str) -> SchemaSnapshot:
    articles = made_collection(
        "articles",
        ("id", "integer"), ("title", "string"), ("status", "string"), ("views", "integer"),
        ("rating", "float"),
        ("published_at", "dateTime"), ("updated_at", "timestamp"), ("meta", "json"), ("keywords", "csv"),
        ("featured", "boolean"), ("price", "decimal"), ("big", "bigInteger"), ("author", "integer"),
        ("tags", "alias"), ("blocks", "alias"),
    )  # fmt: skip
    secret = _field("articles", "secret", "string", special=("conceal",))
    articles = Collection(name="articles", fields={**articles.fields, "secret": secret}, primary_key=("id",))
    collections = [
        made_collection(
            "authors", ("id", "integer"), ("name", "string"), ("email", "string"), ("born", "date"),
            ("articles", "alias"),
        ),
        articles,
        made_collection("tags", ("id", "integer"), ("name", "string")),
        made_collection(
            "articles_tags", ("id", "integer"), ("articles_id", "integer"), ("tags_id", "integer")
        ),
        made_collection(
            "blocks", ("id", "integer"), ("articles_id", "integer"), ("collection", "string"),
            ("item", "string"),
        ),
        made_collection("headings", ("id", "integer"), ("text", "string")),
        made_collection("texts", ("id", "integer"), ("body", "text")),
        made_collection(
            "lines", ("order_id", "integer"), ("number", "integer"), ("label", "string"),
            key=("order_id", "number"),
        ),
    ]  # fmt: skip
    enforced = dialect == "postgresql"
    relations = (
        Relation(
            collection="articles", field="author", related="authors", one_field="articles", enforced=enforced,
        ),
        Relation(
            collection="articles_tags", field="articles_id", related="articles", one_field="tags",
            junction_field="tags_id", enforced=enforced,
        ),
        Relation(collection="articles_tags", field="tags_id", related="tags", enforced=enforced),
        Relation(
            collection="blocks", field="articles_id", related="articles", one_field="blocks",
            junction_field="item",
        ),
        Relation(
            collection="blocks", field="item", related=None, collection_field="collection",
            allowed=("headings", "texts"),
        ),
    )  # fmt: skip
    return SchemaSnapshot(
        dialect="postgresql" if dialect == "postgresql" else "sqlite",
        collections={collection.name: collection for collection in collections},
        relations=relations,
    )


@dataclass(slots=True)
class Blog:
    """The engine over the blog. `texts`: every statement that reached the database, in order."""

    database: Database
    engine: Engine
    snapshot: SchemaSnapshot = field(repr=False)
    texts: list[str] = field(default_factory=list, repr=False)

    async def execute(
        self,
        query: str,
        rules: AccessRules = UNRESTRICTED,
        *,
        wire: Wire = "graphql",
        variables: Mapping[str, Any] | None = None,
        actor: Actor = PUBLIC,
    ) -> Outcome:
        context = RequestContext(actor=actor, rules=rules, now=NOW)
        return await self.engine.execute(operation(query, wire, variables), context)

    async def read(self, query: str, rules: AccessRules = UNRESTRICTED, **more: Any) -> dict[str, Any]:
        """Root -> its value, or `CODE: message` where it was refused."""
        outcome = await self.execute(query, rules, **more)
        return {root.key: told(root.data, root.error) for root in outcome.roots}


def operation(query: str, wire: Wire = "graphql", variables: Mapping[str, Any] | None = None) -> Operation:
    document = parse(query)
    definition = document.definitions[0]
    assert isinstance(definition, OperationDefinitionNode)
    return Operation(
        document=document, definition=definition, scope="items", wire=wire, shape=(query, wire),
        variables=variables or {},
    )  # fmt: skip


def told(data: bytes | None, error: Exception | None) -> Any:
    if error is not None:
        return f"{getattr(error, 'code', type(error).__name__)}: {error}"
    return None if data is None else json.loads(data)


async def open_blog(url: str) -> Blog:
    dialect = "postgresql" if url.startswith("postgresql") else "sqlite"
    return await open_engine(url, blog_tables(dialect), blog_snapshot(dialect))


async def open_engine(
    url: str, script: Sequence[str], snapshot: SchemaSnapshot, limits: Limits | None = None
) -> Blog:
    """The engine over what `script` makes of an empty database."""
    database = await open_database(url)
    async with database.transaction() as transaction:
        for statement in script:
            await transaction.execute(statement)
    return await _engine_over(database, snapshot, limits or Limits())


async def begun_again(blog: Blog) -> Blog:
    """The same over the same database, with an engine that remembers nothing."""
    return await _engine_over(blog.database, blog.snapshot, Limits())


async def _engine_over(database: Database, snapshot: SchemaSnapshot, limits: Limits) -> Blog:
    async def load() -> SchemaSnapshot:
        return snapshot

    holder = await BundleHolder.open(load)
    sql = PostgresqlSql() if database.dialect == "postgresql" else SqliteSql()
    blog = Blog(database=database, engine=Engine(database, holder, limits, sql), snapshot=snapshot)
    # of the class: another one may have been put over it
    fetch: Callable[[str, Sequence[Any]], Awaitable[tuple[bytes | None, ...]]] = MethodType(
        type(database).fetch_bytes, database
    )

    async def recorded(sql: str, params: Sequence[Any] = ()) -> tuple[bytes | None, ...]:
        blog.texts.append(sql)
        return await fetch(sql, params)

    database.fetch_bytes = recorded  # type: ignore[method-assign]
    return blog


@dataclass(frozen=True, repr=False)
class Both:
    """The same content on both databases."""

    sqlite: Blog
    postgresql: Blog

    def __repr__(self) -> str:
        return "both databases"


@asynccontextmanager
async def on_both(
    test_run: TestRun, place: Path, opened: Callable[[str], Awaitable[Blog]]
) -> AsyncIterator[Both]:
    """`opened(url)` of an empty database on each; both are gone afterwards."""
    name = f"both_{uuid.uuid4().hex}"
    first = await opened(test_run.copy_template("sqlite", None, name, place))
    second = await opened(test_run.copy_template("postgresql", None, name, place))
    try:
        yield Both(sqlite=first, postgresql=second)
    finally:
        await first.database.close()
        await second.database.close()
        test_run.cluster().drop(name)
