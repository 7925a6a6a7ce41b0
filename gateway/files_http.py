"""The door of files: forms with files in them are taken here, everything else is REST.

    POST /files, PATCH /files/:id (multipart/form-data)
    ─ who asks, and may he? ─> bytes into storage, part by part ─> one ordinary operation ─> the row's JSON

Nothing is stored for who may not create or change the row. The row is written under the caller's own rules,
with what the server measured beside it; all files of a request become rows together. Where no row comes of
it, the bytes go; what was there before goes after the commit. Administrators move a file by naming another
`storage`, with new bytes or without.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.auth import authenticate
from gateway.body_stream import BodyStream
from gateway.http import JSON, AnyReply, HttpReply, HttpRequest
from gateway.moved import on_current_schema
from gateway.rest_http import rest_door
from gateway.state import Project
from gateway.tus.door import tus_door
from gateway.tus.protocol import is_tus
from gateway.uploads.desk import FileDesk
from gateway.uploads.fingerprint import Fingerprint
from gateway.uploads.intake import Incoming, Taken, facts_of_replaced
from gateway.uploads.multipart import FORM, Field, Upload, parts_of
from gateway.uploads.values import is_text, value_of_text
from resolvers.context import RequestContext
from resolvers.files.leaving import FILES, Stored, noting, telling
from resolvers.permissions import Action
from rest_bridge.message import RestRequest
from schema_gen.errors import forbidden_collection, invalid_payload
from schema_gen.model import Collection

_NULL: Final = "null"
#: a request that may come again gets the answer of the first one, and writes nothing
_REPEATED: Final = "idempotency-key"
_OK: Final = 200


async def files_door(project: Project, request: HttpRequest) -> AnyReply:
    if is_tus(request.path):
        return await tus_door(project, request)
    stream = request.stream
    if stream is None:
        return await rest_door(project, request)
    if request.content_type == FORM:
        path = request.raw_path.decode("latin-1").strip("/").split("/")
        if request.method == "POST" and len(path) == 1:
            return await _upload(project, request, stream, None)
        if request.method == "PATCH" and len(path) == 2:
            # keys are the same in large letters, and are kept in small ones
            return await _upload(project, request, stream, request.path.strip("/").split("/", 1)[1].lower())
    whole = replace(request, body=await stream.whole(project.settings.max_payload_size), stream=None)
    return await on_current_schema(project, lambda: rest_door(project, whole))


async def _upload(project: Project, request: HttpRequest, stream: BodyStream, key: str | None) -> HttpReply:
    context = await authenticate(
        project, request.headers, request.query_string, request.ip, request.method, forms=True
    )
    action: Action = "create" if key is None else "update"
    if project.holder.current.gate(context.rules).scope(action, FILES) is None:
        raise forbidden_collection(FILES)
    fingerprint = Fingerprint() if _REPEATED in request.headers else None
    receiving = _Receiving(
        project=project, context=context, key=key, files=[], fields={}, old=[], fingerprint=fingerprint
    )
    try:
        parts = parts_of(stream, request.headers["content-type"], project.settings.max_payload_size)
        await receiving.read(parts)
        reply = await receiving.write(request)
    except BaseException:
        await receiving.settle()
        raise
    # a row that nobody may read is answered with nothing
    if reply.status == _OK and _REPEATED not in request.headers:
        await receiving.settle(known=True)
    else:
        await receiving.settle()
    return reply


@dataclass(slots=True, kw_only=True)
class _Receiving:
    """One request. `files`: stored, with the fields that came before each; `fields`: those of the next;
    `old`: the bytes that the row had before; `place`: the location that it moves to; `fingerprint`: of the
    files of a request that may come again.
    """

    project: Project
    context: RequestContext
    key: str | None
    files: list[tuple[Taken, dict[str, Any]]]
    fields: dict[str, Any]
    old: list[Stored]
    place: str | None = None
    fingerprint: Fingerprint | None = None

    @property
    def _desk(self) -> FileDesk:
        return self.project.files

    @property
    def _collection(self) -> Collection:
        return self.project.holder.current.snapshot.collections[FILES]

    async def read(self, parts: AsyncGenerator[Field | Upload, None]) -> None:
        async with aclosing(parts):
            async for part in parts:
                if isinstance(part, Field):
                    self.fields[part.name] = value_of(part, self._collection)
                else:
                    await self._take(part)
        if not self.files:
            if self.key is None or not self.fields:
                raise invalid_payload("No files were included in the body")
            await self._allowed(bytes_too=False)
            if self.place is not None:
                copy = await self._desk.copied(self.key, self.place)
                self.files += [] if copy is None else [(copy, self.fields)]

    async def _take(self, upload: Upload) -> None:
        if self.key is not None and self.files:
            raise invalid_payload("Only one file can take the place of another")
        await self._allowed()
        sent, self.fields = self.fields, {}
        chunks = upload.chunks
        if self.fingerprint is not None:
            chunks = self.fingerprint.of(upload.filename, chunks)
        incoming = Incoming(filename=upload.filename, type=upload.type, chunks=chunks)
        place = sent.get("storage") if self.key is None else self.place or await self._desk.place_of(self.key)
        self.files.append((await self._desk.intake.take(incoming, location=place), sent))

    async def _allowed(self, *, bytes_too: bool = True) -> None:
        """Before the first byte of a file is stored."""
        sent = self.fields
        if self.key is not None and self.context.rules.admin and sent.get("storage") is not None:
            # for others it is no field that they may send
            self.place = self._desk.intake.location(sent.pop("storage")).name
        await on_current_schema(
            self.project, lambda: self._desk.foresee(self.context, sent, key=self.key, bytes_too=bytes_too)
        )

    # --- rows -----------------------------------------------------------------------------------------------

    async def write(self, request: HttpRequest) -> HttpReply:
        context = replace(self.context, facts=tuple([await self._facts(*one) for one in self.files]))
        database = self._desk.database
        note = None if self.key is None else noting(database, self.key, self.old)
        if self.files:
            note = telling(database, self.files[0][0].disk, note)
        context = replace(context, precondition=note)
        asked = self._asked(request)
        return await on_current_schema(self.project, lambda: self.project.bridge.handle(asked, context))

    async def settle(self, *, known: bool = False) -> None:
        """Bytes that no row stands for go, also where the request is cancelled. `known`: there is a row for
        each of the new ones.
        """
        await self._desk.finishing(self._settle(known=known))

    async def _settle(self, *, known: bool) -> None:
        new = [taken for taken, _ in self.files]
        held = bool(new) if known else bool(await self._desk.settle(new))
        if held and self.old:
            await self._desk.replaced(self.old, new[0].location)

    def _asked(self, request: HttpRequest) -> RestRequest:
        """The same in JSON."""
        sent = [fields for _, fields in self.files] or [self.fields]
        headers = {**request.headers, "content-type": JSON}
        headers.pop("content-encoding", None)
        return RestRequest(
            method=request.method,
            path=request.raw_path.decode("latin-1"),
            query_string=request.query_string,
            body=json.dumps(sent[0] if len(sent) == 1 else sent).encode(),
            content_type=JSON,
            headers=headers,
            beside=b"" if self.fingerprint is None else self.fingerprint.digest(),
        )

    async def _facts(self, taken: Taken, sent: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.key is not None:
            return facts_of_replaced(taken, sent)
        return await self._desk.new_facts(taken, sent, self.context)


def value_of(field: Field, collection: Collection) -> Any:
    """What a form can only say as text. Unknown fields are left to the rules."""
    known = collection.fields.get(field.name)
    text = field.text
    if text.strip() == _NULL:
        return None
    if known is None or is_text(known.type):
        return text
    if not text:
        return None
    return value_of_text(text, known.type)
