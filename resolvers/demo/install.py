"""Puts the demo site into a database that has its system tables: tables, metadata, access rules, rows.

    report = await install_demo(database, progress=print, hasher=Hasher())

One transaction: the site is there as a whole or not at all. A second call finds it and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from resolvers.demo.access import EDITOR, USERS, access_rows, identity
from resolvers.demo.content import DemoSize, Rows, generate
from resolvers.demo.metadata import metadata_rows
from resolvers.demo.schema import COLLECTIONS
from resolvers.demo.tables import UUID, catch_up, demo_tables, insert
from resolvers.secrets import Hasher, random_text
from schema_gen.database import Database
from schema_gen.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """`installed`: False where the site was there already; then `passwords` (email -> password) is empty."""

    installed: bool
    rows: Mapping[str, int] = field(default_factory=dict)
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)


async def install_demo(
    database: Database,
    *,
    progress: Callable[[str], None],
    hasher: Hasher,
    size: DemoSize | None = None,
    passwords: Mapping[str, str] | None = None,
) -> DemoReport:
    """Installs the demo site of `size`; `progress` gets a line per step. `passwords` (email
    -> password): of its users; whoever is not in it gets a generated one.

    Raises ConfigurationError where the system tables are missing, or where the database has tables of its own
    under the names of the site.
    """
    if await database.run_sync(_is_installed):
        return DemoReport(installed=False)
    progress("writing articles")
    content = generate(size or DemoSize(), editor=EDITOR.id)
    chosen = {user.email: (passwords or {}).get(user.email) or random_text(16) for user in USERS}
    hashes = {email: await hasher.hash(password) for email, password in chosen.items()}
    counts = await database.run_sync(lambda connection: _install(connection, content, hashes, progress))
    return DemoReport(installed=True, rows=counts, passwords=chosen)


def _is_installed(connection: sa.Connection) -> bool:
    if not sa.inspect(connection).has_table("directus_policies"):
        raise ConfigurationError("the database has no system tables: run `causeway bootstrap` first")
    policies = sa.table("directus_policies", sa.column("id", UUID))
    marker = sa.select(policies.c.id).where(policies.c.id == identity("policy:Reading"))
    return connection.execute(marker).first() is not None


def _install(
    connection: sa.Connection, content: Rows, hashes: Mapping[str, str], progress: Callable[[str], None]
) -> dict[str, int]:
    tables = demo_tables(COLLECTIONS)
    taken = set(sa.inspect(connection).get_table_names()) & {table.name for table in tables}
    if taken:
        raise ConfigurationError(
            f"the database has tables of its own under the names {', '.join(sorted(taken))}"
        )
    progress(f"creating {len(tables)} tables")
    for table in tables:
        table.create(connection)
    for name, rows in metadata_rows().items():
        insert(connection, name, rows)
    for name, rows in access_rows(_public_policy(connection), hashes).items():
        insert(connection, name, rows)
    counts: dict[str, int] = {}
    for name, rows in content.items():
        counts[name] = insert(connection, name, rows)
        progress(f"{name}: {counts[name]}")
    catch_up(connection, tables)
    return counts


def _public_policy(connection: sa.Connection) -> str:
    """The policy that holds for everybody: the one whose access row names neither role nor user."""
    access = sa.table("directus_access", *(sa.column(name, UUID) for name in ("role", "user", "policy")))
    query = sa.select(access.c.policy).where(access.c.role.is_(None), access.c.user.is_(None))
    found = connection.execute(query).scalar()
    if found is None:
        raise ConfigurationError("the database has no public policy: run `causeway bootstrap` first")
    return str(found)
