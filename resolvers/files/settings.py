"""What the settings of the project say of its files.

    choices = AssetChoices(database, snapshot, epochs, ttl)
    (await choices()).shown      files that the settings show to everybody: the logo on the login page, ...

Remembered: a flood of pictures is no flood of queries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from resolvers.remembered import Remembered
from resolvers.sql.files import of_settings
from schema_gen.database import Database
from schema_gen.epoch import Epochs
from schema_gen.model import SchemaSnapshot

_SETTINGS: Final = "directus_settings"
_SHOWN: Final = ("project_logo", "public_foreground", "public_background", "public_favicon")
_TRANSFORM: Final = "storage_asset_transform"
_PRESETS: Final = "storage_asset_presets"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetChoice:
    """`shown`: ids of files for everybody. `transform`: all, presets or none; `presets` as stored."""

    shown: frozenset[str] = frozenset()
    transform: str = "all"
    presets: tuple[Mapping[str, Any], ...] = ()


class AssetChoices:
    """One for each project. `ttl` in seconds."""

    def __init__(
        self, database: Database, snapshot: Callable[[], SchemaSnapshot], epochs: Epochs, ttl: float
    ) -> None:
        self._database = database
        self._snapshot = snapshot
        self._remembered = Remembered(self._read, epochs, ttl)

    async def __call__(self) -> AssetChoice:
        return await self._remembered()

    async def _read(self) -> AssetChoice:
        table = self._snapshot().collections.get(_SETTINGS)
        names = [
            name for name in (*_SHOWN, _TRANSFORM, _PRESETS) if table is not None and name in table.fields
        ]
        if not names:
            return AssetChoice()
        return choice_of(await of_settings(self._database, names))


def choice_of(row: Mapping[str, Any]) -> AssetChoice:
    """`row`: of the settings, as far as it is there."""
    shown = [str(row[name]).lower() for name in _SHOWN if row.get(name) is not None]
    return AssetChoice(
        shown=frozenset(shown),
        transform=str(row.get(_TRANSFORM) or "all"),
        presets=_presets(row.get(_PRESETS)),
    )


def _presets(stored: Any) -> tuple[Mapping[str, Any], ...]:
    if isinstance(stored, str | bytes):
        try:
            stored = json.loads(stored)
        except ValueError:
            return ()
    if not isinstance(stored, Sequence):
        return ()
    return tuple(preset for preset in stored if isinstance(preset, Mapping))
