"""Names of tables, columns, indexes and constraints: what can be one, and how those are called that we make.

    index_names("articles", "slug", "unique")   -> "articles_slug_unique", then others for where that is taken

The names of indexes and constraints are those of a Directus database. What is too long is cut and ends in a
digest of the whole; so does a name that something else has already (`a_b` + `c` and `a` + `b_c` meet), so
that the same database always gets the same names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final, Literal

from schema_gen.drivers.base import DialectName
from schema_gen.errors import invalid_payload

Kind = Literal["foreign", "index", "unique"]

#: bytes of a name in PostgreSQL; asked for on SQLite too, so that a project can move from one to the other
LONGEST: Final = 63
_PLAIN: Final = re.compile(r"[.\-]")
_DIGITS: Final = 8
#: columns that every table of PostgreSQL has already
_POSTGRESQL_COLUMNS: Final = frozenset({"cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"})
#: names of tables and indexes that SQLite keeps to itself
_SQLITE_NAMES: Final = "sqlite_"


def check_name(name: str) -> None:
    """INVALID_PAYLOAD for what cannot be the name of a table or a column."""
    if not isinstance(name, str) or not name:
        raise invalid_payload("A name cannot be empty")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise invalid_payload("A name has to be valid Unicode") from None
    if "\x00" in name:
        raise invalid_payload("A name cannot hold a null character")
    if size > LONGEST:
        raise invalid_payload(f'The name "{name[:LONGEST]}..." is longer than {LONGEST} bytes')


def check_table_name(name: str, dialect: DialectName) -> None:
    check_name(name)
    if dialect == "sqlite" and is_kept(name):
        raise invalid_payload(f'The name "{name}" is reserved by the database')


def check_column_name(name: str, dialect: DialectName) -> None:
    check_name(name)
    if dialect == "postgresql" and name in _POSTGRESQL_COLUMNS:
        raise invalid_payload(f'The name "{name}" is reserved by the database')


def is_kept(name: str) -> bool:
    """Whether SQLite refuses the name for tables and indexes."""
    return name.lower().startswith(_SQLITE_NAMES)


def index_names(table: str, column: str, kind: Kind) -> Iterator[str]:
    """What an index or constraint may be called: the first that is not taken is its name. The columns of a
    collection called "sqlite" would give names that SQLite keeps: theirs begin with a line.
    """
    plain = _PLAIN.sub("_", f"{table}_{column}").lower()
    plain = f"_{plain}" if is_kept(plain) else plain
    whole = f"{plain}_{kind}"
    if len(whole.encode()) <= LONGEST:
        yield whole
    attempt = 0
    while True:
        digest = hashlib.blake2s(f"{table}\0{column}\0{kind}\0{attempt}".encode()).hexdigest()[:_DIGITS]
        end = f"__{digest}_{kind}"
        yield plain.encode()[: LONGEST - len(end)].decode(errors="ignore") + end
        attempt += 1
