"""The `causeway` command: arguments in, one handler, an exit code out.

    causeway bootstrap | serve | demo | introspect | sdl | types
    causeway schema snapshot | schema diff | schema apply
    causeway users create | passwd | suspend | activate | token | tfa-reset | list
    causeway roles create | roles list | policies list | can | history prune | mail test

Exit codes: 0 done; 1 it could not be done; 2 the call or the configuration is wrong. What is wrong is said in
one line on standard error, without a traceback. Configuration comes from the environment and `.env`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from gateway import (
    cli_bootstrap,
    cli_can,
    cli_history,
    cli_inspect,
    cli_mail,
    cli_roles,
    cli_schema,
    cli_serve,
    cli_types,
    cli_users,
    demo,
)
from gateway.commands import EPILOG, Command
from gateway.config_load import load_settings
from gateway.terminal import Terminal
from gateway.version import VERSION
from schema_gen.errors import CausewayError, ConfigurationError

#: in the order in which they are told
_GROUPS: Final = (
    cli_bootstrap,
    cli_serve,
    demo,
    cli_inspect,
    cli_types,
    cli_schema,
    cli_users,
    cli_roles,
    cli_can,
    cli_history,
    cli_mail,
)


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
        prog="causeway", description="Serve a SQL database as GraphQL and REST.", epilog=EPILOG
    )
    root.add_argument("--version", action="version", version=f"causeway {VERSION}")
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in _GROUPS:
        module.add_parser(commands)
    return root
