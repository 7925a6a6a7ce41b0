"""How many tries a login has: `auth_login_attempts` of the settings of the project.

    attempts = LoginAttempts(database, snapshot, epochs)
    await attempts()      25; None: as many as anybody likes

Remembered: a flood of logins is no flood of queries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from resolvers.remembered import Remembered
from schema_gen.database import Database
from schema_gen.epoch import Epochs
from schema_gen.model import SchemaSnapshot

#: where the database has no such setting
DEFAULT: Final = 25

_SETTINGS: Final = "directus_settings"
_FIELD: Final = "auth_login_attempts"
_READ: Final = f"select {_FIELD} from {_SETTINGS} limit 1"


class LoginAttempts:
    """One for each project. `ttl` in seconds."""

    def __init__(
        self, database: Database, snapshot: Callable[[], SchemaSnapshot], epochs: Epochs, ttl: float
    ) -> None:
        self._database = database
        self._snapshot = snapshot
        self._remembered = Remembered(self._read, epochs, ttl)

    async def __call__(self) -> int | None:
        """At least one: nobody could log in to change a nought."""
        return await self._remembered()

    async def _read(self) -> int | None:
        table = self._snapshot().collections.get(_SETTINGS)
        if table is None or _FIELD not in table.fields:
            return DEFAULT
        rows = await self._database.fetch(_READ)
        if not rows:
            return DEFAULT
        return None if rows[0][0] is None else max(int(rows[0][0]), 1)
