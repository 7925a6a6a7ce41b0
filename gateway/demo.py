"""`causeway demo`: an embedded database with a demo site, served on the loopback, and lines to try it with.

The database is a file of its own, whatever DB_* settings say. The first run makes it, with generated
passwords that are kept beside it in `<file>.logins` (mode 0600); later runs find both and only serve.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from gateway.chosen import make_hasher, open_settings_database
from gateway.commands import add
from gateway.config import Settings
from gateway.secret import with_secret
from gateway.server import serve
from gateway.terminal import Terminal
from resolvers.bootstrap import DEFAULT_EMAIL, bootstrap
from resolvers.demo.access import EDITOR, READER
from resolvers.demo.install import install_demo
from resolvers.secrets import random_text
from schema_gen.errors import ConfigurationError

DEFAULT_FILE: Final = "data/demo.sqlite"
LOOPBACK: Final = "127.0.0.1"

#: email -> password, of the accounts that the first run made
Logins = Mapping[str, str]


def add_parser(commands: Any) -> None:
    parser = add(commands, "demo", demo_command, "Make an embedded database with a demo site, and serve it.")
    parser.add_argument("--file", default=DEFAULT_FILE, help=f"the database (default: {DEFAULT_FILE})")
    parser.add_argument("--host", default=LOOPBACK, help=f"address to listen on (default: {LOOPBACK})")
    parser.add_argument("--port", type=int, help="port to listen on, 0 for a free one (PORT)")


def demo_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Does not return before the server ends. Raises ConfigurationError where it cannot start."""
    chosen = replace(
        settings,
        db_client="sqlite3",
        db_connection_string=None,
        db_filename=arguments.file,
        host=arguments.host,
        port=settings.port if arguments.port is None else arguments.port,
    )
    logins = kept_logins(chosen)
    asyncio.run(prepare(chosen, logins, terminal))

    def greet(address: str) -> None:
        for line in greeting(address, logins, admin=_admin(chosen)):
            terminal.say(line)

    serve(with_secret(chosen, terminal.note), workers=1, reload=False, announce=terminal.note, greet=greet)
    return 0


def kept_logins(settings: Settings) -> Logins:
    """The passwords beside the database; made where there is neither. Empty: the database is there, and they
    are not known. They are kept before the database is made, so that a run cut short does not lose them."""
    file = Path(settings.db_filename)
    path = file.with_name(f"{file.name}.logins")
    logins = _read(path)
    if not logins and not file.exists():
        logins = {email: random_text(16) for email in (_admin(settings), READER.email, EDITOR.email)}
        if settings.admin_password is not None:
            logins = {**logins, _admin(settings): settings.admin_password}
        _write(path, logins)
    return logins


async def prepare(settings: Settings, logins: Logins, terminal: Terminal) -> None:
    """Makes the database with the demo site, accounts with the passwords `logins`; what is there stays."""
    terminal.note(f"demo database {settings.db_filename}")
    database = await open_settings_database(settings)
    hasher = make_hasher(settings)
    try:
        made = await bootstrap(
            database,
            admin_email=_admin(settings),
            admin_password=logins.get(_admin(settings)),
            admin_token=settings.admin_token,
            project_name=settings.project_name,
            hasher=hasher,
        )
        if made.created:
            terminal.note("  system tables")
        report = await install_demo(
            database, progress=lambda line: terminal.note(f"  {line}"), hasher=hasher, passwords=logins
        )
    finally:
        hasher.close()
        await database.close()
    if not report.installed:
        terminal.note("  the demo site is there already")


def greeting(address: str, logins: Logins, *, admin: str) -> list[str]:
    """What to open, who to log in as, and three requests that work as they stand."""
    accounts = [
        f"  {name:9} {email}  {logins.get(email, '(password: causeway users passwd sets one)')}"
        for name, email in (("Admin", admin), ("Editor", EDITOR.email), ("Reader", READER.email))
    ]
    json_body = "-H 'Content-Type: application/json' -d"
    query = json.dumps(
        {"query": "{ articles(limit: 3) { title author { name } tags { tags_id { name } } } }"}
    )
    login = json.dumps({"email": admin, "password": logins.get(admin, "...")})
    return [
        "",
        f"  GraphiQL  {address}/graphql",
        *accounts,
        "",
        f"  curl -g '{address}/items/articles?limit=3&fields=title,author.name,tags.tags_id.name'",
        f"  curl {address}/graphql {json_body} {_quoted(query)}",
        f"  curl {address}/auth/login {json_body} {_quoted(login)}",
        "",
    ]


def _quoted(text: str) -> str:
    """For a POSIX shell.

    >>> print(_quoted("it's"))
    'it'\\''s'
    """
    return "'" + text.replace("'", "'\\''") + "'"


def _admin(settings: Settings) -> str:
    return settings.admin_email or DEFAULT_EMAIL


def _read(path: Path) -> Logins:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: remove it to go on without passwords") from error
    return {str(email): str(password) for email, password in known.items()}


def _write(path: Path, logins: Logins) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(dict(logins), file, indent=1)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
