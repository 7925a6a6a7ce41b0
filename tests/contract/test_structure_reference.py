"""What a Directus 12 server tells of collections, fields and relations, beside ours on the same tables.

`tests/data/directus12_structure.json.gz` holds its answers on both databases. On SQLite they are compared
with the database that it made, on PostgreSQL with our own system tables; on both with the tables of
`structure_common.sql` and `structure_<database>.sql`. Every departure is listed here, with its reason.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from schema_gen.database import Database, open_database
from tests.conftest import MakeDatabase
from tests.support.directus import DATA, unpack_database
from tests.support.project import Site, data, running, seed_system
from tests.support.session import Dialect

RECORDED: Final = json.loads(gzip.decompress((DATA / "directus12_structure.json.gz").read_bytes()))
#: relations of two tables are told apart by where they lead
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "collections": ("collection",),
    "fields": ("collection", "field"),
    "relations": ("collection", "field", "related_collection"),
}
Key = tuple[str, ...]

#: left out by us: a table without key, parts of a key of two columns
NOT_TOLD: Final[frozenset[Key]] = frozenset({("keyless",), ("child", "wa", "wide"), ("child", "wb", "wide")})
#: told by us alone: views, tables with keys of two columns, what foreign keys without metadata lead to
TOLD_TOO: Final[frozenset[Key]] = frozenset(
    {
        ("mv_plain",),
        ("v_plain",),
        ("v_plain", "id"),
        ("v_plain", "name"),
        ("mv_plain", "id"),
        ("wide", "a"),
        ("wide", "b"),
        ("wide", "c"),
        ("wide", "child"),
        ("child", "wide"),
        ("child", "wide", "wide"),
        ("bare", "bare_by_owner_id"),
    }
)
#: (key, path) of a value that is another, and why
BETTER: Final[Mapping[tuple[Key, str], str]] = {
    (("bare", "id"), "schema.is_nullable"): "a key is never null",
    (("bare", "id"), "schema.has_auto_increment"): "SQLite numbers every integer key",
    (("child", "id"), "schema.is_nullable"): "a key is never null",
    (("child", "id"), "schema.has_auto_increment"): "SQLite numbers every integer key",
    (("ser", "id"), "schema.is_nullable"): "a key is never null",
    (("ser", "id"), "schema.has_auto_increment"): "SQLite numbers every integer key",
    (("special", "id"), "schema.is_nullable"): "a key is never null",
    (("txtkey", "code"), "schema.is_nullable"): "a key is never null",
    (("bare", "n"), "type"): "a numeric is a decimal",
    (("bare", "n"), "schema.numeric_precision"): "as it was declared",
    (("bare", "n"), "schema.numeric_scale"): "as it was declared",
    (("special", "num"), "type"): "a numeric is a decimal",
    (("special", "dec"), "schema.numeric_precision"): "as it was declared",
    (("special", "dec"), "schema.numeric_scale"): "as it was declared",
    (("special", "d"), "type"): "the family of the type is known",
    (("special", "d"), "schema.data_type"): "as it was declared",
    (("special", "d"), "schema.default_value"): "the value of its type",
    (("ser", "x"), "schema.max_length"): "there is no bound",
    (("special", "m"), "type"): "the values of an enum are strings",
    (("special", "d"), "schema.is_indexed"): "by an index over a part of the rows",
    (("special", "b"), "type"): "bytea is binary",
    (("ser", "x"), "type"): "a varchar is a string",
    (("special", "txt"), "schema.default_value"): "the value, not its SQL",
    (("special", "g"), "schema.generation_expression"): "told on SQLite too",
    (("special", "d"), "schema.is_unique"): "an index over a part of the rows does not make them unique",
    (("special", "r"), "schema.is_indexed"): "the first column of an index",
    (("child", "wa"), "schema.foreign_key_table"): "part of a key of two columns",
    (("child", "wa"), "schema.foreign_key_column"): "part of a key of two columns",
    (("child", "wa"), "schema.foreign_key_schema"): "part of a key of two columns",
    (("child", "wb"), "schema.foreign_key_table"): "part of a key of two columns",
    (("child", "wb"), "schema.foreign_key_column"): "part of a key of two columns",
    (("child", "wb"), "schema.foreign_key_schema"): "part of a key of two columns",
    (("bare", "owner_id", "bare"), "meta"): "its other side is inferred",
}


async def run_script(database: Database, *names: str) -> None:
    async with database.transaction() as transaction:
        for name in names:
            for statement in (DATA / name).read_text().split(";\n"):
                if statement.strip():
                    await transaction.execute(statement, [])


@pytest.fixture
async def site(dialect: Dialect, make_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[Site]:
    if dialect == "sqlite":
        url = f"sqlite:///{unpack_database(tmp_path / 'directus.sqlite')}"
    else:
        url = await make_database(seed_system)
    database = await open_database(url)
    await run_script(database, "structure_common.sql", f"structure_{dialect}.sql")
    await database.close()
    async with running(url) as opened:
        yield opened


def told(what: str, values: Iterable[Mapping[str, Any]]) -> dict[Key, Mapping[str, Any]]:
    return {tuple(value[name] for name in KEYS[what]): value for value in values}


def leaves(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The parts of `meta` and `schema`, each by its path."""
    for name, part in value.items():
        if path == "" and isinstance(part, dict):
            yield from leaves(part, f"{name}.")
        else:
            yield f"{path}{name}", part


@pytest.mark.parametrize("what", ["collections", "fields", "relations"])
async def test_everything_is_told_alike(site: Site, dialect: Dialect, what: str) -> None:
    reference = told(what, RECORDED[dialect][what])
    mine = told(what, data(await site.ask("GET", f"/{what}", token="admin-token")))
    if dialect == "postgresql":
        # its own tables were made by another hand than ours
        made = {"bare", "child", "gone", "keyless", "ser", "special", "wide"}
        reference = {
            key: value for key, value in reference.items() if key[0] in made or key[0].startswith("directus_")
        }
    assert {key for key in reference if key not in mine} <= NOT_TOLD
    assert {key for key in mine if key not in reference} <= TOLD_TOO
    shared = [
        (key, dict(leaves(value)), dict(leaves(mine[key]))) for key, value in reference.items() if key in mine
    ]
    different = [
        (key, path, here.get(path, "nothing"), expected)
        for key, there, here in shared
        for path, expected in there.items()
        if here.get(path, "nothing") != expected and not is_known(key, path, dialect)
    ]
    assert different == []
    more = [(key, path) for key, there, here in shared for path in here if path not in there]
    assert [one for one in more if not is_known(*one, dialect)] == []


def is_known(key: Key, path: str, dialect: Dialect) -> bool:
    if path == "meta.id" and dialect == "postgresql":
        # which number a row got
        return True
    if key == ("directus_access", "policy", "directus_policies"):
        # two relations of one field; the reference tells the foreign key at one of them
        return True
    if path == "schema.sql":
        # spaces
        return not key[0].startswith("directus_")
    return (key, path) in BETTER or (key, path.partition(".")[0]) in BETTER


async def test_what_has_lost_its_other_half_is_told_to_administrators(site: Site) -> None:
    """So that it can be taken away."""
    ghost = data(await site.ask("GET", "/fields/bare/ghost", token="admin-token"))
    assert (ghost["type"], ghost["schema"], ghost["meta"]["interface"]) == ("alias", None, "input")
    listed = data(await site.ask("GET", "/fields/bare", token="admin-token"))
    assert "ghost" not in [told["field"] for told in listed]
    relation = data(await site.ask("GET", "/relations/bare/i", token="admin-token"))
    assert (relation["related_collection"], relation["schema"]) == ("gone", None)
    assert (await site.ask("GET", "/fields/gone/x", token="admin-token")).status == 403


async def test_a_row_of_metadata_wins_over_what_the_registry_knows(site: Site, dialect: Dialect) -> None:
    async with site.database.transaction() as transaction:
        await transaction.execute(
            "insert into directus_collections (collection, note) values ('directus_users', 'People')"
        )
    await site.project.epochs.bump_schema()
    told = data(await site.ask("GET", "/collections/directus_users", token="admin-token"))
    assert (told["meta"]["note"], told["meta"]["versioning"]) == ("People", False)


async def test_changes_are_told(site: Site, dialect: Dialect) -> None:
    """Answers are kept for one snapshot: what was told before is not told again."""
    assert (await site.ask("GET", "/fields/ser", token="admin-token")).status == 200
    before = data(await site.ask("GET", "/fields", token="admin-token"))
    async with site.database.transaction() as transaction:
        await transaction.execute("alter table ser add column more varchar(7) default 'm'")
        await transaction.execute("insert into directus_fields (collection, field) values ('ser', 'left')")
    await site.project.epochs.bump_schema()
    after = data(await site.ask("GET", "/fields", token="admin-token"))
    new = [told for told in after if told not in before]
    assert [(told["collection"], told["field"], told["schema"]["max_length"]) for told in new] == [
        ("ser", "more", 7)
    ]
    assert (await site.ask("GET", "/fields/ser/left", token="admin-token")).status == 200
    schema = data(await site.ask("GET", "/collections/ser", token="admin-token"))["schema"]
    assert dialect == "postgresql" or "more varchar(7)" in schema["sql"]
