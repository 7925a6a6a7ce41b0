"""`causeway schema`: a data model as a file, on both databases and from one to the other."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import yaml

from gateway.cli import run
from gateway.terminal import Terminal
from schema_gen.database import open_database
from tests.support.dump import dump

FAST_HASH = {"HASH_MEMORY_COST": "8192", "HASH_TIME_COST": "1", "HASH_PARALLELISM": "1"}
MODEL = """
version: 1
directus: 12.4.1
vendor: {vendor}
collections:
  - collection: tags
    meta: {{note: no}}
    schema: {{name: tags}}
fields:
  - {{collection: tags, field: id, type: uuid, schema: {{is_primary_key: true}}}}
  - {{collection: tags, field: label, type: string, schema: {{max_length: 20}}}}
  - {{collection: tags, field: parent, type: uuid, schema: {{}}}}
relations:
  - collection: tags
    field: parent
    related_collection: tags
    meta: {{}}
    schema: {{on_delete: SET NULL}}
"""


@dataclass(frozen=True, kw_only=True)
class Said:
    code: int
    out: str
    err: str


class Keyboard(io.StringIO):
    def isatty(self) -> bool:
        return True


Call = Callable[..., Said]


@pytest.fixture
def call(database_url: str, tmp_path: Path) -> Call:
    def called(*arguments: str, stdin: io.StringIO | None = None, url: str = database_url) -> Said:
        out, err = io.StringIO(), io.StringIO()
        environment = {"DB_CONNECTION_STRING": url, "ADMIN_PASSWORD": "correct horse", **FAST_HASH}
        terminal = Terminal(out=out, err=err, stdin=stdin or io.StringIO())
        return Said(
            code=run(arguments, environment, tmp_path, terminal), out=out.getvalue(), err=err.getvalue()
        )

    assert called("bootstrap").code == 0
    return called


@pytest.fixture
def model(database_url: str, tmp_path: Path) -> str:
    path = tmp_path / "model.yaml"
    path.write_text(MODEL.format(vendor="sqlite" if "sqlite" in database_url else "postgres"))
    return str(path)


def test_a_model_is_shown_applied_and_taken(call: Call, model: str, tmp_path: Path) -> None:
    shown = call("schema", "diff", model)
    assert (shown.code, shown.err) == (0, "5 to make, 0 to change, 0 to delete\n")
    assert shown.out.splitlines() == [
        "+ collection tags",
        f"+ field tags.id ({kind(shown)})",
        "+ field tags.label (string)",
        f"+ field tags.parent ({kind(shown)})",
        "+ relation tags.parent -> tags",
    ]
    assert call("schema", "diff", model, "--check").code == 1
    assert call("schema", "apply", model, "--yes").err.splitlines()[-1] == "Applied."
    again = call("schema", "diff", model, "--check")
    assert (again.code, again.out, again.err) == (0, "", "Nothing differs.\n")
    assert call("schema", "apply", model).err == "Nothing differs.\n"

    for name in ("taken.yaml", "taken.json"):
        path = tmp_path / name
        assert call("schema", "snapshot", str(path)).err == (
            f"Wrote {path}: 1 collections, 3 fields, 1 relations\n"
        )
        assert call("schema", "diff", str(path), "--check").code == 0
    taken = json.loads((tmp_path / "taken.json").read_text())
    assert yaml.safe_load(call("schema", "snapshot").out) == taken
    assert json.loads(call("schema", "snapshot", "--format", "json").out) == taken
    assert taken["collections"][0]["meta"]["note"] == "no"


def kind(said: Said) -> str:
    """Of uuids without special, which SQLite does not know."""
    return "uuid" if "(uuid)" in said.out else "string"


def test_what_changes_is_told(call: Call, model: str, tmp_path: Path) -> None:
    call("schema", "apply", model, "--yes")
    path = tmp_path / "taken.json"
    call("schema", "snapshot", str(path))
    document = json.loads(path.read_text())
    label = next(field for field in document["fields"] if field["field"] == "label")
    label["schema"]["max_length"] = 30
    label["meta"] |= {"note": "x" * 100, "options": {"a": [1]}}
    document["relations"].clear()
    document["collections"][0]["meta"]["archive_value"] = "gone"
    document["systemFields"].append(
        {"collection": "directus_users", "field": "last_page", "schema": {"is_indexed": True}}
    )
    # as it comes out of curl
    path.write_text(json.dumps({"data": document}))
    said = call("schema", "diff", str(path))
    assert said.out.splitlines() == [
        "~ collection tags",
        '    archive_value: null -> "gone"',
        "~ field tags.label",
        "    max_length: 20 -> 30",
        f'    note: null -> "{"x" * 68}...',
        '    options: null -> {"a": [1]}',
        "~ index of directus_users.last_page",
        "    is_indexed: false -> true",
        "- relation tags.parent",
    ]
    document["fields"] = []
    document["collections"] = []
    path.write_text(json.dumps(document))
    assert call("schema", "diff", str(path)).out.splitlines()[0] == "- collection tags, with its items"


async def content(url: str) -> list[str]:
    database = await open_database(url)
    try:
        return await dump(database)
    finally:
        await database.close()


async def in_thread(call: Call, *arguments: str, **more: object) -> Said:
    """The commands have an event loop of their own, which a test with one cannot hold."""
    return await asyncio.to_thread(call, *arguments, **more)


async def test_a_dry_run_prints_sql_and_changes_nothing(call: Call, model: str, database_url: str) -> None:
    before = await content(database_url)
    said = await in_thread(call, "schema", "apply", model, "--dry-run")
    assert said.code == 0
    assert said.out.lower().startswith('create table "tags"')
    assert all(line.endswith(";") for line in said.out.splitlines() if line.startswith("create"))
    assert 'insert into "directus_collections"' in said.out.lower()
    assert 'insert into "directus_fields"' in said.out.lower()
    assert "+ collection tags" in said.err
    assert said.err.splitlines()[-1] == ("Activity and revisions are written besides. Nothing was changed.")
    assert await content(database_url) == before


async def run_by_hand(url: str, script: str) -> None:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(script)
        return
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


async def test_what_a_dry_run_prints_does_it(
    call: Call, model: str, database_url: str, tmp_path: Path
) -> None:
    """Run by hand, the statements make, change and drop all that the document says."""
    path = tmp_path / "next.json"
    before = tmp_path / "before.json"
    await in_thread(call, "schema", "snapshot", str(before))
    await run_by_hand(database_url, (await in_thread(call, "schema", "apply", model, "--dry-run")).out)
    assert (await in_thread(call, "schema", "diff", model)).err == "Nothing differs.\n"

    await in_thread(call, "schema", "snapshot", str(path))
    document = json.loads(path.read_text())
    label = next(field for field in document["fields"] if field["field"] == "label")
    label["schema"]["max_length"] = 30
    label["meta"] = {"note": 'it\'s "quoted" \\ $1', "options": {"a": [1, None, True]}, "hidden": True}
    document["collections"][0]["meta"] |= {"archive_value": "gone", "singleton": True}
    document["relations"].clear()
    path.write_text(json.dumps(document))
    await run_by_hand(database_url, (await in_thread(call, "schema", "apply", str(path), "--dry-run")).out)
    assert (await in_thread(call, "schema", "diff", str(path))).err == "Nothing differs.\n"

    said = await in_thread(call, "schema", "apply", str(before), "--dry-run")
    assert 'DELETE FROM "directus_fields"' in said.out
    await run_by_hand(database_url, said.out)
    assert (await in_thread(call, "schema", "diff", str(before))).err == "Nothing differs.\n"


async def test_it_asks_before(call: Call, model: str, database_url: str) -> None:
    before = await content(database_url)
    nobody = await in_thread(call, "schema", "apply", model)
    assert nobody.code == 2
    assert nobody.err.splitlines()[-1] == (
        "causeway: no terminal to ask on: --yes applies it without a question"
    )
    for answer in ("\n", "n\n", "what\n"):
        said = await in_thread(call, "schema", "apply", model, stdin=Keyboard(answer))
        assert (said.code, said.err.splitlines()[-1]) == (1, "Apply this? [y/N] Nothing was changed.")
    assert await content(database_url) == before
    said = await in_thread(call, "schema", "apply", model, stdin=Keyboard("y\n"))
    assert (said.code, said.err.splitlines()[-1]) == (0, "Apply this? [y/N] Applied.")


async def test_what_cannot_be_applied_leaves_no_trace(
    call: Call, model: str, database_url: str, tmp_path: Path
) -> None:
    path = Path(model)
    path.write_text(path.read_text().replace("related_collection: tags", "related_collection: nope"))
    before = await content(database_url)
    for more in ("--yes", "--dry-run"):
        said = await in_thread(call, "schema", "apply", model, more)
        assert said.code == 1
        assert said.err.splitlines()[-1] == ('causeway: Invalid payload. Collection "nope" doesn\'t exist.')
    assert await content(database_url) == before


def test_files_that_are_none(call: Call, tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    assert call("schema", "diff", str(missing)).err == (
        f"causeway: {missing} cannot be read: No such file or directory\n"
    )
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [")
    said = call("schema", "apply", str(broken))
    assert (said.code, said.err) == (1, "causeway: Invalid payload. Uploaded file is not valid YAML.\n")
    assert call("schema", "snapshot", str(tmp_path / "no" / "where.yaml")).code == 2


def test_other_releases_and_databases_are_noted(call: Call, model: str) -> None:
    path = Path(model)
    text = path.read_text().replace("12.4.1", "11.17.4")
    vendors = ("sqlite", "postgres")
    path.write_text(text.replace(*(vendors if "sqlite" in text else vendors[::-1])))
    said = call("schema", "apply", model, "--yes")
    assert said.code == 0
    assert [line.split(" version ")[0].split(" vendor ")[0] for line in said.err.splitlines()[:2]] == [
        "Note: Provided snapshot's directus",
        "Note: Provided snapshot's",
    ]
    assert call("schema", "diff", model, "--check").code == 0
