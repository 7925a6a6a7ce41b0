"""PostgreSQL: what its driver's errors mean in the protocol.

The server tells table, column and, in the detail of a broken key, the value:
`Key (slug)=(a) already exists.` -> RECORD_NOT_UNIQUE with collection, field "slug" and value "a".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import asyncpg

from schema_gen import errors
from schema_gen.errors import CausewayError, SchemaMoved

_KEY_DETAIL: Final = re.compile(
    r"Key \((?P<fields>.+?)\)=\((?P<value>.*?)\)(?: already exists| is |\.|$)", re.DOTALL
)

#: the server or the way to it has gone; a read may be tried again on a fresh connection
BROKEN: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    OSError,
)


def _key(error: asyncpg.PostgresError) -> tuple[str | None, str | None]:
    """(field, value) of a broken key; the names of a composite key joined by ", "."""
    found = _KEY_DETAIL.search(getattr(error, "detail", None) or "")
    if found is None:
        return None, None
    return found["fields"].replace('"', ""), found["value"]


def _table(error: asyncpg.PostgresError) -> str | None:
    name = getattr(error, "table_name", None)
    return name if isinstance(name, str) else None


def _not_unique(error: asyncpg.PostgresError, _writing: bool) -> CausewayError:
    return errors.record_not_unique(_table(error), *_key(error))


def _foreign_key(error: asyncpg.PostgresError, _writing: bool) -> CausewayError:
    return errors.invalid_foreign_key(_table(error), *_key(error))


def _not_null(error: asyncpg.PostgresError, _writing: bool) -> CausewayError:
    column = getattr(error, "column_name", None)
    if "contains null values" in str(error):
        return errors.contains_null_values(_table(error), column)
    return errors.not_null_violation(_table(error), column)


def _check(_error: asyncpg.PostgresError, _writing: bool) -> CausewayError:
    # its name tells of columns that the caller may not see
    return errors.invalid_payload("A check constraint does not hold")


def _trigger(_error: asyncpg.PostgresError, _writing: bool) -> CausewayError:
    return errors.invalid_payload("A trigger of the database refuses the change")


def _range(_error: asyncpg.PostgresError, writing: bool) -> CausewayError:
    return errors.value_out_of_range() if writing else errors.invalid_query("Invalid numeric value")


def _value(_error: asyncpg.PostgresError, writing: bool) -> CausewayError:
    return errors.invalid_payload("Invalid value") if writing else errors.invalid_query("Invalid value")


def _too_long(_error: asyncpg.PostgresError, _writing: bool) -> CausewayError:
    return errors.value_too_long()


def _busy(_error: asyncpg.PostgresError, _writing: bool) -> CausewayError:
    return errors.service_unavailable("database", "Under pressure", retry_after=1)


def _conflict(_error: asyncpg.PostgresError, _writing: bool) -> CausewayError:
    return errors.conflict()


def _gone(_error: asyncpg.PostgresError, _writing: bool) -> CausewayError:
    return unreachable()


def _too_complex(_error: asyncpg.PostgresError, _writing: bool) -> CausewayError:
    return errors.invalid_query("The query is too complex for the database")


#: SQLSTATE -> refusal; two characters stand for a whole class
REFUSALS: Final[Mapping[str, Callable[[asyncpg.PostgresError, bool], CausewayError]]] = {
    "08": _gone,
    "22": _value,
    "22001": _too_long,
    "22003": _range,
    "23502": _not_null,
    "23503": _foreign_key,
    "23505": _not_unique,
    "23514": _check,
    "23P01": _not_unique,
    "25006": _busy,
    "40": _conflict,
    "53": _busy,
    "54": _too_complex,
    "55P03": _busy,
    "57014": _busy,
    "57P": _gone,
    "P0001": _trigger,
}


#: SQLSTATE of statements that do not fit the tables: no such column, table, operator for its type, or unique
#: constraint; an expression that is not of the column's type
_MOVED: Final = frozenset({"42703", "42804", "42883", "42P01", "42P10"})
#: what is said of a statement that was prepared before the change
_OUTDATED: Final = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
#: everything that a statement may fail with, connections apart
STATEMENT_ERRORS: Final = (asyncpg.PostgresError, asyncpg.OutdatedSchemaCacheError)


def unreachable() -> CausewayError:
    return errors.service_unavailable("database", "Connection lost", retry_after=1)


def refusal(error: BaseException, *, writing: bool) -> CausewayError | SchemaMoved | None:
    """What a driver error means; None: it is no fault of the request."""
    if isinstance(error, _OUTDATED):
        return SchemaMoved(str(error))
    if isinstance(error, asyncpg.PostgresError):
        state = str(getattr(error, "sqlstate", "") or "")
        if state in _MOVED:
            return SchemaMoved(str(error))
        for code in (state, state[:3], state[:2]):
            if code in REFUSALS:
                return REFUSALS[code](error, writing)
        return None
    if isinstance(error, OSError):
        return unreachable()
    return None
