"""The `causeway` command: arguments in, one handler, an exit code out.

    causeway bootstrap | serve | demo | introspect | sdl | types
    causeway schema snapshot | schema diff | schema apply
    causeway users create | users passwd | roles list | history prune

Exit codes: 0 done; 1 it could not be done; 2 the call or the configuration is wrong. What is wrong is said in
one line on standard error, without a traceback. Configuration comes from the environment and `.env`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gateway.cli_history import prune_command
from gateway.cli_inspect import introspect_command, sdl_command
from gateway.cli_people import bootstrap_command, create_user_command, passwd_command, roles_command
from gateway.cli_schema import apply_command, diff_command, snapshot_command
from gateway.cli_serve import serve_command
from gateway.cli_types import types_command
from gateway.config import Settings
from gateway.config_load import load_settings
from gateway.demo import demo_command, demo_options
from gateway.terminal import Terminal
from gateway.version import VERSION
from schema_gen.errors import CausewayError, ConfigurationError

Command = Callable[[Settings, argparse.Namespace, Terminal], Coroutine[Any, Any, int] | int]

_EPILOG: Final = "Configuration: environment variables and .env; see docs/reference/configuration.md."


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script. `arguments` None: those of the process."""
    return run(sys.argv[1:] if arguments is None else arguments, os.environ, Path.cwd(), Terminal())


def run(arguments: Sequence[str], environment: Mapping[str, str], directory: Path, terminal: Terminal) -> int:
    namespace = parser().parse_args(arguments)
    command: Command = namespace.command
    try:
        settings = load_settings(environment, directory)
        outcome = command(settings, namespace, terminal)
        return outcome if isinstance(outcome, int) else asyncio.run(outcome)
    except ConfigurationError as error:
        terminal.note(f"causeway: {error}")
        return 2
    except CausewayError as error:
        terminal.note(f"causeway: {error.message}")
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands with their options; docs/reference/cli.md is made from it."""
    root = argparse.ArgumentParser(
        prog="causeway", description="Serve a SQL database as GraphQL and REST.", epilog=_EPILOG
    )
    root.add_argument("--version", action="version", version=f"causeway {VERSION}")
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)

    _add(
        commands,
        "bootstrap",
        bootstrap_command,
        "Make the system tables and the first administrator. Changes nothing where they are already.",
    )

    serve = _add(commands, "serve", serve_command, "Serve the database over HTTP. Changes nothing in it.")
    serve.add_argument("--host", help="address to listen on (HOST)")
    serve.add_argument("--port", type=int, help="port to listen on, 0 for a free one (PORT)")
    serve.add_argument("--workers", type=int, default=1, help="processes that serve (default: 1)")
    serve.add_argument("--reload", action="store_true", help="start again when Causeway's code changes")

    demo_options(
        _add(commands, "demo", demo_command, "Make an embedded database with a demo site, and serve it.")
    )

    introspect = _add(
        commands, "introspect", introspect_command, "Show what was found, and what cannot be served and why."
    )
    introspect.add_argument("--json", action="store_true", help="everything, for programs")
    introspect.add_argument("--system", action="store_true", help="the directus_* collections as well")

    sdl = _add(commands, "sdl", sdl_command, "Print the GraphQL schema, whole or as somebody sees it.")
    sdl.add_argument(
        "--scope", choices=("items", "system"), default="items", help="items (default), or system: directus_*"
    )
    sdl.add_argument(
        "--as", dest="viewer", metavar="WHO", help="public, or the mail of a user (default: everything)"
    )

    types = _add(
        commands, "types", types_command, "Print types of the collections for programs that use the API."
    )
    types.add_argument(
        "--lang",
        choices=("typescript", "python"),
        required=True,
        help="typescript: a Schema for @directus/sdk; python: TypedDicts",
    )
    types.add_argument(
        "--collection",
        action="append",
        default=[],
        metavar="NAME",
        help="only this one; may be given several times (default: all, but for the system's)",
    )
    types.add_argument("--output", metavar="FILE", help="where to write (default: standard output)")

    _schema(_group(commands, "schema", "Move the data model between environments."))

    users = _group(commands, "users", "Create users and change passwords.")
    create = _add(users, "create", create_user_command, "Create an active user.")
    create.add_argument("email", help="mail address, with which the user logs in")
    create.add_argument("--role", help="name or id of the role")
    create.add_argument("--first-name", help="first name")
    create.add_argument("--last-name", help="last name")
    create.add_argument("--static-token", action="store_true", help="make a token that does not expire")
    passwd = _add(users, "passwd", passwd_command, "Change a password; ends every login of the user.")
    passwd.add_argument("email", help="mail address, with which the user logs in")
    for command in (create, passwd):
        command.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    roles = _group(commands, "roles", "Show roles.")
    _add(roles, "list", roles_command, "List roles with their policies and numbers of users.")

    history = _group(commands, "history", "Activity and revisions.")
    _add(
        history,
        "prune",
        prune_command,
        "Take away what is older than ACTIVITY_RETENTION, REVISIONS_RETENTION and FLOW_LOGS_RETENTION say.",
    )
    return root


def _schema(commands: Any) -> None:
    snapshot = _add(
        commands, "snapshot", snapshot_command, "Write collections, fields and relations as a document."
    )
    snapshot.add_argument("path", metavar="PATH", nargs="?", help="the file (default: standard output)")
    snapshot.add_argument(
        "--format", choices=("yaml", "json"), help="default: as the name of the file ends, else yaml"
    )
    diff = _add(commands, "diff", diff_command, "Show what apply would change. Changes nothing.")
    diff.add_argument(
        "--check", action="store_true", help="end with exit code 1 where something differs, for scripts"
    )
    apply = _add(
        commands, "apply", apply_command, "Make the data model like a snapshot, all of it or nothing."
    )
    apply.add_argument("--dry-run", action="store_true", help="print the SQL, change nothing")
    apply.add_argument("--yes", action="store_true", help="do not ask before something is changed")
    for command in (diff, apply):
        command.add_argument("path", metavar="PATH", help="a snapshot, as YAML or JSON")


def _add(commands: Any, name: str, command: Command, description: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name, help=description, description=description, epilog=_EPILOG
    )
    made.set_defaults(command=command)
    return made


def _group(commands: Any, name: str, description: str) -> Any:
    made = commands.add_parser(name, help=description, description=description, epilog=_EPILOG)
    return made.add_subparsers(title="commands", metavar="COMMAND", required=True)
