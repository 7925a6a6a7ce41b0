"""The text of CREATE TABLE, taken apart: where its columns and constraints stand.

    parse("CREATE TABLE t (id integer primary key, -- key\n  a text NOT NULL CHECK (a <> ')'), UNIQUE (a))")
        -> Definition(name=..., columns=(Column(name="id", ...), Column(name="a", ...)), constraints=(...))

Everything is a span of the text, so that a change touches nothing but what it is about: comments, spelling,
checks, collations and generated columns stay as they were written. SQLite keeps only text that it could read
itself, which is relied on here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple

_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))
  | (?P<text>[xX]?'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
  | (?P<number>(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)
  | (?P<word>[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)
  | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_CONSTRAINTS: Final = frozenset({"CHECK", "CONSTRAINT", "FOREIGN", "PRIMARY", "UNIQUE"})
#: words that end the type of a column
_CLAUSES: Final = frozenset(
    {"AS", "CHECK", "COLLATE", "CONSTRAINT", "DEFAULT", "GENERATED", "NOT", "NULL", "PRIMARY", "REFERENCES"}
    | {"UNIQUE"}
)
Kind = Literal[
    "check",
    "collate",
    "default",
    "foreign",
    "generated",
    "not null",
    "null",
    "primary",
    "references",
    "unique",
]
_KINDS: Final[dict[str, Kind]] = {
    "AS": "generated",
    "CHECK": "check",
    "COLLATE": "collate",
    "DEFAULT": "default",
    "FOREIGN": "foreign",
    "GENERATED": "generated",
    "NOT": "not null",
    "NULL": "null",
    "PRIMARY": "primary",
    "REFERENCES": "references",
    "UNIQUE": "unique",
}


class Token(NamedTuple):
    """`word`: in capitals, "" for what is quoted or no word; `name`: what it names as an identifier; `sign`:
    of a text its quote.
    """

    start: int
    end: int
    word: str
    name: str
    sign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A constraint of a column or a table, from its first token to its last. `columns`: what it lists."""

    kind: Kind
    start: int
    end: int
    tokens: tuple[Token, ...]
    columns: tuple[str, ...] = ()

    def mentions(self, name: str) -> bool:
        return mentions(self.tokens, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnText:
    """`name_end`: where the type begins, or would; `type_end`: where it ends."""

    name: str
    start: int
    end: int
    name_end: int
    type_end: int
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """`name`: the span of the table's name, with its schema; `options`: words behind the last parenthesis."""

    text: str
    name: tuple[int, int]
    columns: tuple[ColumnText, ...]
    constraints: tuple[Clause, ...]
    options: frozenset[str]

    @property
    def last(self) -> int:
        """Where another constraint can stand."""
        return self.constraints[-1].end if self.constraints else self.columns[-1].end

    def uniques(self, column: str) -> list[Clause]:
        """Constraints of the table that are about this column alone."""
        return [
            clause
            for clause in self.constraints
            if clause.kind == "unique" and [name.lower() for name in clause.columns] == [column.lower()]
        ]

    def column(self, name: str) -> ColumnText:
        return next(column for column in self.columns if column.name.lower() == name.lower())


def tokens(text: str) -> list[Token]:
    """Without white space and comments."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind, value = match.lastgroup, match[0]
        if kind == "space":
            continue
        word = value.upper() if kind == "word" else ""
        sign = value if kind == "sign" else "'" if kind == "text" else ""
        found.append(Token(match.start(), match.end(), word, _identifier(kind, value), sign))
    return found


def _identifier(kind: str | None, value: str) -> str:
    if kind == "word":
        return value
    if kind == "quoted":
        quote = value[0]
        return value[1:-1] if quote == "[" else value[1:-1].replace(quote * 2, quote)
    if kind == "text":  # SQLite takes it for a name where only a name can stand
        return value[1:-1].replace("''", "'") if value[0] == "'" else ""
    return ""


def mentions(found: Sequence[Token], name: str) -> bool:
    """Whether a token is this name; a text that reads the same is none."""
    return any(token.name.lower() == name.lower() for token in found if token.sign != "'")


def parse(text: str) -> Definition:
    found = tokens(text)
    at = next(index for index, token in enumerate(found) if token.word == "TABLE") + 1
    if [token.word for token in found[at : at + 3]] == ["IF", "NOT", "EXISTS"]:
        at += 3
    first = at
    if found[at + 1].sign == ".":
        at += 2
    opening = at + 1
    closing = _closing(found, opening)
    columns: list[ColumnText] = []
    constraints: list[Clause] = []
    for item in _items(found[opening + 1 : closing]):
        if constraints or item[0].word in _CONSTRAINTS:
            constraints += _clauses(item, table=True)
        else:
            columns.append(_column(item))
    return Definition(
        text=text,
        name=(found[first].start, found[at].end),
        columns=tuple(columns),
        constraints=tuple(constraints),
        options=frozenset(token.word for token in found[closing + 1 :]),
    )


def _closing(found: Sequence[Token], opening: int) -> int:
    """The index of the parenthesis that closes the one at `opening`."""
    depth = 0
    for index in range(opening, len(found)):
        depth += {"(": 1, ")": -1}.get(found[index].sign, 0)
        if depth == 0:
            return index
    raise ValueError("a parenthesis is not closed")


def _items(found: Sequence[Token]) -> list[list[Token]]:
    """What the commas outside of parentheses part."""
    items: list[list[Token]] = [[]]
    depth = 0
    for token in found:
        depth += {"(": 1, ")": -1}.get(token.sign, 0)
        if token.sign == "," and depth == 0:
            items.append([])
        else:
            items[-1].append(token)
    return [item for item in items if item]


def _column(item: list[Token]) -> ColumnText:
    at = 1
    while at < len(item) and item[at].word not in _CLAUSES:
        at = _closing(item, at) + 1 if item[at].sign == "(" else at + 1
    return ColumnText(
        name=item[0].name,
        start=item[0].start,
        end=item[-1].end,
        name_end=item[0].end,
        type_end=item[at - 1].end,
        clauses=tuple(_clauses(item[at:], table=False)),
    )


def _clauses(item: list[Token], *, table: bool) -> list[Clause]:
    """Constraints one after the other; those of a table may stand without commas."""
    starts: list[int] = []
    at, named = 0, False
    while at < len(item):
        word = item[at].word
        if word == "CONSTRAINT":
            starts.append(at)
            at, named = at + 2, True
            continue
        if word in (_CONSTRAINTS if table else _CLAUSES) and not _belongs(item, at, starts, named=named):
            if not named:
                starts.append(at)
            named = False
        at = _closing(item, at) + 1 if item[at].sign == "(" else at + 1
    return [_clause(item[start:end]) for start, end in pairwise([*starts, len(item)])]


def _belongs(item: list[Token], at: int, starts: list[int], *, named: bool) -> bool:
    """Words that begin a constraint elsewhere, in the middle of one: `SET NULL`, `NOT DEFERRABLE`,
    `DEFAULT NULL`, `SET DEFAULT`, `NOT NULL`, `GENERATED ALWAYS AS`.
    """
    if named or not starts or at == 0:
        return False
    before, word = item[at - 1].word, item[at].word
    if word == "NOT":
        return at + 1 < len(item) and item[at + 1].word == "DEFERRABLE"
    if word == "AS":
        return before == "ALWAYS"
    return (before == "SET" and word in ("NULL", "DEFAULT")) or (
        word == "NULL" and (before == "DEFAULT" or (before == "NOT"))
    )


def _clause(part: list[Token]) -> Clause:
    first = part[2] if part[0].word == "CONSTRAINT" and len(part) > 2 else part[0]
    kind: Kind = _KINDS.get(first.word, "check")
    listed: tuple[str, ...] = ()
    if kind in ("primary", "unique", "foreign"):
        opening = next((index for index, token in enumerate(part) if token.sign == "("), None)
        if opening is not None:
            inside = part[opening + 1 : _closing(part, opening)]
            listed = tuple(item[0].name for item in _items(inside))
    return Clause(kind=kind, start=part[0].start, end=part[-1].end, tokens=tuple(part), columns=listed)
