"""`causeway users`: who may log in, and with what.

Changes go through the engine, as requests do: what guards requests guards these, and running servers notice
at once. Passwords are typed, read from standard input or made here; they are never part of the command line.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from gateway.assembly import open_project
from gateway.chosen import open_settings_database
from gateway.cli_inspect import signing_nothing
from gateway.commands import add, group
from gateway.config import Settings
from gateway.terminal import Terminal
from resolvers.administering import NewUser, People, Status
from resolvers.people import list_users, require_system_tables
from resolvers.secrets import random_text

_GENERATED: Final = 20


def add_parser(commands: Any) -> None:
    users = group(commands, "users", "Create users, change how they log in, lock them out.")
    create = add(users, "create", create_command, "Create an active user.")
    _email(create)
    create.add_argument("--role", help="name or id of the role")
    create.add_argument("--first-name", help="first name")
    create.add_argument("--last-name", help="last name")
    create.add_argument("--static-token", action="store_true", help="make a token that does not expire")
    passwd = add(users, "passwd", passwd_command, "Change a password; ends every login of the user.")
    _email(passwd)
    for command in (create, passwd):
        how = command.add_mutually_exclusive_group()
        how.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )
        how.add_argument("--generate", action="store_true", help="make a password, and show it once")
    _email(add(users, "suspend", suspend_command, "Lock a user out at once; ends every login of the user."))
    _email(add(users, "activate", activate_command, "Let a user in again."))
    token = add(users, "token", token_command, "Make a new static token; the one before is good no more.")
    _email(token)
    token.add_argument("--revoke", action="store_true", help="take the token away, and make none")
    _email(
        add(
            users,
            "tfa-reset",
            tfa_reset_command,
            "Take the second factor away from who has lost it; ends every login of the user.",
        )
    )
    add(users, "list", list_command, "List users.")


def _email(command: argparse.ArgumentParser) -> None:
    command.add_argument("email", help="mail address, with which the user logs in")


async def create_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    password = _password(arguments, terminal)
    token = random_text() if arguments.static_token else None
    new = NewUser(
        email=arguments.email,
        password=password,
        role=arguments.role,
        first_name=arguments.first_name,
        last_name=arguments.last_name,
        token=token,
    )
    async with opened(settings) as people:
        identifier = await people.create_user(new)
    terminal.say(f"Created {arguments.email} ({identifier})")
    _tell_password(arguments, password, terminal)
    if token is not None:
        terminal.say(f"Static token (shown only now): {token}")
    return 0


async def passwd_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    password = _password(arguments, terminal)
    async with opened(settings) as people:
        await people.set_password(arguments.email, password)
    terminal.say(f"Changed the password of {arguments.email} and ended every login.")
    _tell_password(arguments, password, terminal)
    return 0


async def suspend_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    return await _set_status(settings, arguments.email, "suspended", terminal)


async def activate_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    return await _set_status(settings, arguments.email, "active", terminal)


async def _set_status(settings: Settings, email: str, status: Status, terminal: Terminal) -> int:
    async with opened(settings) as people:
        changed = await people.set_status(email, status)
    terminal.say(f"{email} is {status}{'' if changed else ' already; nothing was changed'}.")
    return 0


async def token_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    async with opened(settings) as people:
        if arguments.revoke:
            await people.take_token(arguments.email)
            terminal.say(f"{arguments.email} has no static token.")
            return 0
        token = await people.give_token(arguments.email)
    terminal.say(f"Static token (shown only now): {token}")
    return 0


async def tfa_reset_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    async with opened(settings) as people:
        changed = await people.reset_second_factor(arguments.email)
    if changed:
        terminal.say(f"Took the second factor of {arguments.email} away and ended every login.")
    else:
        terminal.say(f"{arguments.email} has no second factor; nothing was changed.")
    return 0


async def list_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    database = await open_settings_database(settings)
    try:
        users = await list_users(database)
    finally:
        await database.close()
    rows = [
        (
            user.email or "-",
            user.name or "-",
            user.status,
            user.role or "-",
            "yes" if user.second_factor else "-",
            "yes" if user.token else "-",
            "-" if user.last_access is None else user.last_access.strftime("%Y-%m-%d %H:%M"),
            user.id,
        )
        for user in users
    ]
    terminal.table(("EMAIL", "NAME", "STATUS", "ROLE", "2ND FACTOR", "TOKEN", "LAST ACCESS", "ID"), rows)
    return 0


def _password(arguments: argparse.Namespace, terminal: Terminal) -> str:
    return random_text(_GENERATED) if arguments.generate else terminal.password(arguments.password_stdin)


def _tell_password(arguments: argparse.Namespace, password: str, terminal: Terminal) -> None:
    if arguments.generate:
        terminal.say(f"Password (shown only now): {password}")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[People]:
    async with open_project(signing_nothing(settings)) as project:
        await require_system_tables(project.database)
        yield People(project.database, project.engine.execute, project.sessions, project.epochs)
