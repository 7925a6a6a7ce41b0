"""The door to a database: a URL in, pools of connections out. Nothing else opens connections.

    sqlite:///data/causeway.sqlite      a file beside the working directory (sqlite:////data/x.sqlite:
    absolute) postgresql://user:pw@host:5432/db   everything after the address goes to asyncpg
    (`?sslmode=require`, ...)

`Database` and `Transaction` (see `schema_gen.drivers.base`) are what the other stages hold.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from schema_gen.drivers.base import Database, Transaction
from schema_gen.drivers.postgresql import PostgresDatabase
from schema_gen.drivers.sqlite import SqliteDatabase
from schema_gen.errors import CausewayError, ConfigurationError

__all__ = ["Database", "Transaction", "open_database", "without_password"]

_SCHEMES: Final = {"postgres": "postgresql", "postgresql": "postgresql", "sqlite": "sqlite"}
_PASSWORD_PARAMETER: Final = re.compile(r"(?i)([?&]password=)[^&]*")


def without_password(url: str) -> str:
    """The URL as it may be logged.

    >>> without_password("postgresql://me:secret@localhost/db")
    'postgresql://me@localhost/db'
    """
    parts = urlsplit(url)
    user, _, address = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}@{address}" if user else address
    query = _PASSWORD_PARAMETER.sub(r"\1", f"?{parts.query}")[1:]
    return urlunsplit((parts.scheme, netloc, parts.path, query, "")) if parts.scheme != "sqlite" else url


async def open_database(
    url: str,
    *,
    pool_min: int = 1,
    pool_max: int = 10,
    readers: int = 2,
    max_waiting: int = 1000,
    acquire_timeout: float = 10.0,
    search_path: Sequence[str] = (),
) -> Database:
    """Opens the database behind `url`; close it with `await database.close()`.

    `pool_min`, `pool_max` (PostgreSQL) and `readers` (SQLite) count connections; at most `max_waiting`
    callers queue for one, each for at most `acquire_timeout` seconds. `search_path`: PostgreSQL schemas to
    serve, the first is the default. A SQLite file that does not exist is made. Raises ConfigurationError
    for a URL that is none of ours or a database that cannot be opened.
    """
    scheme, separator, rest = url.partition("://")
    kind = _SCHEMES.get(scheme.partition("+")[0])
    if not separator or kind is None:
        raise ConfigurationError(
            f'database URL "{scheme}": use sqlite:///file or postgresql://user@host/database'
        )
    safe = without_password(url)
    if kind == "sqlite":
        file = SqliteDatabase(
            _sqlite_path(rest, safe),
            url=safe,
            readers=max(readers, 1),
            max_waiting=max_waiting,
            timeout=acquire_timeout,
        )
        try:
            await file.open()
        except (sqlite3.Error, OSError) as error:
            await file.close()
            raise ConfigurationError(f"cannot open the database {file.path}: {error}") from error
        return file
    postgres = PostgresDatabase(
        f"postgresql://{rest}",
        url=safe,
        size=max(pool_max, 1),
        max_waiting=max_waiting,
        timeout=acquire_timeout,
        search_path=search_path,
    )
    try:
        await postgres.open(max(pool_min, 1))
    except (CausewayError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        await postgres.close()
        raise ConfigurationError(f"cannot open the database {safe}: {error.__cause__ or error}") from error
    return postgres


def _sqlite_path(rest: str, url: str) -> Path:
    name = rest.partition("?")[0].removeprefix("/")
    if not name or name == ":memory:":
        raise ConfigurationError(f"database URL {url}: name a file, as in sqlite:///data/causeway.sqlite")
    path = Path(name).absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot make the directory of the database {path}: {error}") from error
    return path
