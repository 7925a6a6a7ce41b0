"""The benchmark's tables, relations and reader role as SQL: the schema that seed_peer.py makes on a peer.

    statements("postgresql") -> ["CREATE TABLE authors (...)", ...]

Every foreign key has an index, on every system. The reader may read published articles without their text,
names of authors, and everything of the rest.
"""

from __future__ import annotations

import json
from typing import Final, Literal
from uuid import NAMESPACE_URL, uuid5

Dialect = Literal["sqlite", "postgresql"]

ADMIN_TOKEN: Final = "admin-token"
READER_TOKEN: Final = "reader-token"
#: what the reader sees of an article
READABLE: Final = "id,title,slug,status,views,rating,published_at,author,category,tags,comments"
#: `articles` too: Directus leaves a relation out of a caller's GraphQL schema whose other side is hidden
AUTHOR_READABLE: Final = "id,name,articles"

_TABLES: Final = """
CREATE TABLE authors ({key}, name varchar(255) NOT NULL, email varchar(255), bio text);
CREATE TABLE categories ({key}, name varchar(255) NOT NULL, slug varchar(255) UNIQUE);
CREATE TABLE tags ({key}, name varchar(255) NOT NULL);
CREATE TABLE articles ({key}, title varchar(255) NOT NULL, slug varchar(255) UNIQUE,
  status varchar(255) NOT NULL DEFAULT 'draft', body text, views integer DEFAULT 0, rating {float},
  published_at {dateTime}, author integer REFERENCES authors (id) ON DELETE SET NULL,
  category integer REFERENCES categories (id) ON DELETE SET NULL);
CREATE TABLE articles_tags ({key}, articles_id integer REFERENCES articles (id) ON DELETE CASCADE,
  tags_id integer REFERENCES tags (id) ON DELETE CASCADE);
CREATE TABLE comments ({key}, author_name varchar(255), body text, created_at {timestamp},
  article integer REFERENCES articles (id) ON DELETE CASCADE);
CREATE INDEX articles_author ON articles (author);
CREATE INDEX articles_category ON articles (category);
CREATE INDEX articles_tags_articles_id ON articles_tags (articles_id);
CREATE INDEX articles_tags_tags_id ON articles_tags (tags_id);
CREATE INDEX comments_article ON comments (article)
"""
_WORDS: Final[dict[Dialect, dict[str, str]]] = {
    "postgresql": {
        "key": "id serial PRIMARY KEY",
        "float": "real",
        "dateTime": "timestamp",
        "timestamp": "timestamptz",
    },
    "sqlite": {
        "key": "id integer NOT NULL PRIMARY KEY AUTOINCREMENT",
        "float": "float",
        "dateTime": "datetime",
        "timestamp": "datetime",
    },
}

COLLECTIONS: Final = ("authors", "categories", "tags", "articles", "articles_tags", "comments")
#: fields whose metadata say something: (collection, field, special)
_FIELDS: Final = (
    ("articles", "author", "m2o"),
    ("articles", "category", "m2o"),
    ("articles", "tags", "m2m"),
    ("articles", "comments", "o2m"),
    ("authors", "articles", "o2m"),
    ("comments", "created_at", "cast-timestamp"),
)
#: (many, field, one, field of the one side, junction field)
_RELATIONS: Final = (
    ("articles", "author", "authors", "articles", None),
    ("articles", "category", "categories", None, None),
    ("articles_tags", "articles_id", "articles", "tags", "tags_id"),
    ("articles_tags", "tags_id", "tags", None, "articles_id"),
    ("comments", "article", "articles", "comments", None),
)
_READS: Final[tuple[tuple[str, str, object], ...]] = (
    ("articles", READABLE, {"status": {"_eq": "published"}}),
    ("authors", AUTHOR_READABLE, None),
    ("tags", "*", None),
    ("categories", "*", None),
    ("articles_tags", "*", None),
    ("comments", "*", None),
)


def statements(dialect: Dialect) -> list[str]:
    """DDL and metadata, to be run once on a database that has its system tables."""
    return [*_TABLES.format_map(_WORDS[dialect]).strip().split(";\n"), *_metadata(), *_reader()]


def _metadata() -> list[str]:
    return [
        *(_insert("directus_collections", collection=name) for name in COLLECTIONS),
        *(_insert("directus_fields", collection=c, field=f, special=special) for c, f, special in _FIELDS),
        *(
            _insert(
                "directus_relations",
                many_collection=many,
                many_field=field,
                one_collection=one,
                one_field=one_field,
                junction_field=junction,
            )
            for many, field, one, one_field, junction in _RELATIONS
        ),
    ]


def _reader() -> list[str]:
    role, policy, user, access = (
        str(uuid5(NAMESPACE_URL, f"benchmark:{name}")) for name in ("role", "policy", "user", "access")
    )
    return [
        _insert("directus_roles", id=role, name="reader"),
        _insert("directus_policies", id=policy, name="reader"),
        _insert("directus_access", id=access, role=role, policy=policy),
        _insert(
            "directus_users",
            id=user,
            email="reader@example.com",
            first_name="Reader",
            role=role,
            token=READER_TOKEN,
            status="active",
        ),
        *(
            _insert(
                "directus_permissions",
                policy=policy,
                collection=collection,
                action="read",
                fields=fields,
                permissions=None if rule is None else json.dumps(rule),
            )
            for collection, fields, rule in _READS
        ),
    ]


def _insert(table: str, **values: str | None) -> str:
    """Only for the constants of this module."""
    literals = (
        "NULL" if value is None else "'" + value.replace("'", "''") + "'" for value in values.values()
    )
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(literals)})"
