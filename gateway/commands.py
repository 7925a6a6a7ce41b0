"""How the commands of `causeway` are written down: a parser with its handler, alone or in a group.

    users = group(commands, "users", "Create users, change them.")
    add(users, "suspend", suspend_command, "Lock a user out.").add_argument("email")

Every group's module has an `add_parser(commands)`, which `gateway.cli` calls.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Coroutine
from typing import Any, Final

from gateway.config import Settings
from gateway.terminal import Terminal

Command = Callable[[Settings, argparse.Namespace, Terminal], Coroutine[Any, Any, int] | int]
EPILOG: Final = "Configuration: environment variables and .env; see docs/reference/configuration.md."


def add(commands: Any, name: str, command: Command, description: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name, help=description, description=description, epilog=EPILOG
    )
    made.set_defaults(command=command)
    return made


def group(commands: Any, name: str, description: str) -> Any:
    made = commands.add_parser(name, help=description, description=description, epilog=EPILOG)
    return made.add_subparsers(title="commands", metavar="COMMAND", required=True)
