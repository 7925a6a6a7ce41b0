"""Databases with the benchmark's rows: made once, recognised by a mark, used again in later runs.

await make_postgres(url, ...)           our own database: bootstrap, tables, rows
await fill_postgres(url, rows)          rows into tables that a peer has made
make_sqlite(path, ...)
with copied_postgres(...), copied_sqlite(...)      to be written to, gone afterwards
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from benchmarks.content import VERSION, Content
from benchmarks.tables import ADMIN_TOKEN, statements
from tests.support.server import causeway

#: seconds that a database may stay in use after its servers have ended
IN_USE_TIMEOUT: Final = 10.0


def mark_of(articles: int) -> str:
    """Says what is in a database; a cached one with another mark is made anew."""
    return f"causeway benchmark {VERSION}, {articles} articles"


def bootstrap(url: str, directory: Path) -> None:
    done = causeway(
        url,
        directory,
        "bootstrap",
        ADMIN_EMAIL="admin@example.com",
        ADMIN_PASSWORD="password",
        ADMIN_TOKEN=ADMIN_TOKEN,
    )
    if done.returncode:
        raise RuntimeError(f"causeway bootstrap failed: {done.stderr}")


async def has_mark(admin_url: str, database: str, mark: str) -> bool:
    connection = await asyncpg.connect(admin_url)
    try:
        said = await connection.fetchval(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", database
        )
    finally:
        await connection.close()
    return bool(said == mark)


async def set_mark(admin_url: str, database: str, mark: str) -> None:
    await _run(admin_url, f"COMMENT ON DATABASE \"{database}\" IS '{mark}'")


async def make_postgres(
    admin_url: str, url: str, database: str, rows: Content, mark: str, directory: Path, *, fresh: bool = False
) -> None:
    """Our own database, made anew unless it has the mark."""
    if not fresh and await has_mark(admin_url, database, mark):
        return
    await _run(admin_url, f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
    await _run(admin_url, f'CREATE DATABASE "{database}" TEMPLATE template0')
    bootstrap(url, directory)
    await _run(url, *statements("postgresql"))
    await fill_postgres(url, rows)
    await set_mark(admin_url, database, mark)


async def fill_postgres(url: str, content: Content) -> None:
    """Rows into empty tables, in the same physical order on every system."""
    connection = await asyncpg.connect(url)
    try:
        for table, rows in content.tables.items():
            zoned = await _zoned_columns(connection, table)
            await connection.copy_records_to_table(
                table,
                columns=rows.columns,
                records=_with_zone(rows.values, [column in zoned for column in rows.columns]),
            )
            await connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM \"{table}\"))"
            )
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _zoned_columns(connection: asyncpg.Connection, table: str) -> frozenset[str]:
    found = await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name = $1 AND data_type = 'timestamp with time zone'",
        table,
    )
    return frozenset(row[0] for row in found)


def _with_zone(rows: list[tuple[Any, ...]], zoned: list[bool]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield tuple(
            value.replace(tzinfo=UTC) if has_zone and isinstance(value, datetime) else value
            for value, has_zone in zip(row, zoned, strict=True)
        )


def make_sqlite(path: Path, content: Content, mark: str, directory: Path, *, fresh: bool = False) -> None:
    """Our own SQLite file, made anew unless it has the mark. Moments are milliseconds since 1970."""
    noted = path.with_suffix(".mark")
    if not fresh and path.exists() and noted.exists() and noted.read_text() == mark:
        return
    _unlink(path)
    bootstrap(f"sqlite:///{path}", directory)
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements("sqlite"):
            connection.execute(statement)
    fill_sqlite(path, content)
    noted.write_text(mark)


def fill_sqlite(path: Path, content: Content) -> None:
    """Rows into empty tables."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, rows in content.tables.items():
            places = ", ".join("?" for _ in rows.columns)
            connection.executemany(
                f"INSERT INTO {table} ({', '.join(rows.columns)}) VALUES ({places})",
                (tuple(map(_stored, row)) for row in rows.values),
            )
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ANALYZE")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _stored(value: Any) -> Any:
    return round(value.replace(tzinfo=UTC).timestamp() * 1000) if isinstance(value, datetime) else value


@contextmanager
def copied_postgres(admin_url: str, source: str, name: str) -> Iterator[str]:
    """The name of a copy of `source`, whose servers have ended."""
    drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
    asyncio.run(_run(admin_url, drop))
    asyncio.run(_copy(admin_url, source, name))
    try:
        yield name
    finally:
        asyncio.run(_run(admin_url, drop))


async def _copy(admin_url: str, source: str, name: str) -> None:
    """A server that has ended may still be seen for a moment."""
    last = time.monotonic() + IN_USE_TIMEOUT
    while True:
        try:
            await _run(admin_url, f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        except asyncpg.ObjectInUseError:
            if time.monotonic() > last:
                raise
            await asyncio.sleep(0.2)
        else:
            return


@contextmanager
def copied_sqlite(source: Path, path: Path) -> Iterator[Path]:
    _unlink(path)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(path)) as new:
        old.backup(new)
    try:
        yield path
    finally:
        _unlink(path)


def _unlink(path: Path) -> None:
    """The file and what stands beside it."""
    for old in path.parent.glob(path.name + "*"):
        old.unlink()


async def _run(url: str, *commands: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for command in commands:
            await connection.execute(command)
    finally:
        await connection.close()
