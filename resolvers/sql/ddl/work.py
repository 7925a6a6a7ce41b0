"""A transaction in which tables are changed: what is asked and told in it, and what a refusal there means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from resolvers.sql.ddl.rendering import quoted
from schema_gen.drivers.base import DialectName, Parameters, Row, Transaction
from schema_gen.errors import (
    CausewayError,
    SchemaMoved,
    contains_null_values,
    invalid_payload,
    record_not_unique,
    value_out_of_range,
    value_too_long,
)

#: SQLSTATE -> why a change of a table was refused; {} is the collection, or its field
_REASONS: Final = {
    "0A000": "The database cannot change {} as other objects use it",
    "2BP01": "Other objects of the database depend on {}",
    "42501": "The database does not permit changes of {}",
    "42701": "{} already exists",
    "42703": "{} doesn't exist",
    "42704": "The values of {} have no order, so they can be neither unique nor indexed",
    "42710": "{} already exists",
    "42804": "The type of {} doesn't fit",
    "42809": "{} is no table",
    "42830": "The field that {} refers to has to be unique",
    "42846": "The values of {} cannot be converted",
    # checks and indexes that compute with the old type
    "42725": "The database cannot change {} as other objects use it",
    "42883": "The database cannot change {} as other objects use it",
    "42P01": "{} doesn't exist",
    "42P07": "{} already exists",
    "42P17": "The database cannot change {} as other objects use it",
    "42P16": "{} cannot be changed like that",
    "54011": "{} would have more fields than the database can hold",
    "54000": "{} would be larger than the database can hold",
}


def refused(reason: str, table: str, column: str | None = None) -> CausewayError:
    """INVALID_PAYLOAD with a sentence in which {} stands for the collection, or its field."""
    told = reason.format(f'field "{column}" in collection "{table}"' if column else f'collection "{table}"')
    return invalid_payload(told[0].upper() + told[1:])


def depended_on(table: str, column: str | None = None) -> CausewayError:
    return refused(_REASONS["2BP01"], table, column)


class Work:
    """`log`: gets every statement that changes something. `later`: statements for after the commit."""

    def __init__(
        self,
        transaction: Transaction,
        dialect: DialectName,
        *,
        concurrently: bool = False,
        log: list[str] | None = None,
    ) -> None:
        self.transaction = transaction
        self.dialect: DialectName = dialect
        self.concurrently = concurrently
        self.log = log
        self.later: list[str] = []

    def quoted(self, name: str) -> str:
        return quoted(self.dialect, name)

    async def ask(self, sql: str, params: Parameters = ()) -> list[Row]:
        return await self.transaction.fetch(sql, params)

    async def tell(self, sql: str, table: str, column: str | None = None) -> None:
        """Runs a statement that changes `table`; a refusal names it, and the column that it is about."""
        if self.log is not None:
            self.log.append(sql)
        try:
            await self.transaction.execute(sql)
        except CausewayError as error:
            raise _placed(error, table, column) from error.__cause__
        except (SchemaMoved, asyncpg.PostgresError) as error:
            # whatever is amiss here is what was asked for: the transaction itself sees the newest tables
            cause = error.__cause__ if isinstance(error, SchemaMoved) else error
            raise _refusal(cause, table, column) or error from cause

    async def tell_many(self, sql: str, rows: Sequence[Parameters], table: str, column: str) -> None:
        try:
            await self.transaction.execute_many(sql, rows)
        except CausewayError as error:
            raise _placed(error, table, column) from error.__cause__


def _refusal(error: BaseException | None, table: str, column: str | None) -> CausewayError | None:
    reason = _REASONS.get(str(getattr(error, "sqlstate", "") or ""))
    if reason is None:
        return None
    return refused(reason, table, column)


def _placed(error: CausewayError, table: str, column: str | None) -> CausewayError:
    """The same refusal with the names that a driver does not know; those of SQLite's copies are not told."""
    cause = error.__cause__
    state = str(getattr(cause, "sqlstate", "") or "")
    if isinstance(cause, asyncpg.PostgresError) and state in _REASONS:
        return _refusal(cause, table, column) or error
    if error.code == "RECORD_NOT_UNIQUE" and error.extensions.get("collection") != table:
        return record_not_unique(table, column or error.extensions.get("field"))
    if column is None:
        return error
    match error.code:
        case "VALUE_TOO_LONG":
            return value_too_long(table, column)
        case "VALUE_OUT_OF_RANGE":
            return value_out_of_range(table, column)
        case "NOT_NULL_VIOLATION":
            return contains_null_values(table, column)
        case "INVALID_PAYLOAD" if state.startswith("22"):
            return unconvertible(table, column)
    return error


def unconvertible(table: str, column: str) -> CausewayError:
    return refused("{} holds values that cannot be converted", table, column)
