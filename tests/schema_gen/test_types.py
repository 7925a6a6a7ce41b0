"""The type table is total, and defaults are read as values."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import sqlalchemy as sa

from schema_gen.database import Database
from schema_gen.introspect import introspect
from schema_gen.model import FieldType
from schema_gen.types import ALIAS_SPECIALS, COLUMN_TYPES, TYPES, default_value, field_type

#: names that carry another type on the way back: what a column alone can tell
WITH_SPECIAL: dict[str, tuple[str, ...]] = {
    "csv": ("cast-csv",),
    "hash": ("hash",),
    "timestamp": ("cast-timestamp",),
    "uuid": ("uuid",),
    **{name: (name,) for name in TYPES if name.startswith("geometry")},
}


def test_every_field_type_has_its_facts() -> None:
    assert set(TYPES) == set(get_args(FieldType))
    for name, facts in TYPES.items():
        assert (facts.graphql is None) == (name == "alias")
        assert (facts.sqlite is None) == (name in {"alias", "unknown"})
        assert (facts.postgresql is None) == (name in {"alias", "unknown"})
    for types in COLUMN_TYPES.values():
        assert set(types.values()) <= set(TYPES)


async def test_a_column_of_each_type_is_read_as_that_type(database: Database) -> None:
    """Except geometry on PostgreSQL, whose types come with an extension."""
    wanted: dict[str, str] = {}
    for name, facts in TYPES.items():
        declared = facts.sqlite if database.dialect == "sqlite" else facts.postgresql
        if declared is not None and not (database.dialect == "postgresql" and name.startswith("geometry")):
            wanted[name] = declared
    columns = ", ".join(f'"{name}" {declared}' for name, declared in wanted.items())
    await database.run_sync(
        lambda connection: connection.execute(
            sa.text(f"create table kinds (key integer primary key, {columns})")
        )
    )
    catalog = await introspect(database)
    for column in catalog.tables["kinds"].columns[1:]:
        kind = field_type(database.dialect, column.data_type, special=WITH_SPECIAL.get(column.name, ()))
        assert kind == column.name


@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        (None, "string", None),
        ("NULL::character varying", "string", None),
        ("'draft'::character varying", "string", "draft"),
        ("'x''y'::text", "text", "x'y"),
        ("''::text", "text", ""),
        ("'a::b'", "string", "a::b"),
        ("'5'::bigint", "bigInteger", 5),
        ("'9007199254740993'::bigint", "bigInteger", 9007199254740993),
        ("'-1.50'::numeric(8,2)", "decimal", -1.5),
        ("true", "boolean", True),
        ("'0'", "boolean", False),
        ("1", "boolean", True),
        ("25", "integer", 25),
        ("(1 + 2)", "integer", "(1 + 2)"),
        ("'{\"a\": 1}'::jsonb", "json", {"a": 1}),
        ("'broken'", "json", "broken"),
        ("now()", "timestamp", "now()"),
        ("CURRENT_TIMESTAMP", "timestamp", "CURRENT_TIMESTAMP"),
        ("'2020-01-01'::date", "date", "2020-01-01"),
        ('"double quoted"', "string", "double quoted"),
        ("'{}'::text[]", "unknown", "{}"),
        ("'happy'::\"Mood of Day\"", "string", "happy"),
        ("'00:00:00'::time without time zone", "time", "00:00:00"),
    ],
)
def test_defaults(expression: str | None, kind: FieldType, value: Any) -> None:
    assert default_value(expression, kind) == value


def test_specials_decide_before_columns() -> None:
    assert field_type("sqlite", "text", special=("cast-json",)) == "json"
    assert field_type("postgresql", "character varying", special=("conceal", "hash")) == "hash"
    assert field_type("sqlite", "text", special=("geometry.Point",)) == "geometry.Point"
    assert field_type("postgresql", "mood", enum=True) == "string"
    assert field_type("postgresql", "no such type") == "unknown"
    assert {"o2m", "m2m", "m2a", "files", "translations", "group", "no-data"} <= ALIAS_SPECIALS
