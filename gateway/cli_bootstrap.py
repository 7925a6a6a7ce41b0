"""`causeway bootstrap`: what is needed before anybody can log in."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.chosen import make_hasher, open_settings_database
from gateway.commands import add
from gateway.config import Settings
from gateway.terminal import Terminal
from resolvers.bootstrap import bootstrap
from schema_gen.database import without_password


def add_parser(commands: Any) -> None:
    add(
        commands,
        "bootstrap",
        bootstrap_command,
        "Make the system tables and the first administrator. Changes nothing where they are already.",
    )


async def bootstrap_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    database = await open_settings_database(settings)
    hasher = make_hasher(settings)
    try:
        terminal.note(f"system tables in {without_password(settings.database_url)} ...")
        report = await bootstrap(
            database,
            admin_email=settings.admin_email,
            admin_password=settings.admin_password,
            admin_token=settings.admin_token,
            project_name=settings.project_name,
            hasher=hasher,
        )
    finally:
        hasher.close()
        await database.close()
    if not report.created:
        terminal.say("The system tables are there already; nothing was changed.")
        if report.missing:
            terminal.note(f"not there, and left so: {', '.join(report.missing)}")
        return 0
    terminal.say(f"Made the system tables. Administrator: {report.admin_email}")
    if report.generated_password is not None:
        terminal.say(f"Password (shown only now): {report.generated_password}")
    return 0
