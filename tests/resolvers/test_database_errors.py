"""What the database refuses, told alike by both: code, collection, field and value, as they were sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from schema_gen.database import open_database
from tests.conftest import MakeDatabase
from tests.support.project import ADMIN_TOKEN, Site, running, seed_system
from tests.support.writers import insert

TABLES: Final = """
create table owners (id {key}, name varchar(10) not null, mail varchar(20) unique);
create table things (id {key}, name varchar(10) unique, code integer unique, day date unique,
  at {timestamp} unique, price numeric(5,2) unique, pin varchar(20) unique, big bigint, lot integer,
  mark integer, owner integer references owners (id), other integer references owners (id),
  unique (lot, mark), check (code < 1000));
create table parts (id {key}, label varchar(5), thing integer not null references things (id));
create table lines (shelf integer, number integer, label varchar(5) unique, primary key (shelf, number));
create table marks (id {key}, shelf integer, number integer, up integer references marks (id),
  foreign key (shelf, number) references lines (shelf, number));
create table roots (id {key});
create table stems (id {key}, root integer references roots (id) on delete cascade);
create table leaves (id {key}, stem integer references stems (id));
create table late (id {key}, owner integer references owners (id) deferrable initially deferred);
create unique index lower_labels on parts (lower(label));
insert into owners (name, mail) values ('Ada', 'ada@x'), ('Eve', 'eve@x');
insert into things (name, code, day, at, price, pin, lot, mark, owner) values
  ('A', 1, {day}, {at}, 1.50, 'secret', 1, 1, 1), ('B', 2, null, null, null, null, 1, 2, null);
insert into parts (label, thing) values ('p', 1);
insert into lines values (1, 1, 'one'), (1, 2, 'two');
insert into marks (shelf, number) values (1, 2);
insert into roots default values;
insert into stems (root) values (1);
insert into leaves (stem) values (1)
"""
TRIGGER: Final = {
    "sqlite": """create trigger guard before delete on leaves
begin select raise(abort, 'told to nobody'); end""",
    "postgresql": """create function guard() returns trigger language plpgsql as
'begin raise exception ''told to nobody''; end'; create trigger guard before delete on leaves
for each row execute function guard()""",
}
NOT_UNIQUE: Final = "RECORD_NOT_UNIQUE"
NO_TARGET: Final = "INVALID_FOREIGN_KEY"

#: method, path, body -> code, collection, field, value
CASES: Final[tuple[tuple[str, str, Any, tuple[Any, ...]], ...]] = (
    # uniqueness
    ("POST", "things", {"name": "A"}, (NOT_UNIQUE, "things", "name", "A")),
    ("POST", "things", {"code": 1}, (NOT_UNIQUE, "things", "code", 1)),
    ("POST", "things", {"code": "1"}, (NOT_UNIQUE, "things", "code", "1")),
    ("POST", "things", {"code": 1, "name": "A"}, (NOT_UNIQUE, "things", "name", "A")),
    ("POST", "things", {"id": 1, "name": "A"}, (NOT_UNIQUE, "things", "id", 1)),
    ("POST", "things", {"day": "2024-01-02"}, (NOT_UNIQUE, "things", "day", "2024-01-02")),
    ("POST", "things", {"at": "2024-01-02T04:00:00+01:00"},
     (NOT_UNIQUE, "things", "at", "2024-01-02T04:00:00+01:00")),
    ("POST", "things", {"price": 1.5}, (NOT_UNIQUE, "things", "price", 1.5)),
    ("POST", "things", {"pin": "secret"}, (NOT_UNIQUE, "things", "pin", None)),
    ("POST", "things", {"lot": 1, "mark": 1}, (NOT_UNIQUE, "things", "lot, mark", "1, 1")),
    ("POST", "lines", {"shelf": 1, "number": 2}, (NOT_UNIQUE, "lines", "shelf, number", "1, 2")),
    ("POST", "parts", {"label": "P", "thing": 1}, (NOT_UNIQUE, "parts", None, None)),
    ("POST", "things", [{"name": "n"}, {"name": "n"}], (NOT_UNIQUE, "things", "name", "n")),
    ("POST", "things", [{"code": 7}, {"code": 8}, {"code": 2}], (NOT_UNIQUE, "things", "code", 2)),
    ("POST", "things", [{"price": "7.5"}, {"price": "1.50"}], (NOT_UNIQUE, "things", "price", "1.50")),
    ("PATCH", "things/2", {"name": "A"}, (NOT_UNIQUE, "things", "name", "A")),
    ("PATCH", "things/2", {"name": "B", "code": 1}, (NOT_UNIQUE, "things", "code", 1)),
    ("PATCH", "things/2", {"mark": 1}, (NOT_UNIQUE, "things", "lot, mark", None)),
    ("PATCH", "things", {"keys": [1, 2], "data": {"code": 9}}, (NOT_UNIQUE, "things", "code", 9)),
    ("PATCH", "things", [{"id": 1, "code": 9}, {"id": 2, "code": 9}], (NOT_UNIQUE, "things", "code", 9)),
    ("PUT", "things/2", {"name": "A"}, (NOT_UNIQUE, "things", "name", "A")),
    ("POST", "owners", {"name": "n", "things": [{"name": "A"}]}, (NOT_UNIQUE, "things", "name", "A")),
    ("POST", "things", {"owner": {"name": "n", "mail": "eve@x"}}, (NOT_UNIQUE, "owners", "mail", "eve@x")),
    ("PATCH", "owners/2", {"things": {"create": [{"code": 8}, {"code": 1}]}},
     (NOT_UNIQUE, "things", "code", 1)),
    # links to nothing
    ("POST", "things", {"owner": 99}, (NO_TARGET, "things", "owner", 99)),
    ("POST", "things", {"owner": "99"}, (NO_TARGET, "things", "owner", "99")),
    ("POST", "things", {"owner": 1, "other": 99}, (NO_TARGET, "things", "other", 99)),
    ("POST", "things", [{"owner": 1}, {"owner": 98}, {"owner": 2}], (NO_TARGET, "things", "owner", 98)),
    ("PATCH", "things/1", {"owner": 99}, (NO_TARGET, "things", "owner", 99)),
    ("PATCH", "things", {"keys": [1, 2], "data": {"owner": 99}}, (NO_TARGET, "things", "owner", 99)),
    ("POST", "parts", {"thing": {"owner": 99}}, (NO_TARGET, "things", "owner", 99)),
    ("POST", "owners", {"name": "n", "things": [{"other": 99}]}, (NO_TARGET, "things", "other", 99)),
    ("POST", "marks", {"shelf": 1, "number": 9}, (NO_TARGET, "marks", "shelf, number", "1, 9")),
    # told at the commit, when the row is not known any more
    ("POST", "late", {"owner": 99}, (NO_TARGET, None, None, None)),
    # items that others lead to
    ("DELETE", "owners/1", None, (NO_TARGET, "owners", "id", 1)),
    ("DELETE", "owners", [2, 1], (NO_TARGET, "owners", "id", 1)),
    ("DELETE", "owners", {"query": {}}, (NO_TARGET, "owners", "id", 1)),
    ("DELETE", "lines/1,2", None, (NO_TARGET, "lines", "shelf, number", "1, 2")),
    ("DELETE", "roots/1", None, (NO_TARGET, "roots", None, None)),
    # values
    ("POST", "owners", {"name": None}, ("FAILED_VALIDATION", None, "name", None)),
    ("POST", "owners", {}, ("FAILED_VALIDATION", None, "name", None)),
    ("PATCH", "owners/1", {"name": None}, ("FAILED_VALIDATION", None, "name", None)),
    ("POST", "owners", {"name": "12345678901"}, ("VALUE_TOO_LONG", "owners", "name", "12345678901")),
    ("PATCH", "things/1", {"owner": {"name": "12345678901"}},
     ("VALUE_TOO_LONG", "owners", "name", "12345678901")),
    ("POST", "things", {"code": 2**31}, ("VALUE_OUT_OF_RANGE", "things", "code", 2**31)),
    ("POST", "things", {"big": "9223372036854775808"},
     ("VALUE_OUT_OF_RANGE", "things", "big", 2**63)),
    ("POST", "things", {"price": 1000}, ("VALUE_OUT_OF_RANGE", "things", "price", 1000)),
    ("POST", "things", {"code": "x"}, ("INVALID_PAYLOAD", "things", "code", "x")),
    ("POST", "things", {"code": 1000}, ("INVALID_PAYLOAD", None, None, None)),
    ("PATCH", "things", {"query": {}, "data": {"code": 1000}}, ("INVALID_PAYLOAD", None, None, None)),
    ("DELETE", "leaves/1", None, ("INVALID_PAYLOAD", None, None, None)),
)  # fmt: skip


async def seed(url: str) -> None:
    await seed_system(url)
    postgres = url.startswith("postgresql")
    script = TABLES.format(
        key="integer generated by default as identity primary key" if postgres else "integer primary key",
        timestamp="timestamptz" if postgres else "datetime",
        day="'2024-01-02'" if postgres else "1704153600000",
        at="'2024-01-02T03:00:00Z'" if postgres else "1704164400000",
    )
    trigger = TRIGGER["postgresql" if postgres else "sqlite"]
    statements = [*script.split(";\n"), *(trigger.split("; create") if postgres else [trigger])]
    database = await open_database(url)
    try:
        async with database.transaction() as transaction:
            for statement in statements:
                text = statement.strip()
                await transaction.execute(f"create {text}" if text.startswith("trigger") else text)
        for collection, field, special in (
            ("things", "at", "cast-timestamp"),
            ("things", "pin", "conceal"),
            ("owners", "things", "o2m"),
        ):
            row = {"collection": collection, "field": field, "special": special}
            await insert(database, "directus_fields", row)
        await insert(
            database,
            "directus_relations",
            {"many_collection": "things", "many_field": "owner", "one_collection": "owners",
             "one_field": "things"},
        )  # fmt: skip
    finally:
        await database.close()


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(seed)) as opened:
        yield opened


async def test_both_databases_tell_the_same(site: Site) -> None:
    different: list[tuple[Any, ...]] = []
    for method, path, body, expected in CASES:
        answer = await site.ask(method, f"/items/{path}", body, token=ADMIN_TOKEN)
        if answer.status != 400:
            different.append((method, path, body, expected, answer.status, answer.body))
            continue
        facts = json.loads(answer.body)["errors"][0]["extensions"]
        told = (facts["code"], *(facts.get(name) for name in ("collection", "field", "value")))
        if told != expected or "told to nobody" in answer.body.decode():
            different.append((method, path, body, expected, told))
    assert not different, "\n".join(map(str, different))


async def test_what_is_long_is_not_repeated(site: Site) -> None:
    mail = {"mail": "x" * 20}
    for sent in ({"name": "x" * 5000}, {"name": "x", **mail, "things": [{"name": "n" * 5000}]}):
        answer = await site.ask("POST", "/items/owners", sent, token=ADMIN_TOKEN)
        assert (answer.status, len(answer.body) < 1000) == (400, True)
