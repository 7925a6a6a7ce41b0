"""`causeway schema snapshot`, `diff`, `apply`: the data model goes from one environment to another as a file.

    $ causeway schema diff snapshot.yaml
    ~ field articles.title
        max_length: 100 -> 200
    0 to make, 1 to change, 0 to delete

What is applied is applied in one transaction; running servers see it at once.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from gateway.assembly import open_project
from gateway.cli_inspect import signing_nothing
from gateway.commands import add, group
from gateway.config import Settings
from gateway.model_report import report, summary
from gateway.terminal import Terminal
from resolvers.context import SYSTEM, RequestContext
from resolvers.people import require_system_tables
from resolvers.permissions import UNRESTRICTED
from resolvers.structure.models import Compared, Models
from rest_bridge.export import FORMATS
from rest_bridge.schema_files import read_file
from schema_gen.errors import ConfigurationError


def add_parser(commands: Any) -> None:
    schema = group(commands, "schema", "Move the data model between environments.")
    snapshot = add(
        schema, "snapshot", snapshot_command, "Write collections, fields and relations as a document."
    )
    snapshot.add_argument("path", metavar="PATH", nargs="?", help="the file (default: standard output)")
    snapshot.add_argument(
        "--format", choices=("yaml", "json"), help="default: as the name of the file ends, else yaml"
    )
    diff = add(schema, "diff", diff_command, "Show what apply would change. Changes nothing.")
    diff.add_argument(
        "--check", action="store_true", help="end with exit code 1 where something differs, for scripts"
    )
    apply = add(schema, "apply", apply_command, "Make the data model like a snapshot, all of it or nothing.")
    apply.add_argument("--dry-run", action="store_true", help="print the SQL, change nothing")
    apply.add_argument("--yes", action="store_true", help="do not ask before something is changed")
    for command in (diff, apply):
        command.add_argument("path", metavar="PATH", help="a snapshot, as YAML or JSON")


async def snapshot_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    path = None if arguments.path is None else Path(arguments.path)
    async with _models(settings) as models:
        document = await models.snapshot(_context())
    text = FORMATS[arguments.format or _format(path)].write(document, "")
    if path is None:
        terminal.say(text.rstrip("\n"))
        return 0
    try:
        path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    counts = ", ".join(f"{len(document[part])} {part}" for part in ("collections", "fields", "relations"))
    terminal.note(f"Wrote {path}: {counts}")
    return 0


async def diff_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    document = _read(Path(arguments.path))
    async with _models(settings) as models:
        compared = await models.compared(document)
    _warn(compared, terminal)
    if not compared.wanted:
        terminal.note("Nothing differs.")
        return 0
    for line in report(compared.wanted):
        terminal.say(line)
    terminal.note(summary(compared.wanted))
    return 1 if arguments.check else 0


async def apply_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    document = _read(Path(arguments.path))
    async with _models(settings) as models:
        compared = await models.compared(document)
        _warn(compared, terminal)
        if not compared.wanted:
            terminal.note("Nothing differs.")
            return 0
        for line in report(compared.wanted):
            terminal.note(line)
        terminal.note(summary(compared.wanted))
        if arguments.dry_run:
            return await _print_sql(models, compared, terminal)
        if not (arguments.yes or terminal.confirmed("Apply this?", "--yes applies it without a question")):
            terminal.note("Nothing was changed.")
            return 1
        await models.carry_out(compared.ours, compared.wanted, _context())
    terminal.note("Applied.")
    return 0


async def _print_sql(models: Models, compared: Compared, terminal: Terminal) -> int:
    for statement in await models.carry_out(compared.ours, compared.wanted, _context(), dry=True):
        terminal.say(f"{statement.rstrip().rstrip(';')};")
    terminal.note("Activity and revisions are written besides. Nothing was changed.")
    return 0


def _warn(compared: Compared, terminal: Terminal) -> None:
    for note in compared.notes:
        terminal.note(f"Note: {note}")


def _format(path: Path | None) -> Literal["json", "yaml"]:
    return "json" if path is not None and path.suffix.lower() == ".json" else "yaml"


def _read(path: Path) -> Any:
    """A document, also one in the envelope of the REST API."""
    try:
        document = read_file(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    return document["data"] if isinstance(document, dict) and document.keys() == {"data"} else document


@asynccontextmanager
async def _models(settings: Settings) -> AsyncIterator[Models]:
    async with open_project(signing_nothing(settings)) as project:
        await require_system_tables(project.database)
        yield project.models


def _context() -> RequestContext:
    return RequestContext(actor=SYSTEM, rules=UNRESTRICTED, now=datetime.now(UTC))
