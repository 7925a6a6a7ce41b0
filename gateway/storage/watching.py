"""The locations of files as the health report sees them: STORAGE_<LOCATION>_HEALTHCHECK_THRESHOLD of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.config import Settings
from gateway.storage.options import Options
from resolvers.behaviors.server import Watched
from resolvers.files.storage import Storage

#: milliseconds
_THRESHOLD: Final = 750


def watched_of(settings: Settings, storage: Storage) -> Sequence[Watched]:
    """Raises ConfigurationError."""
    values = dict(settings.storage)

    def watched(name: str) -> Watched:
        threshold = Options(name, values).milliseconds("HEALTHCHECK_THRESHOLD", _THRESHOLD)
        return Watched(location=storage.location(name), threshold=round(threshold.total_seconds() * 1000))

    return [watched(name) for name in storage.names]
