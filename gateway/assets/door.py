"""The door of files' bytes: `/assets/:id`, and several in one zip.

    HttpRequest ─ place, caller ─> row ─> version ─ 304 ─> bytes, or what is made of them ─ 206 ─> reply

The row is read by the caller's own rules and says everything but the bytes: who has them already costs one
statement and no look at the disk.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from gateway.assets.caching import is_known, version_of
from gateway.assets.delivery import Content, delivery
from gateway.assets.desk import AssetDesk
from gateway.assets.disposition import content_disposition
from gateway.assets.kinds import content_type, is_shown, is_viewed, kind_in
from gateway.assets.place import OneFile, read_place
from gateway.assets.zip_reply import zip_reply
from gateway.auth import authenticate
from gateway.http import TEXT, AnyReply, Headers, HttpReply, HttpRequest
from gateway.images.recipe import ImageFacts, Recipe, read_recipe
from gateway.observe import LOGGER
from gateway.state import Project
from resolvers.context import RequestContext
from resolvers.files.rows import FileRow
from resolvers.files.settings import AssetChoice
from resolvers.files.storage import StorageError, StoredMissing
from schema_gen.errors import invalid_query, service_unavailable

_ALLOWED: Final = "GET,HEAD"
_PARAMETERS: Final = 100
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
        asking = _Asking(
            desk=desk, place=place, request=request, context=context, query=_pairs(request.query_string)
        )
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
    query: Sequence[tuple[str, str]]

    async def reply(self) -> AnyReply:
        choice = await self.desk.choices()
        try:
            return await self._of(await self._row(choice), choice)
        except StoredMissing:
            # other bytes may have taken their place since the row was read
            return await self._of(await self._row(choice), choice)

    async def _row(self, choice: AssetChoice) -> FileRow:
        key = self.place.id
        return await self.desk.rows.one(key, self.context, shown=key.lower() in choice.shown)

    async def _of(self, row: FileRow, choice: AssetChoice) -> AnyReply:
        """Raises StorageError, and what the query is refused for."""
        desk, request = self.desk, self.request
        recipe = self._recipe(row, choice) if self.query else None
        version = version_of(row, None if recipe is None else recipe.key)
        actor = self.context.actor
        # what depends on the address is not for caches that others share
        everybody = actor.kind == "public" and actor.everywhere
        kept = (*version.headers, ("cache-control", desk.terms.cache_control(everybody=everybody)))
        if recipe is not None and recipe.varies:
            kept = (*kept, ("vary", "Accept"))
        if is_known(request.headers, version):
            return HttpReply(status=304, headers=kept)
        if row.disk is None:
            raise StoredMissing("there are no bytes")
        location = desk.storage.location(row.storage)
        if recipe is None:
            opened = await location.open(row.disk)
        else:
            opened = await desk.variants.open(location, row.disk, recipe)
        told = self._told(row, kind_in(row.type) if recipe is None else recipe.type)
        return await delivery(request, Content(version=version, headers=(*told, *kept)), opened)

    def _recipe(self, row: FileRow, choice: AssetChoice) -> Recipe | None:
        x, y = row.focal_point or (None, None)
        facts = ImageFacts(
            type=kind_in(row.type), width=row.width, height=row.height, focal_point_x=x, focal_point_y=y
        )
        accept = self.request.headers.get("accept", "")
        return read_recipe(self.query, self.desk.recipes(choice), accept, facts)

    def _told(self, row: FileRow, kind: str) -> Headers:
        saved = not is_shown(kind) or any(name == "download" for name, _ in self.query)
        name = self.place.name or row.name or row.id
        return (
            ("content-type", content_type(kind, row.charset)),
            ("content-disposition", content_disposition(name, "attachment" if saved else "inline")),
            ("content-security-policy", self.desk.viewer_policy if is_viewed(kind) else self.desk.policy),
        )


def _pairs(query_string: bytes) -> Sequence[tuple[str, str]]:
    """Raises INVALID_QUERY for more parameters than anybody needs."""
    try:
        return parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=_PARAMETERS)
    except ValueError as error:
        raise invalid_query(f"More than {_PARAMETERS} parameters are not accepted") from error
