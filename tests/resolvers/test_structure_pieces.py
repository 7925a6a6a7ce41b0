"""JSON of all fields is made anew only where something has changed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from resolvers.structure.pieces import Pieces
from resolvers.structure.telling import all_fields
from schema_gen.model import SchemaSnapshot
from tests.support.blog import blog_snapshot
from tests.support.work import calls_of

BLOG: Final = blog_snapshot("postgresql")


def changed(snapshot: SchemaSnapshot, name: str, **values: object) -> SchemaSnapshot:
    """The snapshot with another collection of that name, all others the same objects."""
    home = replace(snapshot.collections[name], **values)  # type: ignore[arg-type]
    return replace(snapshot, collections={**snapshot.collections, name: home})


def test_it_is_what_is_told_one_by_one() -> None:
    assert json.loads(Pieces().joined(BLOG)) == json.loads(json.dumps(all_fields(BLOG)))


def test_one_change_makes_one_piece_anew() -> None:
    pieces = Pieces()
    whole = calls_of(lambda: pieces.joined(BLOG))
    fewer = {name: field for name, field in BLOG.collections["tags"].fields.items() if name in ("id", "name")}
    after = changed(BLOG, "tags", fields=fewer)
    again = calls_of(lambda: pieces.joined(after))
    assert again < whole / 2
    assert json.loads(pieces.joined(after)) == json.loads(json.dumps(all_fields(after)))


def test_a_table_that_moves_is_told_by_those_that_lead_to_it() -> None:
    fields = BLOG.collections["articles"].fields
    column = fields["author"].column
    assert column is not None
    author = replace(fields["author"], column=replace(column, foreign_table="authors", foreign_column="id"))
    snapshot = changed(BLOG, "articles", fields={**fields, "author": author})
    pieces = Pieces()
    pieces.joined(snapshot)
    moved = changed(snapshot, "authors", namespace="elsewhere")
    told = json.loads(pieces.joined(moved))
    (found,) = [one for one in told if (one["collection"], one["field"]) == ("articles", "author")]
    assert found["schema"]["foreign_key_schema"] == "elsewhere"


def test_what_is_gone_is_told_no_more() -> None:
    pieces = Pieces()
    pieces.joined(BLOG)
    rest = {name: home for name, home in BLOG.collections.items() if name != "tags"}
    told = json.loads(pieces.joined(replace(BLOG, collections=rest)))
    assert "tags" not in {one["collection"] for one in told}
