"""`causeway bootstrap`, `causeway users` and `causeway roles`: what is needed before anybody can log in."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.chosen import make_hasher, open_settings_database
from gateway.config import Settings
from gateway.terminal import Terminal
from resolvers.bootstrap import bootstrap
from resolvers.people import NewUser, create_user, list_roles, set_password
from resolvers.secrets import Hasher, random_text
from schema_gen.database import Database, without_password
from schema_gen.epoch import open_epochs


async def bootstrap_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    async with _opened(settings) as (database, hasher):
        terminal.note(f"system tables in {without_password(settings.database_url)} ...")
        report = await bootstrap(
            database,
            admin_email=settings.admin_email,
            admin_password=settings.admin_password,
            admin_token=settings.admin_token,
            project_name=settings.project_name,
            hasher=hasher,
        )
    if not report.created:
        terminal.say("The system tables are there already; nothing was changed.")
        if report.missing:
            terminal.note(f"not there, and left so: {', '.join(report.missing)}")
        return 0
    terminal.say(f"Made the system tables. Administrator: {report.admin_email}")
    if report.generated_password is not None:
        terminal.say(f"Password (shown only now): {report.generated_password}")
    return 0


async def create_user_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    password = terminal.password(arguments.password_stdin)
    token = random_text(32) if arguments.static_token else None
    async with _opened(settings) as (database, hasher):
        identifier = await create_user(
            database,
            hasher,
            NewUser(
                email=arguments.email,
                password=password,
                role=arguments.role,
                first_name=arguments.first_name,
                last_name=arguments.last_name,
                token=token,
            ),
        )
    terminal.say(f"Created {arguments.email} ({identifier})")
    if token is not None:
        terminal.say(f"Static token (shown only now): {token}")
    return 0


async def passwd_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    password = terminal.password(arguments.password_stdin)
    async with _opened(settings) as (database, hasher):
        await set_password(database, hasher, arguments.email, password)
        epochs = await open_epochs(database)
        await epochs.bump_access()
        await epochs.close()
    terminal.say(f"Changed the password of {arguments.email} and ended every login.")
    return 0


async def roles_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    async with _opened(settings) as (database, _):
        roles = await list_roles(database)
    rows = [
        (
            role.name,
            "admin" if role.admin else "app" if role.app else "-",
            str(role.users),
            role.parent or "-",
            ", ".join(role.policies) or "-",
            role.id,
        )
        for role in roles
    ]
    terminal.table(("ROLE", "ACCESS", "USERS", "PARENT", "POLICIES", "ID"), rows)
    return 0


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Database, Hasher]]:
    database = await open_settings_database(settings)
    hasher = make_hasher(settings)
    try:
        yield database, hasher
    finally:
        hasher.close()
        await database.close()
