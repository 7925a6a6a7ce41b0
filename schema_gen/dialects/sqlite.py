"""SQLite: what its driver's errors mean in the protocol.

The driver tells table and columns of unique and NOT NULL failures (`UNIQUE constraint failed:
articles.slug`), never the value, and nothing at all about a broken foreign key.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from typing import Final

from schema_gen import errors
from schema_gen.errors import CausewayError, SchemaMoved


def _place(error: BaseException) -> tuple[str | None, str | None]:
    """`UNIQUE constraint failed: t.a, t.b` -> ("t", "a, b")."""
    _, _, tail = str(error).partition("constraint failed: ")
    names = [part.partition(".") for part in tail.split(", ")] if "." in tail else []
    if not names:
        return None, None
    return names[0][0], ", ".join(name for _, _, name in names)


def _not_unique(error: BaseException, _writing: bool) -> CausewayError:
    return errors.record_not_unique(*_place(error))


def _not_null(error: BaseException, _writing: bool) -> CausewayError:
    return errors.not_null_violation(*_place(error))


def _foreign_key(_error: BaseException, _writing: bool) -> CausewayError:
    return errors.invalid_foreign_key()


def _check(_error: BaseException, _writing: bool) -> CausewayError:
    # its text names columns that the caller may not see
    return errors.invalid_payload("A check constraint does not hold")


def _trigger(_error: BaseException, _writing: bool) -> CausewayError:
    return errors.invalid_payload("A trigger of the database refuses the change")


def _busy(_error: BaseException, _writing: bool) -> CausewayError:
    return errors.service_unavailable("database", "Under pressure", retry_after=1)


def _conflict(_error: BaseException, _writing: bool) -> CausewayError:
    return errors.conflict()


def _too_long(_error: BaseException, _writing: bool) -> CausewayError:
    return errors.value_too_long()


def _value(_error: BaseException, writing: bool) -> CausewayError:
    return errors.invalid_payload("Invalid value") if writing else errors.invalid_query("Invalid value")


#: how SQLite says that a statement is larger than it can be; the result code is that of any mistake
_COMPLEX: Final = (
    "parser stack overflow",
    "Expression tree is too large",
    "too many columns in",
    "too many terms in compound SELECT",
    "too many SQL variables",
    "too many arguments on function",
    "tables in a join",
    "FROM clause terms",
    "pattern too complex",
)

#: how SQLite says that a statement does not fit the tables
_MOVED: Final = re.compile(
    r"no such (table|column)|has no column named|has \d+ columns but|schema has changed"
    r"|ON CONFLICT clause does not match"
)

#: extended result code -> refusal
REFUSALS: Final[Mapping[str, Callable[[BaseException, bool], CausewayError]]] = {
    "SQLITE_BUSY": _conflict,
    "SQLITE_BUSY_RECOVERY": _conflict,
    "SQLITE_BUSY_SNAPSHOT": _conflict,
    "SQLITE_BUSY_TIMEOUT": _conflict,
    "SQLITE_CONSTRAINT_CHECK": _check,
    "SQLITE_CONSTRAINT_DATATYPE": _value,
    "SQLITE_CONSTRAINT_FOREIGNKEY": _foreign_key,
    "SQLITE_CONSTRAINT_NOTNULL": _not_null,
    "SQLITE_CONSTRAINT_PRIMARYKEY": _not_unique,
    "SQLITE_CONSTRAINT_ROWID": _not_unique,
    "SQLITE_CONSTRAINT_TRIGGER": _trigger,
    "SQLITE_CONSTRAINT_UNIQUE": _not_unique,
    "SQLITE_FULL": _busy,
    "SQLITE_LOCKED": _conflict,
    "SQLITE_MISMATCH": _value,
    "SQLITE_TOOBIG": _too_long,
}


def refusal(error: BaseException, *, writing: bool) -> CausewayError | SchemaMoved | None:
    """What a driver error means; None: it is no fault of the request."""
    if isinstance(error, sqlite3.Error):
        if isinstance(error, sqlite3.OperationalError) and _MOVED.search(str(error)):
            return SchemaMoved(str(error))
        if any(words in str(error) for words in _COMPLEX):
            return errors.invalid_query("The query is too complex for the database")
        known = REFUSALS.get(getattr(error, "sqlite_errorname", "") or "")
        return known(error, writing) if known is not None else None
    if isinstance(error, OverflowError):
        return errors.value_out_of_range() if writing else errors.invalid_query("Invalid numeric value")
    return None
