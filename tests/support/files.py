"""Files for tests: rows behind the back of the server, bytes in its storage."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from schema_gen.registry.tables import moment
from tests.support.lending import Lend
from tests.support.project import Site, add, seed_system

MOMENT = "2026-03-14T09:30:00Z"
DATE = "Sat, 14 Mar 2026 09:30:00 GMT"


@asynccontextmanager
async def file_site(lend: Lend, directory: Path) -> AsyncIterator[Site]:
    """A project with system tables, which keeps files in `directory`; those of its rows go after the test."""
    site = await lend(seed_system, STORAGE_LOCAL_ROOT=str(directory), TEMP_PATH=str(directory))
    yield site
    async with site.database.transaction() as transaction:
        await transaction.execute("delete from directus_files")
        await transaction.execute("delete from directus_folders")


async def parts(content: bytes, size: int = 1 << 16) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def add_file(site: Site, name: str, content: bytes | None, kind: str | None, **columns: Any) -> str:
    """The id of a file that has these bytes; None: a row alone."""
    key = str(uuid.uuid4())
    disk = f"{key}{Path(name).suffix}"
    if content is not None:
        await site.project.assets.storage.default.write(disk, parts(content))
    at = MOMENT if site.database.dialect == "sqlite" else moment(MOMENT)
    values: dict[str, Any] = {
        "storage": "local",
        "filename_disk": disk,
        "filename_download": name,
        "type": kind,
        "filesize": None if content is None else len(content),
        **dict.fromkeys(("created_on", "modified_on", "uploaded_on"), at),
    }
    return await add(site.database, "directus_files", **{**values, "id": key, **columns})


def directory_of(site: Site) -> Path:
    """Where the site keeps its files."""
    return Path(dict(site.project.settings.storage)["LOCAL_ROOT"])


def held_open(site: Site) -> int:
    """Files of the site that this process has open."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found += descriptor.readlink().parent == directory_of(site)
    return found
