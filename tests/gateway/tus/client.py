"""A tus client for tests in process, on a project whose files are kept on disk or in an object store.

async with uploading(url, tmp_path) as desk:
    there = await desk.create(b"hello", filename_download="a.txt")
    answer = await desk.send(there, 0, b"hello")
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from gateway.tus.protocol import PART
from tests.gateway.tus.words import pairs
from tests.support.asgi import Answer, Wire, ask, http_scope
from tests.support.project import ADMIN_TOKEN, Site, change, running, seed_system
from tests.support.session import Dialect, TestRun

VERSION: Final = {"tus-resumable": "1.0.0"}


@dataclass(frozen=True, kw_only=True)
class Desk:
    site: Site

    async def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        token: str | None = ADMIN_TOKEN,
    ) -> Answer:
        who = {} if token is None else {"authorization": f"Bearer {token}"}
        sent = {**VERSION, **who, **(headers or {})}
        return await ask(self.site.application, method, target, headers=sent, body=body)

    async def begin(self, length: int, *, token: str | None = ADMIN_TOKEN, **metadata: str) -> Answer:
        headers = {"upload-length": str(length), "upload-metadata": pairs(**metadata)}
        return await self.ask("POST", "/files/tus", headers, token=token)

    async def create(self, length: int, *, token: str | None = ADMIN_TOKEN, **metadata: str) -> str:
        """Where the upload goes on."""
        answer = await self.begin(length, token=token, **{"filename_download": "a.txt", **metadata})
        assert answer.status == 201, answer.body
        return answer.headers["location"]

    async def send(
        self,
        place: str,
        offset: int,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        token: str | None = ADMIN_TOKEN,
    ) -> Answer:
        sent = {"upload-offset": str(offset), "content-type": PART, **(headers or {})}
        return await self.ask("PATCH", place, sent, body, token=token)

    async def offset(self, place: str, *, token: str | None = ADMIN_TOKEN) -> int:
        answer = await self.ask("HEAD", place, token=token)
        assert answer.status == 200, answer.body
        return int(answer.headers["upload-offset"])

    async def upload(self, body: bytes, *, token: str | None = ADMIN_TOKEN, **metadata: str) -> str:
        """The whole of it; the id of the file."""
        place = await self.create(len(body), token=token, **metadata)
        answer = await self.send(place, 0, body, token=token)
        assert answer.status == 204, answer.body
        return answer.headers["directus-file-id"]

    def wire(self, place: str, offset: int, length: int, *, token: str = ADMIN_TOKEN) -> Opened:
        """A part whose bytes come one by one."""
        headers = {
            **VERSION,
            "authorization": f"Bearer {token}",
            "upload-offset": str(offset),
            "content-type": PART,
            "content-length": str(length),
        }
        return Opened(site=self.site, scope=http_scope("PATCH", place, headers), wire=Wire())

    async def rows(self, columns: str = "*") -> list[dict[str, Any]]:
        """All rows of files, those of uploads too, seen without what is tested."""
        found = await self.site.database.fetch(f"select {columns} from directus_files order by created_on")
        names = [name.strip() for name in columns.split(",")]
        return [dict(zip(names, map(_shown, row), strict=True)) for row in found]

    async def seen(self, query: str = "fields=*", *, token: str | None = ADMIN_TOKEN) -> Any:
        answer = await self.ask("GET", f"/files?{query}", token=token)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)["data"]

    async def content(self, disk: str) -> bytes:
        """Of an object."""
        opened = await self.site.project.files.storage.default.open(disk)
        try:
            return b"".join([part async for part in opened.chunks()])
        finally:
            await opened.close()

    async def clear(self) -> None:
        """All that tests make goes: files, what is told of them, folders, who they are of."""
        made = "select id from directus_policies where name = 'policy'"
        for sql in (
            "delete from directus_files",
            "delete from directus_revisions",
            "delete from directus_activity",
            "update directus_settings set storage_default_folder = null",
            "delete from directus_folders",
            "delete from directus_sessions",
            f"delete from directus_permissions where policy in ({made})",
            f"delete from directus_access where policy in ({made})",
            "delete from directus_policies where name = 'policy'",
            "delete from directus_users where email = 'u@example.com'",
        ):
            await change(self.site.database, sql)
        await self.site.project.epochs.bump_access()
        location = self.site.project.files.storage.default
        await location.remove(await location.listed(""))

    async def objects(self) -> list[str]:
        return await self.site.project.files.storage.default.listed("")


@dataclass(frozen=True, kw_only=True)
class Opened:
    site: Site
    scope: dict[str, Any]
    wire: Wire

    def give(self, part: bytes, *, more: bool = True) -> None:
        self.wire.incoming.put_nowait({"type": "http.request", "body": part, "more_body": more})

    async def answer(self) -> Answer | None:
        """None: the client left."""
        await self.site.application(self.scope, self.wire.receive, self.wire.send)
        return self.wire.answer if self.wire.sent else None


class Desks:
    """One of each database, which many tests have one after the other."""

    def __init__(self, run: TestRun, directory: Path) -> None:
        self._run = run
        self._directory = directory
        self._stack = AsyncExitStack()
        self._open: dict[Dialect, Desk] = {}

    async def of(self, dialect: Dialect) -> Desk:
        if dialect not in self._open:
            name, place = f"tus_{uuid4().hex}", self.directory(dialect)
            place.mkdir()
            template = await self._run.template(dialect, "tus", seed_system)
            url = self._run.copy_template(dialect, template, name, self._directory)
            if dialect == "postgresql":
                self._stack.callback(self._run.cluster().drop, name)
            self._open[dialect] = await self._stack.enter_async_context(
                uploading(url, **stored_on_disk(place))
            )
        return self._open[dialect]

    def directory(self, dialect: Dialect) -> Path:
        """What holds nothing but uploads."""
        return self._directory / dialect

    async def close(self) -> None:
        await self._stack.aclose()


@asynccontextmanager
async def uploading(url: str, **values: str) -> AsyncIterator[Desk]:
    async with running(url, **{"TUS_ENABLED": "true", **values}) as site:
        yield Desk(site=site)


def checksum(algorithm: str, body: bytes) -> dict[str, str]:
    digest = base64.b64encode(hashlib.new(algorithm, body).digest()).decode()
    return {"upload-checksum": f"{algorithm} {digest}"}


def stored_on_disk(directory: Path) -> dict[str, str]:
    return {"STORAGE_LOCAL_ROOT": str(directory / "uploads")}


def _shown(value: Any) -> Any:
    return value if value is None or isinstance(value, (int, str)) else str(value)
