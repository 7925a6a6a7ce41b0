"""The door of files' bytes: `/assets/:id`, and several in one zip.

    HttpRequest ─ place, caller ─> row ─> version ─ 304 ─> bytes, or what is made of them ─ 206 ─> reply

The row is read by the caller's own rules and says everything but the bytes: who has them already costs one
statement and no look at the disk.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.assets.caching import is_known, version_of
from gateway.assets.delivery import Content, delivery
from gateway.assets.desk import AssetDesk
from gateway.assets.disposition import content_disposition
from gateway.assets.kinds import content_type, is_shown, is_viewed, media_type
from gateway.assets.place import OneFile, read_place
from gateway.assets.zip_reply import zip_reply
from gateway.auth import authenticate
from gateway.http import TEXT, AnyReply, Headers, HttpReply, HttpRequest
from gateway.observe import LOGGER
from gateway.state import Project
from resolvers.context import RequestContext
from resolvers.files.rows import FileRow
from resolvers.files.settings import AssetChoice
from resolvers.files.storage import StorageError, StoredMissing
from rest_bridge.query_string import parse_query_string
from schema_gen.errors import service_unavailable

_ALLOWED: Final = "GET,HEAD"
_UNREACHABLE: Final = "Couldn't reach the storage location"


async def assets_door(project: Project, request: HttpRequest) -> AnyReply:
    place = read_place(request.method, request.raw_path.decode("latin-1"))
    context = await authenticate(project, request.headers, request.query_string, request.ip, request.method)
    if request.method == "OPTIONS":
        return HttpReply(headers=(("content-type", TEXT), ("allow", _ALLOWED)))
    desk = project.assets
    try:
        if not isinstance(place, OneFile):
            return await zip_reply(desk, place, request, context)
        query = parse_query_string(request.query_string)
        asking = _Asking(desk=desk, place=place, request=request, context=context, query=query)
        return await asking.reply()
    except StorageError as error:
        logging.getLogger(LOGGER).warning("request %s: a file cannot be read: %s", request.id, error)
        raise service_unavailable("assets", _UNREACHABLE) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """One request for one file."""

    desk: AssetDesk
    place: OneFile
    request: HttpRequest
    context: RequestContext
    query: Mapping[str, Any]

    async def reply(self) -> AnyReply:
        choice = await self.desk.choices()
        try:
            return await self._of(await self._row(choice))
        except StoredMissing:
            # other bytes may have taken their place since the row was read
            return await self._of(await self._row(choice))

    async def _row(self, choice: AssetChoice) -> FileRow:
        key = self.place.id
        return await self.desk.rows.one(key, self.context, shown=key.lower() in choice.shown)

    async def _of(self, row: FileRow) -> AnyReply:
        """Raises StorageError."""
        desk, request = self.desk, self.request
        version = version_of(row, None)
        everybody = self.context.actor.kind == "public"
        kept = (*version.headers, ("cache-control", desk.terms.cache_control(everybody=everybody)))
        if is_known(request.headers, version):
            return HttpReply(status=304, headers=kept)
        if row.disk is None:
            raise StoredMissing("there are no bytes")
        opened = await desk.storage.location(row.storage).open(row.disk)
        told = self._told(row, media_type(row.type))
        return await delivery(request, Content(version=version, headers=(*told, *kept)), opened)

    def _told(self, row: FileRow, kind: str) -> Headers:
        saved = "download" in self.query or not is_shown(kind)
        name = self.place.name or row.name or row.id
        return (
            ("content-type", content_type(kind, row.charset)),
            ("content-disposition", content_disposition(name, "attachment" if saved else "inline")),
            ("content-security-policy", self.desk.viewer_policy if is_viewed(kind) else self.desk.policy),
        )
