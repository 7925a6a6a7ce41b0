"""`causeway types`: typed models of the collections, for programs that use the API."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gateway.cli_inspect import read_snapshot
from gateway.commands import add
from gateway.config import Settings
from gateway.terminal import Terminal
from rest_bridge.client_types.python import python
from rest_bridge.client_types.typescript import typescript
from schema_gen.errors import ConfigurationError
from schema_gen.model import SchemaSnapshot

_WRITERS: Final[Mapping[str, Callable[[SchemaSnapshot, Sequence[str]], str]]] = {
    "python": python,
    "typescript": typescript,
}


def add_parser(commands: Any) -> None:
    types = add(
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


async def types_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    text = _WRITERS[arguments.lang](await read_snapshot(settings), arguments.collection)
    if arguments.output is None:
        terminal.say(text.rstrip())
        return 0
    _write(Path(arguments.output), text)
    terminal.note(f"Wrote {arguments.output}")
    return 0


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from error
