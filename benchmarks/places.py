"""Where a run takes place: a PostgreSQL, the databases with their rows, and the servers that are read from.

with open_postgres(options, notes) as postgres, ExitStack() as stack:
    targets = start(stack, options, postgres, rows, notes, progress)
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.content import Content
from benchmarks.databases import make_postgres, make_sqlite, mark_of
from benchmarks.peers import (
    REFERENCE,
    PeerMissing,
    Place,
    start_cluster,
    start_directus,
    start_postgraphile,
    stop_peers,
)
from benchmarks.servers import Target, causeway_server, floor_server
from tests.support.server import ROOT
from tests.support.session import TestRun

DATABASE: Final = "causeway_bench"
#: what is kept between runs
CACHE: Final = ROOT / ".cache" / "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """`peers`: where the peers run too; None for a cluster of this run alone."""

    admin_url: str
    url: str
    peers: Place | None


@contextmanager
def open_postgres(options: argparse.Namespace, notes: list[str]) -> Iterator[Postgres]:
    """The peers' cluster where there is one, so that all share one PostgreSQL; else one for this run."""
    if options.peers:
        try:
            place = start_cluster()
        except PeerMissing as error:
            notes.append(f"no peers: {error}")
        else:
            yield Postgres(admin_url=place.url("postgres"), url=place.url(DATABASE), peers=place)
            return
    test_run = TestRun.begin()
    try:
        cluster = test_run.cluster()
        yield Postgres(admin_url=cluster.url("postgres"), url=cluster.url(DATABASE), peers=None)
    finally:
        test_run.end()


def start(
    stack: ExitStack,
    options: argparse.Namespace,
    postgres: Postgres,
    rows: Content,
    notes: list[str],
    progress: Callable[[str], None],
) -> list[Target]:
    """The servers of the run, on databases that are made where they are not there yet."""
    progress(f"databases with {options.articles} articles")
    mark = mark_of(options.articles)
    targets: list[Target] = []
    if "postgresql" in options.databases:
        made = make_postgres(
            postgres.admin_url, postgres.url, DATABASE, rows, mark, CACHE, fresh=options.fresh
        )
        asyncio.run(made)
        targets.append(stack.enter_context(causeway_server("postgresql", postgres.url, CACHE, "")))
        targets.append(stack.enter_context(floor_server("postgresql", postgres.url, CACHE)))
    if postgres.peers is not None and "postgresql" in options.databases:
        targets += _start_peers(stack, options, postgres.peers, rows, mark, notes, progress)
    if "sqlite" in options.databases:
        path = sqlite_path(options.articles)
        make_sqlite(path, rows, mark, CACHE, fresh=options.fresh)
        url = f"sqlite:///{path}"
        targets.append(stack.enter_context(causeway_server("sqlite", url, CACHE, "")))
        targets.append(stack.enter_context(floor_server("sqlite", url, CACHE)))
    return targets


def sqlite_path(articles: int) -> Path:
    return CACHE / f"articles-{articles}.sqlite"


def _start_peers(
    stack: ExitStack,
    options: argparse.Namespace,
    place: Place,
    rows: Content,
    mark: str,
    notes: list[str],
    progress: Callable[[str], None],
) -> list[Target]:
    progress(f"peers from {REFERENCE.parent.name}/{REFERENCE.name} (the first time this takes minutes)")
    stack.callback(stop_peers)
    targets: list[Target] = []
    starts = (
        partial(start_directus, place, rows, mark, fresh=options.fresh),
        partial(start_postgraphile, place, DATABASE, mark, fresh=options.fresh),
    )
    for start_peer in starts:
        try:
            peer = asyncio.run(start_peer())
        except PeerMissing as error:
            notes.append(f"a peer is missing: {error}")
            progress(notes[-1])
            continue
        targets.append(
            Target(
                system=peer.name,
                dialect="postgresql",
                port=peer.port,
                pid=peer.pid,
                store=peer.database,
                version=peer.version,
            )
        )
    return targets
