"""Whose turn it is to write to a SQLite file: processes stand in one line, in the order in which they came.

SQLite itself lets a second writer try again after a pause that grows; under load one process starves the
others. A lock on a file beside the database hands the turn on at once, and is free when its holder dies.
Programs that do not know of it are waited for as ever.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path


class Turns:
    """One for each process and database; `path` is the database's."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + "-writer")
        self._descriptor: int | None = None

    def begin(self, connection: sqlite3.Connection) -> None:
        """Waits for the turn and begins a transaction: to be called in the connection's own thread."""
        descriptor = self._file()
        if descriptor is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        connection.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        """The transaction is over, or was never begun."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _file(self) -> int | None:
        """None where no file can be made beside the database: SQLite will say itself that it cannot be
        written.
        """
        if self._descriptor is None and os.access(self._path.parent, os.W_OK):
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self._path, flags, 0o600)
        return self._descriptor
