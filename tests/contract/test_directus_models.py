"""Data models made by Directus servers: they apply here, and differ as those servers say.

`tests/data/directus_models.json.gz` holds snapshots of two releases on both databases, and what those servers
answered to changed ones (see `tests/data/make_directus_models.py`).
"""

from __future__ import annotations

import gzip
import json
from copy import deepcopy
from typing import Any, Final

import pytest

from resolvers.structure.adapting import Here, adapted
from resolvers.structure.difference import difference
from resolvers.structure.portrait_payloads import read_portrait
from schema_gen.drivers.base import DialectName
from tests.conftest import MakeDatabase
from tests.data.make_directus_models import EDITS
from tests.support.directus import DATA
from tests.support.modelling import ask, told
from tests.support.project import running, seed_system

RECORDED: Final = json.loads(gzip.decompress((DATA / "directus_models.json.gz").read_bytes()))
NAMES: Final = sorted(RECORDED)
DIALECTS: Final[dict[str, DialectName]] = {"sqlite": "sqlite", "postgres": "postgresql"}


@pytest.mark.parametrize("name", NAMES)
async def test_a_recorded_model_applies(make_database: MakeDatabase, name: str) -> None:
    document = RECORDED[name]["snapshot"]
    async with running(await make_database(seed_system)) as site:
        found = await told(site, "POST", "/schema/diff?force", document)
        applied = await ask(site, "POST", "/schema/apply", found)
        assert applied.status == 204, applied.body
        again = await ask(site, "POST", "/schema/diff?force", document)
        assert (again.status, again.body) == (204, b"")
        ours = await told(site, "GET", "/schema/snapshot")
    for part in ("collections", "fields", "relations"):
        assert places(ours, part) == places(document, part)


def places(document: Any, part: str) -> set[tuple[str, str]]:
    return {(each["collection"], each.get("field", "")) for each in document[part]}


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_differences_are_told_as_recorded(name: str, edit: Any) -> None:
    recorded = RECORDED[name]
    document = deepcopy(recorded["snapshot"])
    edit(document)
    ours = read_portrait(recorded["snapshot"])
    found = difference(ours, adapted(read_portrait(document), ours, here(recorded["snapshot"])))
    said = recorded["differences"][edit.__name__]
    assert (found.as_json() if found else None) == said


def here(document: Any) -> Here:
    """The server that made the document."""
    parts = {"directus_collections": "collections", "directus_fields": "fields"}
    columns = {table: frozenset(document[part][0]["meta"]) for table, part in parts.items()}
    columns["directus_relations"] = frozenset(document["relations"][0]["meta"])
    return Here(dialect=DIALECTS[document["vendor"]], columns=columns)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", NAMES)
def test_releases_and_databases_differ_in_what_they_cannot_hold(name: str, other: str) -> None:
    """Nothing but decimals, which the reference keeps as floats on SQLite, and geometry."""
    theirs, ours = read_portrait(RECORDED[name]["snapshot"]), read_portrait(RECORDED[other]["snapshot"])
    found = difference(ours, adapted(theirs, ours, here(RECORDED[other]["snapshot"])))
    assert not found.collections
    assert not found.relations
    assert not found.system_fields
    for (collection, field), deltas in found.fields.items():
        paths = {delta.path for delta in deltas}
        geometry, decimal = field.startswith("f_geometry"), field.startswith("f_decimal")
        assert collection == "every_type"
        assert geometry or decimal or paths == {("meta", "sort")}
