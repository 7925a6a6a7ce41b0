"""Servers to be written to: ours and Directus, each on a copy of its database that is gone after the run.

stores = open_stores(stack, options, postgres, rows, notes, progress)
list(unlike(WRITES["create"], stores, plan))     one line for each that leaves other rows than it should
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Final

import asyncpg

from benchmarks.answers import fetch
from benchmarks.content import Content
from benchmarks.databases import copied_postgres, copied_sqlite, make_postgres, make_sqlite, mark_of
from benchmarks.peers import (
    DIRECTUS_DATABASE,
    PeerMissing,
    Place,
    directus_file,
    make_directus,
    serve_directus,
    stop_directus,
)
from benchmarks.places import CACHE, DATABASE, Postgres, sqlite_path
from benchmarks.rounds import Plan
from benchmarks.servers import Target, causeway_server
from benchmarks.tables import COLLECTIONS, Dialect
from benchmarks.workloads import Request, Workload, numbered

_COPY: Final = "_writes"
_COUNTED: Final = (*COLLECTIONS, "directus_activity", "directus_revisions")
_COUNTS: Final = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in _COUNTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A server and where its rows are: a URL of PostgreSQL, or a path."""

    target: Target
    place: str


def open_stores(
    stack: ExitStack,
    options: argparse.Namespace,
    postgres: Postgres,
    rows: Content,
    notes: list[str],
    progress: Callable[[str], None],
) -> list[Store]:
    """Servers of `DATABASE` and of the peers must not run."""
    progress("copies of the databases, to be written to")
    mark = mark_of(options.articles)
    stores: list[Store] = []
    dialects: tuple[Dialect, ...] = ("postgresql", "sqlite")
    for dialect in [one for one in dialects if one in options.databases]:
        stores.append(_ours(stack, options, dialect, postgres, rows, mark))
        if postgres.peers is not None:
            stack.callback(stop_directus)
            try:
                stores.append(_directus(stack, dialect, postgres.peers, rows, mark, fresh=options.fresh))
            except PeerMissing as error:
                notes.append(f"a peer is missing: {error}")
                progress(notes[-1])
    return stores


def _ours(
    stack: ExitStack,
    options: argparse.Namespace,
    dialect: Dialect,
    postgres: Postgres,
    rows: Content,
    mark: str,
) -> Store:
    if dialect == "postgresql":
        made = make_postgres(
            postgres.admin_url, postgres.url, DATABASE, rows, mark, CACHE, fresh=options.fresh
        )
        asyncio.run(made)
        name = stack.enter_context(copied_postgres(postgres.admin_url, DATABASE, DATABASE + _COPY))
        place = url = postgres.url.removesuffix(DATABASE) + name
    else:
        source = sqlite_path(options.articles)
        make_sqlite(source, rows, mark, CACHE, fresh=options.fresh)
        copy = stack.enter_context(copied_sqlite(source, source.with_stem(source.stem + _COPY)))
        place, url = str(copy), f"sqlite:///{copy}"
    return Store(target=stack.enter_context(causeway_server(dialect, url, CACHE, "")), place=place)


def _directus(
    stack: ExitStack, dialect: Dialect, place: Place, rows: Content, mark: str, *, fresh: bool
) -> Store:
    asyncio.run(make_directus(place, dialect, rows, mark, fresh=fresh))
    copy = DIRECTUS_DATABASE + _COPY
    if dialect == "postgresql":
        stack.enter_context(copied_postgres(place.url("postgres"), DIRECTUS_DATABASE, copy))
    else:
        stack.enter_context(copied_sqlite(directus_file(DIRECTUS_DATABASE), directus_file(copy)))
    stack.callback(stop_directus)
    peer = serve_directus(dialect, copy)
    target = Target(
        system=peer.name,
        dialect=dialect,
        port=peer.port,
        pid=peer.pid,
        store=copy if dialect == "postgresql" else None,
        version=peer.version,
    )
    return Store(
        target=target, place=place.url(copy) if dialect == "postgresql" else str(directus_file(copy))
    )


def unlike(workload: Workload, stores: Sequence[Store], plan: Plan) -> Iterator[str]:
    """Asks each once; says which of them has refused, or has not left the rows of `workload.writes`."""
    for store in stores:
        if store.target.system not in workload.ask:
            continue
        request = _numbered(workload.requests(store.target.system, "admin", plan.keys)[0], next(plan.serials))
        before = counts(store)
        status, body = fetch(store.target, request, "admin")
        after = counts(store)
        added = {table: after[table] - before[table] for table in before if after[table] != before[table]}
        if status != 200:
            yield f"{workload.name}, {store.target.label}: status {status}: {body[:200]!r}"
        elif added != dict(workload.writes):
            yield f"{workload.name}, {store.target.label}: {added} rows in place of {dict(workload.writes)}"


def _numbered(request: Request, number: int) -> Request:
    return request if request.body is None else replace(request, body=numbered(request.body, number))


def counts(store: Store) -> Mapping[str, int]:
    """Table -> rows."""
    if store.target.dialect == "postgresql":
        found: Sequence[int] = asyncio.run(_postgres_counts(store.place))
    else:
        with closing(sqlite3.connect(store.place)) as connection:
            found = connection.execute(_COUNTS).fetchone()
    return dict(zip(_COUNTED, found, strict=True))


async def _postgres_counts(url: str) -> Sequence[int]:
    connection = await asyncpg.connect(url)
    try:
        return tuple(await connection.fetchrow(_COUNTS))
    finally:
        await connection.close()
