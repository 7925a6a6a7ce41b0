"""Several changes in one transaction, changes that are only tried, indexes that are made after the commit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.chosen import sql_dialect
from resolvers.context import SYSTEM, RequestContext
from resolvers.events import Event, Events
from resolvers.permissions import NOTHING, UNRESTRICTED
from resolvers.sql.ddl.shapes import DropColumn
from resolvers.structure.changes import SchemaChanges
from resolvers.structure.collections import new_collection
from resolvers.structure.fields import dropped_field, new_field
from resolvers.structure.payloads import read_collection, read_field
from resolvers.structure.steps import Change, Phase
from schema_gen.errors import CausewayError
from schema_gen.model import SchemaSnapshot
from schema_gen.reading import SnapshotLoader
from tests.support.dump import dump
from tests.support.modelling import ask, field, make, names, shape, told
from tests.support.project import Site

NOW = datetime(2024, 6, 15, 12, 0, tzinfo=UTC)
CONTEXT = RequestContext(actor=SYSTEM, rules=UNRESTRICTED, now=NOW)


def changes_of(site: Site, heard: list[Event]) -> SchemaChanges:
    async def hear(event: Event) -> None:
        heard.append(event)

    database = site.database
    return SchemaChanges(
        database,
        sql_dialect(database),
        SnapshotLoader(database).within,
        site.project.schema.changed,
        Events((hear,)),
    )


def collection(name: str) -> Phase:
    payload = read_collection({"collection": name, "schema": {}, "meta": {"note": "n"}})
    return lambda snapshot: new_collection(snapshot, payload)


def added(home: str, name: str, **more: Any) -> Phase:
    payload = read_field({"field": name, "type": "string", **more})
    return lambda snapshot: new_field(snapshot, home, payload)


async def test_each_phase_is_planned_on_what_the_one_before_has_made(site: Site) -> None:
    heard: list[Event] = []
    seen: list[list[str]] = []

    def looking(snapshot: SchemaSnapshot) -> Change:
        seen.append(list(snapshot.collections["things"].fields))
        return dropped_field(snapshot, "things", "b")

    phases = [collection("things"), added("things", "a", meta={}), added("things", "b"), looking]
    log = await changes_of(site, heard).run(phases, CONTEXT)
    assert seen == [["id", "a", "b"]]
    assert any("CREATE TABLE" in statement for statement in log)
    assert await names(site, "things") == ["id", "a"]
    assert [(event.collection, event.action, len(event.keys)) for event in heard] == [
        ("directus_collections", "create", 1),
        ("directus_fields", "create", 2),
    ]


async def test_one_that_is_refused_takes_all_with_it(site: Site) -> None:
    heard: list[Event] = []
    await make(site, "there")
    before = await dump(site.database), await shape(site.database)
    with pytest.raises(CausewayError, match="already exists"):
        await changes_of(site, heard).run([collection("things"), collection("there")], CONTEXT)
    assert (await dump(site.database), await shape(site.database), heard) == (*before, [])


async def test_a_change_that_is_only_tried(site: Site) -> None:
    heard: list[Event] = []
    await make(site, "there", {"field": "f", "type": "string"})
    before = await dump(site.database), await shape(site.database)

    def drop(snapshot: SchemaSnapshot) -> Change:
        return Change(ddl=(DropColumn(table="there", name="f"),))

    log = await changes_of(site, heard).run([collection("things"), drop], CONTEXT, dry=True)
    assert any("things" in statement for statement in log)
    assert any("there" in statement for statement in log)
    assert (await dump(site.database), await shape(site.database), heard) == (*before, [])
    assert (await ask(site, "GET", "/items/things")).status == 403


async def test_only_for_administrators(site: Site) -> None:
    nobody = RequestContext(actor=SYSTEM.__class__(kind="public"), rules=NOTHING, now=NOW)

    def never(snapshot: SchemaSnapshot) -> Change:
        raise AssertionError("planned for somebody who may not")

    with pytest.raises(CausewayError, match="permission"):
        await changes_of(site, []).run([never], nobody)


async def test_indexes_after_the_commit(site: Site) -> None:
    await make(site, "things", {"field": "a", "type": "string"})
    await told(site, "POST", "/items/things", [{"a": "x"}, {"a": "y"}])
    path = "/fields/things?concurrentIndexCreation=true"
    made = await told(site, "POST", path, {"field": "b", "type": "string", "schema": {"is_indexed": True}})
    assert made["schema"]["is_indexed"]
    one = {"schema": {"is_indexed": True}}
    changed = await told(site, "PATCH", "/fields/things/a?concurrentIndexCreation=true", one)
    assert changed["schema"]["is_indexed"]
    assert (await field(site, "things", "c", "string"))["schema"]["is_indexed"] is False
