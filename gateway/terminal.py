"""What the command line says, and where: results to standard output, everything else to standard error.

`Terminal` is handed to the commands, so that tests read what a command says instead of capturing a process.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

from schema_gen.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    stdin: TextIO = field(default_factory=lambda: sys.stdin)

    def say(self, line: str = "") -> None:
        """A line of the result."""
        print(line, file=self.out, flush=True)

    def note(self, line: str) -> None:
        """Progress, and hints that are no part of the result."""
        print(line, file=self.err, flush=True)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns aligned to the left, as wide as their longest cell; the last one is not padded."""
        lines = [list(head), *(list(row) for row in rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head) - 1)]
        for line in lines:
            cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
            self.say("  ".join([*cells, line[-1]]).rstrip())

    def confirmed(self, question: str, instead: str) -> bool:
        """Asks for a `y`. `instead`: what says so where nobody can be asked."""
        if not self.stdin.isatty():
            raise ConfigurationError(f"no terminal to ask on: {instead}")
        print(f"{question} [y/N] ", file=self.err, end="", flush=True)
        return self.stdin.readline().strip().lower() in ("y", "yes")

    def password(self, from_stdin: bool) -> str:
        """A password from the first line of standard input, or typed twice without echo."""
        if from_stdin:
            return self.stdin.readline().rstrip("\r\n")
        if not self.stdin.isatty():
            raise ConfigurationError("no terminal to ask for a password: give it with --password-stdin")
        first = getpass.getpass("Password: ")
        if first != getpass.getpass("Again: "):
            raise ConfigurationError("the two passwords differ")
        return first
