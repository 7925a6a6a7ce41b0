"""The locations that the settings name.

    STORAGE_LOCATIONS=local,cloud
    STORAGE_CLOUD_DRIVER=s3, STORAGE_CLOUD_BUCKET=files

    async with open_storage(settings) as storage:
        await storage.location("cloud").write(...)

`local` is a directory `./uploads` unless it is said otherwise; every other location has to say its driver.
What is wrong ends the start with one line that names the variable.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from gateway.config import Settings
from gateway.observe import LOGGER
from gateway.storage.local import LocalLocation
from gateway.storage.objects import StoredLocation
from gateway.storage.options import Options
from gateway.storage.stores import STORES, open_store
from resolvers.files.storage import Location, StorageError
from schema_gen.errors import ConfigurationError

AnyLocation = LocalLocation | StoredLocation

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: what the location that nobody has to describe is
_LOCAL: Final = "local"
_UPLOADS: Final = "./uploads"
_UNSUPPORTED: Final = ("cloudinary", "supabase")


class Locations:
    """At least one; the first takes new files."""

    def __init__(self, locations: Sequence[AnyLocation]) -> None:
        self._locations: Mapping[str, AnyLocation] = {one.name: one for one in locations}
        self._default = locations[0]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._locations)

    @property
    def default(self) -> Location:
        return self._default

    def location(self, name: str) -> Location:
        found = self._locations.get(name)
        if found is None:
            raise StorageError(f"{name[:100]!r} is none of STORAGE_LOCATIONS")
        return found


@asynccontextmanager
async def open_storage(settings: Settings) -> AsyncIterator[Locations]:
    """Raises ConfigurationError."""
    values = dict(settings.storage)
    temporary = _temporary(settings)
    with ExitStack() as stack:
        locations = []
        for name in checked_names(settings.storage_locations):
            location = open_location(name, values, temporary)
            stack.callback(location.close)
            locations.append(location)
        for location in locations:
            await _tidy(location)
        yield Locations(locations)


def _temporary(settings: Settings) -> Path | None:
    """Absolute, as the roots are."""
    return Path(settings.temp_path).absolute() if settings.temp_path else None


async def _tidy(location: AnyLocation) -> None:
    """A location that cannot be reached does not keep the server from starting."""
    if isinstance(location, LocalLocation):
        try:
            await location.tidy()
        except StorageError as error:
            logging.getLogger(LOGGER).warning("storage %s: %s", location.name, error)


def checked_names(names: Sequence[str]) -> Sequence[str]:
    """Raises ConfigurationError for names that variables cannot be told by."""
    if not names:
        raise ConfigurationError("STORAGE_LOCATIONS is not accepted: expected at least one name")
    for name in names:
        if _NAME.fullmatch(name) is None:
            raise ConfigurationError(
                f"STORAGE_LOCATIONS: {name!r} is not accepted: expected letters, digits, _ and -"
            )
    if len({name.upper() for name in names}) < len(names):
        raise ConfigurationError("STORAGE_LOCATIONS is not accepted: a name is there twice")
    return names


def open_location(name: str, values: Mapping[str, str], temporary: Path | None) -> AnyLocation:
    """`values`: all of STORAGE_*, by what follows; `temporary`: see StoredLocation."""
    options = Options(name, values)
    driver = options.text("DRIVER", _LOCAL if name == _LOCAL else "") or options.required("DRIVER")
    if driver == _LOCAL:
        root = options.text("ROOT", _UPLOADS if name == _LOCAL else "") or options.required("ROOT")
        # processes beside the server have another working directory
        return LocalLocation(name, Path(root).absolute())
    if driver in _UNSUPPORTED:
        raise ConfigurationError(
            f"{options.variable('DRIVER')}={driver} is not supported: the files have to be in one of "
            f"{', '.join((_LOCAL, *STORES))}"
        )
    if driver not in STORES:
        raise options.refused("DRIVER", f"one of {', '.join((_LOCAL, *STORES))}")
    return StoredLocation(name, open_store(options, driver), temporary)
