"""Laws of data models, over random ones: what differs between two makes one of the other, on both databases;
the databases are then alike; and the way back leads back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from resolvers.structure.deltas import deltas
from tests.support.modelling import ask, told
from tests.support.postgres import Cluster
from tests.support.project import Site, running, seed_system
from tests.support.session import Dialect, TestRun

Document = dict[str, Any]
Facts = dict[str, Any]

FOLDER: Final = "a folder"
#: table -> what its key is
KEYS: Final[dict[str, Facts]] = {
    "one": {"type": "integer", "schema": {"is_primary_key": True, "has_auto_increment": True}},
    "two": {"type": "uuid", "schema": {"is_primary_key": True}},
    "Three's": {"type": "string", "schema": {"is_primary_key": True, "max_length": 40}},
}
#: type -> defaults, and whether its columns can have an index
TYPES: Final[dict[str, tuple[list[Any], bool]]] = {
    "bigInteger": ([2**40, 0], True),
    "binary": ([], False),
    "boolean": ([True, False], False),
    "csv": (["a,b"], False),
    "date": (["2020-01-02"], True),
    "dateTime": (["2020-01-02T03:04:05", "CURRENT_TIMESTAMP"], False),
    "decimal": ([2.5, 0], False),
    "float": ([0.5], False),
    "geometry.Point": ([], False),
    "hash": ([], False),
    "integer": ([7, -1], True),
    "json": ([{"a": [1]}, []], False),
    "string": (["", "it's", "now", "7"], True),
    "text": (["long"], False),
    "time": (["03:04:05"], False),
    "timestamp": (["CURRENT_TIMESTAMP"], False),
    "uuid": (["1f3a1c5e-6d6f-4c0e-9d2e-6a7b8c9d0e1f"], True),
}
SPECIAL: Final = {
    "csv": ["cast-csv"],
    "geometry.Point": ["geometry.Point"],
    "hash": ["hash"],
    "json": ["cast-json"],
}

notes = st.sampled_from([None, "", "no", 'it\'s "x"'])
sorts = st.sampled_from([None, 1, 2])


@st.composite
def fields(draw: st.DrawFn, collection: str, name: str) -> Facts:
    kind = draw(st.sampled_from(["alias", *TYPES]))
    facts: Facts = {"collection": collection, "field": name, "type": kind}
    facts["meta"] = {
        "note": draw(notes),
        "sort": draw(sorts),
        "options": draw(st.sampled_from([None, {}, {"a": [1, {"b": None}]}, {"a": [2]}])),
        "required": draw(st.booleans()),
        "special": ["alias", "no-data"] if kind == "alias" else SPECIAL.get(kind),
    }
    if kind == "alias":
        return facts
    defaults, ordered = TYPES[kind]
    # what is unique has an index anyway
    index = draw(st.sampled_from([None, "is_unique", "is_indexed"])) if ordered else None
    schema: Facts = {
        "default_value": draw(st.sampled_from([None, *defaults])),
        "is_nullable": draw(st.booleans()),
        "is_unique": index == "is_unique",
        "is_indexed": index == "is_indexed",
    }
    if kind == "string":
        schema["max_length"] = draw(st.sampled_from([20, 255]))
    if kind == "decimal":
        schema |= draw(
            st.sampled_from(
                [{"numeric_precision": 8, "numeric_scale": 2}, {"numeric_precision": 10, "numeric_scale": 5}]
            )
        )
    return {**facts, "schema": schema}


@st.composite
def models(draw: st.DrawFn) -> Document:
    tables = draw(st.lists(st.sampled_from(sorted(KEYS)), unique=True, min_size=1))
    folder = draw(st.booleans())
    document: Document = {
        "version": 1,
        "directus": "12.4.1",
        "collections": [],
        "fields": [],
        "relations": [],
    }
    if folder:
        document["collections"].append({"collection": FOLDER, "meta": {"note": draw(notes)}})
    for name in tables:
        group = draw(st.sampled_from([None, FOLDER])) if folder else None
        meta = {"note": draw(notes), "sort": draw(sorts), "group": group, "hidden": draw(st.booleans())}
        document["collections"].append({"collection": name, "meta": meta, "schema": {"name": name}})
        key = {"collection": name, "field": "id", **KEYS[name], "meta": {"sort": 1, "special": None}}
        document["fields"].append(key)
        for field in draw(st.lists(st.sampled_from(["a", "b", "c d"]), unique=True, min_size=1)):
            document["fields"].append(draw(fields(name, field)))
        for target in draw(st.sampled_from([*([each] for each in tables), []])):
            _leads(draw, document, name, target)
    if "two" in tables and draw(st.booleans()):
        _leads_anywhere(document, draw(st.lists(st.sampled_from(tables), unique=True, min_size=1)))
    return document


def _leads(draw: st.DrawFn, document: Document, name: str, target: str) -> None:
    """A field that leads to the key of the target, with or without a list on the other side."""
    key = KEYS[target]
    length = {"max_length": 40} if key["type"] == "string" else {}
    column = {"collection": name, "field": "to", "type": key["type"], "schema": length}
    document["fields"].append({**column, "meta": {"sort": 9, "special": ["m2o"]}})
    listed = f"from {name}" if draw(st.booleans()) else None
    if listed is not None:
        alias = {"collection": target, "field": listed, "type": "alias"}
        document["fields"].append({**alias, "meta": {"sort": 9, "special": ["o2m"]}})
    on_delete = draw(st.sampled_from(["SET NULL", "CASCADE", "NO ACTION", None]))
    relation: Facts = {"collection": name, "field": "to", "related_collection": target}
    if on_delete is not None:
        relation["schema"] = {"on_delete": on_delete}
    document["relations"].append(
        {**relation, "meta": {"one_field": listed, "one_deselect_action": "nullify"}}
    )


def _leads_anywhere(document: Document, allowed: list[str]) -> None:
    for name in ("item", "kind"):
        meta: Facts = {"sort": 10, "special": None}
        field: Facts = {"collection": "two", "field": name, "type": "string", "schema": {"max_length": 60}}
        document["fields"].append({**field, "meta": meta})
    own: Facts = {"one_allowed_collections": allowed, "one_collection_field": "kind"}
    relation: Facts = {"collection": "two", "field": "item", "related_collection": None, "meta": own}
    document["relations"].append(relation)


async def become(site: Site, document: Document) -> Document:
    """The snapshot afterwards."""
    answer = await ask(site, "POST", "/schema/diff?force", document)
    if answer.status != 204:
        assert answer.status == 200, answer.body
        applied = await ask(site, "POST", "/schema/apply", json.loads(answer.body)["data"])
        assert applied.status == 204, applied.body
    again = await ask(site, "POST", "/schema/diff?force", document)
    assert again.status == 204, again.body
    snapshot: Document = await told(site, "GET", "/schema/snapshot")
    return snapshot


async def _lead_there_and_back(sqlite: Site, postgresql: Site, first: Document, second: Document) -> None:
    start = [await become(site, first) for site in (sqlite, postgresql)]
    reached = [await become(site, second) for site in (sqlite, postgresql)]
    for site, other in ((sqlite, reached[1]), (postgresql, reached[0])):
        assert (await ask(site, "POST", "/schema/diff?force", other)).status == 204
    for site, was in zip((sqlite, postgresql), start, strict=True):
        assert unlike(await become(site, first), was) == []


def unlike(one: Document, other: Document) -> list[Any]:
    """What differs of entries of the same place."""
    assert one.keys() == other.keys()
    parts = ("collections", "fields", "systemFields", "relations")
    pairs = [pair for part in parts for pair in zip(one[part], other[part], strict=True)]
    return [delta for mine, theirs in pairs for delta in deltas(mine, theirs)]


Run = Callable[[Document, Document], Awaitable[None]]


@pytest.fixture
def run(postgres: Cluster, test_run: TestRun, tmp_path: Path) -> Run:
    count = iter(range(10_000))

    async def both(first: Document, second: Document) -> None:
        name = f"models_{tmp_path.name[-20:]}_{next(count)}"
        async with AsyncExitStack() as stack:
            stack.callback(postgres.drop, name)
            sites = []
            dialects: tuple[Dialect, ...] = ("sqlite", "postgresql")
            for dialect in dialects:
                template = await test_run.template(dialect, "system_of_models", seed_system)
                url = test_run.copy_template(dialect, template, name, tmp_path)
                sites.append(await stack.enter_async_context(running(url)))
            await _lead_there_and_back(sites[0], sites[1], first, second)

    return both


@settings(
    max_examples=5,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(first=models(), second=models())
def test_differences_lead_from_one_model_to_the_other(run: Run, first: Document, second: Document) -> None:
    async def go() -> None:
        await run(first, second)

    asyncio.run(go())
