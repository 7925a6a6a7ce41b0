"""Writes the reference pages that are made from the code, so that they cannot say anything else than it does.

    python -m docs.generate           write them
    python -m docs.generate --check   exit 1 and name the pages that are out of date

Each page is one entry of `PAGES`: where it stands, and the function that renders it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

from docs.tables import NOTICE, errors, operators, types
from gateway.cli import parser
from gateway.config import Setting, rows

HERE: Final = Path(__file__).parent

_CONFIGURATION: Final = """# Configuration

Everything is set by environment variables. They may also stand in a file: `.env` in the working directory, or
the file that `CONFIG_PATH` names (`.env` syntax, `.json` or `.yaml`). What the environment says wins over the
file. A value that is not accepted ends the start with one line that names the variable, and exit code 2.

- durations: `500` (milliseconds), `10s`, `15m`, `12h`, `7d`, `2w`; sizes: `1048576` (bytes), `512kb`, `10mb`;
  lists: separated by commas; flags: `true` or `false`
- `NAME_FILE=/run/secrets/x` reads the value of `NAME` from a file
- cast prefixes as `string:123`, `number:5`, `array:a,b` and `json:["a"]` are understood
- an empty variable is the same as an absent one

With nothing set, Causeway keeps its data in the SQLite file `./data/causeway.sqlite`.
"""

_CLI: Final = """# Command line

`causeway COMMAND`, or `python -m gateway COMMAND`. Configuration comes from the environment and `.env`
([configuration](configuration.md)); an option wins over both. Exit codes: 0 done, 1 it could not be done, 2
the call or the configuration is wrong. Errors are one line on standard error. Passwords are asked for,
read from standard input or made; they are never part of the command line.
"""


def configuration() -> str:
    """Every setting, by section."""
    parts = [NOTICE.format(source="gateway/config.py"), _CONFIGURATION]
    for section, settings in groupby(rows(), key=lambda row: row[1].section):
        lines = [f"## {section}", "", "| variable | kind | default | |", "| --- | --- | --- | --- |"]
        lines += [_setting(variable, row) for variable, row in settings]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _setting(variable: str, row: Setting) -> str:
    default = f"`{row.default}`" if row.default else "-"
    return f"| `{variable}` | {row.kind.name} | {default} | {row.doc} |".replace("\n", "\\n")


def command_line() -> str:
    """Every command with its options."""
    parts = [NOTICE.format(source="gateway/cli.py"), _CLI]
    for name, command in _commands(parser(), "causeway"):
        lines = [f"## {name}", "", command.description or ""]
        options = [_option(action) for action in command._actions if action.dest != "help"]
        if options:
            lines += ["", "| option | |", "| --- | --- |", *options]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _commands(group: argparse.ArgumentParser, prefix: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The commands at the ends of the tree, as they are typed."""
    for action in group._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield from _commands(command, f"{prefix} {name}")
            return
    yield prefix, group


def _option(action: argparse.Action) -> str:
    names = ", ".join(action.option_strings) or action.dest.upper()
    named = action.metavar or ("\\|".join(action.choices) if action.choices else action.dest.upper())
    value = f" {named}" if action.option_strings and action.nargs != 0 else ""
    return f"| `{names}{value}` | {action.help or ''} |"


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "reference/configuration.md": configuration,
    "reference/cli.md": command_line,
    "reference/errors.md": errors,
    "reference/operators.md": operators,
    "reference/types.md": types,
}


def outdated() -> list[str]:
    """The pages that do not stand as they would be written now."""
    return [name for name, render in PAGES.items() if _read(HERE / name) != render()]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        for name in outdated():
            print(f"docs/{name} is out of date; run `make docs`", file=sys.stderr)
        return 1 if outdated() else 0
    for name, render in PAGES.items():
        (HERE / name).parent.mkdir(parents=True, exist_ok=True)
        (HERE / name).write_text(render(), encoding="utf-8")
        print(f"docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
