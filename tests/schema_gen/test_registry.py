"""The registry agrees with itself, and with what a Directus 12 server says of its system collections."""

from __future__ import annotations

from pathlib import Path

import pytest

from resolvers.bootstrap import bootstrap
from resolvers.secrets import Hasher
from schema_gen.database import open_database
from schema_gen.loader import load_snapshot
from schema_gen.registry import BY_PATH, RELATIONS, SYSTEM
from schema_gen.registry.tables import system_metadata
from tests.conftest import MakeDatabase
from tests.support.directus import DATA, FieldFacts, fields_said, relation_facts, relations_said
from tests.support.session import Dialect

#: named by a relation, yet no field of its collection
NOT_SHOWN = {"directus_collections": ("fields",)}


async def fresh(url: str) -> None:
    database = await open_database(url)
    hasher = Hasher(memory=8, time=1, parallelism=1)
    await bootstrap(database, admin_password="password", hasher=hasher)
    hasher.close()
    await database.close()


def test_every_table_has_one_key_and_a_metadata_table() -> None:
    assert set(system_metadata().tables) == set(SYSTEM)
    for name, system in SYSTEM.items():
        assert [field.name for field in system.fields if field.primary_key] == [system.primary_key], name
        assert len({field.name for field in system.fields}) == len(system.fields), name
        assert list(system_metadata().tables[name].c.keys()) == [field.name for field in system.columns], name
        assert system.path is None or BY_PATH[system.path] is system


def test_references_and_relations_name_what_exists() -> None:
    for system in SYSTEM.values():
        for field in system.columns:
            if field.references is not None:
                assert field.references.column in {one.name for one in SYSTEM[field.references.table].columns}
    for relation in RELATIONS:
        assert relation.field in {one.name for one in SYSTEM[relation.collection].columns}
        names = {one.name for one in SYSTEM[relation.related].fields}
        assert relation.one_field in {None, *names, *NOT_SHOWN.get(relation.related, ())}


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_recorded_server_has_the_same_collections(dialect: Dialect) -> None:
    assert {name for name in fields_said(dialect) if name.startswith("directus_")} == set(SYSTEM)
    assert (DATA / "directus12.sqlite.gz").is_file()


async def test_a_bootstrapped_database_reads_as_a_directus_one(
    make_database: MakeDatabase, dialect: Dialect, tmp_path: Path
) -> None:
    database = await open_database(await make_database(fresh))
    snapshot = await load_snapshot(database, infer_relations=True)
    await database.close()
    expected = {name: one for name, one in fields_said(dialect).items() if name in SYSTEM}
    for name, fields in expected.items():
        found = snapshot.collections[name].fields
        assert list(found) == list(fields), name
        for field in found.values():
            told = fields[field.name]
            assert (field.type, field.special) == (told.type, told.special), f"{name}.{field.name}"
            if field.column is not None:
                key = field.column.primary_key
                assert facts(field.column.default, told) == told.default, f"{name}.{field.name}"
                assert field.column.max_length == told.max_length, f"{name}.{field.name}"
                assert key or field.column.nullable == told.nullable, f"{name}.{field.name}"
                assert field.column.data_type == told.data_type, f"{name}.{field.name}"
                assert (field.column.foreign_table, field.column.foreign_column) == (
                    told.foreign_table,
                    told.foreign_column,
                ), f"{name}.{field.name}"
    system = {relation for relation in relations_said(dialect) if relation[0] in SYSTEM}
    assert {relation_facts(relation) for relation in snapshot.relations} == system


def facts(default: object, told: FieldFacts) -> object:
    """The server shows the sequence behind a serial key; here the key counts by itself and has no default."""
    serial = isinstance(told.default, str) and told.default.startswith("nextval(")
    return told.default if serial and default is None else default
