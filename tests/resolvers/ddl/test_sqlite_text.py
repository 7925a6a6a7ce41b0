"""The text of CREATE TABLE is taken apart as SQLite itself reads it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resolvers.sql.ddl.sqlite_edit import apply, typed, with_clause, without_clauses, without_column
from resolvers.sql.ddl.sqlite_text import Definition, parse

names = st.sampled_from(
    [
        "a",
        "B_1",
        "größe",
        "select",
        "check",
        "two words",
        'q"uote',
        "it's",
        "x)y",
        "c,d",
        "--no",
        "/*",
        "`tick`",
        "[b",
        "1st",
    ]
)
quotes = st.sampled_from(['"', "`", "["])
gaps = st.sampled_from([" ", "\n  ", " /* ,( */ ", " -- ',(\n", "\t"])
types = st.sampled_from(
    ["", "integer", "varchar(20)", "decimal ( 10 , 2 )", "DOUBLE PRECISION", "unsigned big int", '"odd type"']
)
clauses: list[tuple[str, str]] = [
    ("not null", "NOT NULL"),
    ("not null", "constraint n not null on conflict fail"),
    ("null", "NULL"),
    ("unique", "unique"),
    ("unique", 'CONSTRAINT "u,(" UNIQUE ON CONFLICT IGNORE'),
    ("check", "check (1 in (1, 2) and ')' <> '(' and \"--\" is not null)"),
    ("check", "constraint c check (x'ab' <> '')"),
    ("default", "default 5"),
    ("default", "default -1.5e3"),
    ("default", "default 'it''s, (so)'"),
    ("default", "default (1 + (2))"),
    ("default", "default null"),
    ("default", "default CURRENT_TIMESTAMP"),
    ("collate", "collate nocase"),
    ("references", "references other"),
    (
        "references",
        'constraint f references "other" (a) on delete set null on update set default not deferrable',
    ),
    ("references", "references other match full deferrable initially deferred"),
]


def quoted(name: str, quote: str) -> str:
    if quote == "[":
        return f"[{name}]" if "]" not in name else quoted(name, '"')
    return quote + name.replace(quote, quote * 2) + quote


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[tuple[str, str, list[str]]], list[str]]:
    """(text, [(name, type, kinds of its clauses)], kinds of the constraints)"""

    def gap() -> str:
        return draw(gaps)

    parts, columns = [], []
    for name in draw(st.lists(names, min_size=1, max_size=4, unique_by=str.lower)):
        kind = draw(types)
        chosen = draw(st.lists(st.sampled_from(clauses), max_size=4))
        parts.append(
            gap().join([quoted(name, draw(quotes)), *([kind] if kind else []), *(text for _, text in chosen)])
        )
        columns.append((name, kind, [of for of, _ in chosen]))
    first = quoted(columns[0][0], '"')
    constraints: list[tuple[str, str]] = draw(
        st.lists(
            st.sampled_from(
                [
                    ("unique", f"unique ({first})"),
                    ("check", "constraint \"k,\" check (1 or ')' = ',')"),
                    ("foreign", f"foreign key ({first}) references other (a) on delete set null"),
                ]
            ),
            max_size=3,
        )
    )
    text = f"CREATE TABLE {quoted(draw(names), draw(quotes))}{gap()}({gap()}" + f"{gap()},{gap()}".join(parts)
    for index, (_, written) in enumerate(constraints):
        text += (f"{gap()},{gap()}" if index == 0 or draw(st.booleans()) else gap()) + written
    return f"{text}{gap()})", columns, [kind for kind, _ in constraints]


@given(tables())
def test_what_was_written_is_found(drawn: tuple[str, list[tuple[str, str, list[str]]], list[str]]) -> None:
    text, columns, constraints = drawn
    found = parse(text)
    assert [column.name for column in found.columns] == [name for name, _, _ in columns]
    for column, (_, kind, kinds) in zip(found.columns, columns, strict=True):
        # in front of the type is a gap, which may be a comment
        assert text[column.name_end : column.type_end].endswith(kind)
        assert [clause.kind for clause in column.clauses] == kinds
    assert [clause.kind for clause in found.constraints] == constraints


@given(tables())
@settings(max_examples=200)
def test_sqlite_reads_what_is_left_of_it(
    drawn: tuple[str, list[tuple[str, str, list[str]]], list[str]],
) -> None:
    text, columns, _ = drawn
    assume(_facts(text))
    found = parse(text)
    column = found.columns[-1]
    before = _facts(text)
    retyped = apply(text, [typed(column, "bigint")])
    assert [row[1] for row in _facts(retyped)] == [name for name, _, _ in columns]
    assert _facts(retyped)[-1][2] == "bigint"
    assert [row[3:] for row in _facts(retyped)] == [row[3:] for row in before]
    required = apply(text, [*without_clauses(column, {"not null", "null"}), with_clause(column, "NOT NULL")])
    assert _facts(required)[-1][3] == 1
    assert _facts(required)[:-1] == before[:-1]
    bare = apply(text, without_clauses(column, {"default", "references", "unique", "check"}))
    assert _facts(bare)[-1][4] is None
    if len(columns) > 1:
        less = apply(text, [without_column(found, column)])
        assert [row[1] for row in _facts(less)] == [name for name, _, _ in columns[:-1]]


def _facts(text: str) -> list[tuple[Any, ...]]:
    """What SQLite says of the columns; nothing where it does not take the text."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute(text)
        except sqlite3.OperationalError:
            return []
        (name,) = connection.execute("select name from sqlite_schema where type = 'table'").fetchone()
        return connection.execute("select * from pragma_table_xinfo(?)", (name,)).fetchall()


TEXTS = [
    'CREATE TABLE t(a,b,"c" int)',
    "CREATE TABLE IF NOT EXISTS main.t (a integer primary key) WITHOUT ROWID, STRICT",
    "CREATE TABLE t (a generated always as (1), b as (a + 1) stored not null, c text default(lower('x')))",
    "CREATE TABLE t (a int constraint one constraint two not null, primary key (a))",
    "CREATE TABLE t (\xa0a\u3000 int, \U0001f600 text)",
]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TEXTS[0], [("a", []), ("b", []), ("c", [])]),
        (TEXTS[1], [("a", ["primary"])]),
        (TEXTS[2], [("a", ["generated"]), ("b", ["generated", "not null"]), ("c", ["default"])]),
        (TEXTS[3], [("a", ["check", "not null"])]),
        (TEXTS[4], [("\xa0a\u3000", []), ("\U0001f600", [])]),
    ],
)
def test_oddities(text: str, told: list[tuple[str, list[str]]]) -> None:
    found: Definition = parse(text)
    assert [(column.name, [clause.kind for clause in column.clauses]) for column in found.columns] == told
    assert text[slice(*found.name)].endswith("t")
