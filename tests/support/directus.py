"""What a Directus 12 server made and said, from `tests/data` (see `tests/data/make_directus12.py`)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from schema_gen.model import Relation
from tests.support.session import Dialect

DATA = Path(__file__).parents[1] / "data"
FILES: dict[Dialect, str] = {"sqlite": "directus12.json", "postgresql": "directus12_postgresql.json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFacts:
    """`data_type` None: a field without column."""

    type: str
    special: tuple[str, ...]
    data_type: str | None = None
    default: Any = None
    max_length: int | None = None
    nullable: bool = True
    foreign_table: str | None = None
    foreign_column: str | None = None


@cache
def said(dialect: Dialect) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((DATA / FILES[dialect]).read_text())
    return found


def fields_said(dialect: Dialect) -> dict[str, dict[str, FieldFacts]]:
    """Collection -> field -> facts, in the server's order."""
    return {
        collection: {name: _facts(*facts) for name, facts in fields.items()}
        for collection, fields in said(dialect)["fields"].items()
    }


def _facts(kind: str, special: list[str] | None, *schema: Any) -> FieldFacts:
    names = ("data_type", "default", "max_length", "nullable", "foreign_table", "foreign_column")
    return FieldFacts(
        type=kind, special=tuple(special or ()), **dict(zip(names, schema, strict=bool(schema)))
    )


RelationFacts = tuple[Any, ...]


def relations_said(dialect: Dialect) -> set[RelationFacts]:
    return {
        (collection, field, related, one, junction, sort, deselect, tuple(allowed or ()), name_field)
        for (
            collection,
            field,
            related,
            one,
            junction,
            sort,
            deselect,
            allowed,
            name_field,
            _,
        ) in said(dialect)["relations"]
    }


def relation_facts(relation: Relation) -> RelationFacts:
    return (
        relation.collection,
        relation.field,
        relation.related,
        relation.one_field,
        relation.junction_field,
        relation.sort_field,
        relation.deselect_action,
        relation.allowed,
        relation.collection_field,
    )


def unpack_database(path: Path) -> Path:
    """The SQLite database that the server made, as `path`."""
    path.write_bytes(gzip.decompress((DATA / "directus12.sqlite.gz").read_bytes()))
    return path
