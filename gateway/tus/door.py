"""`/files/tus`: uploads that can be resumed, by tus 1.0.0.

    OPTIONS /files/tus            what is possible
    POST    /files/tus            an upload begins; its address is in Location
    HEAD    /files/tus/<id>       how far it is
    PATCH   /files/tus/<id>       more bytes; with the last ones the file is there
    DELETE  /files/tus/<id>       given up

An upload is its user's: to everybody else it is not there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from gateway.auth import authenticate
from gateway.http import Headers, HttpReply, HttpRequest
from gateway.state import Project
from gateway.tus.desk import Done, Write
from gateway.tus.metadata import replaced_by, written
from gateway.tus.protocol import (
    FILE_ID,
    VERSION,
    Part,
    Refused,
    abilities,
    check_version,
    expires,
    id_of,
    method_of,
    place,
    read_creation,
    read_part,
    refusal,
    reply,
)
from gateway.tus.rows import foresee, read_wish, write_row
from gateway.uploads.intake import Taken
from resolvers.context import Precondition, RequestContext
from resolvers.files.partial import PartialFile
from schema_gen.errors import CausewayError, route_not_found


async def tus_door(project: Project, request: HttpRequest) -> HttpReply:
    if not project.settings.tus_enabled:
        raise route_not_found(request.path)
    try:
        return await _answer(project, request)
    except Refused as refused:
        return refusal(refused)


async def _answer(project: Project, request: HttpRequest) -> HttpReply:
    headers = request.headers
    method, upload = method_of(request.method, headers), id_of(request.path)
    if method == "OPTIONS":
        return abilities(project.settings.files_max_upload_size)
    if method not in (("HEAD", "PATCH", "DELETE") if upload else ("POST",)):
        raise route_not_found(request.path)
    check_version(headers)
    context = await _context(project, request)
    if upload is None:
        return await _begin(project, request, context)
    file = await project.tus.find(upload, context)
    if method == "HEAD":
        return await _tell(project, request, file, context)
    if method == "DELETE":
        await project.tus.end(file)
        return reply(204)
    part = read_part(headers)
    await foresee(project, read_wish(project, file.metadata, context), context)
    done = await _receive(project, request, file, part, context)
    return _refused(done) or reply(204, _progress(project, file, done))


async def _begin(project: Project, request: HttpRequest, context: RequestContext) -> HttpReply:
    """Its first bytes may come with it."""
    creation = read_creation(request.headers, project.settings.files_max_upload_size)
    wish = read_wish(project, creation.metadata, context)
    await foresee(project, wish, context)
    # what takes the place of other bytes is kept where they are
    storage = wish.storage if wish.replaces is None else await project.files.place_of(wish.replaces)
    file = await project.tus.begin(creation, wish, storage, context)
    where = place(project.settings.public_url, file.upload)
    part = creation.first
    if part is None and creation.length:
        return reply(201, (*where, *expires(project.tus.expires(context.now))))
    done = await _receive(project, request, file, part or Part(offset=0), context)
    return _refused(done) or reply(201, (*where, *_progress(project, file, done)))


async def _tell(
    project: Project, request: HttpRequest, file: PartialFile, context: RequestContext
) -> HttpReply:
    """Where all bytes are there and no file is, who finished was interrupted: then it is finished now, since
    clients that hear of all their bytes ask nothing more.
    """
    done = Done(offset=await project.tus.offset(file))
    if done.offset == file.length:
        done = await project.tus.complete(file, _writer(project, request, context))
    kept = written(file.metadata)
    about: Headers = (("upload-length", str(file.length)), *((("upload-metadata", kept),) if kept else ()))
    told = (*_progress(project, file, done), *about, ("cache-control", "no-store"))
    return _refused(done) or reply(200, told)


async def _receive(
    project: Project, request: HttpRequest, file: PartialFile, part: Part, context: RequestContext
) -> Done:
    stream = request.stream
    if stream is None:
        raise TypeError("the door of uploads reads streams")
    return await project.tus.receive(file, part, stream, stream.declared, _writer(project, request, context))


def _writer(project: Project, request: HttpRequest, context: RequestContext) -> Write:
    async def write(file: PartialFile, taken: Taken, leaving: Precondition) -> HttpReply:
        try:
            # bytes may have come for hours: what the caller may do by now counts
            last = await _context(project, request)
        except CausewayError as error:
            if error.code != "TOKEN_EXPIRED":
                raise
            last = context
        return await write_row(project, last, file, taken, leaving)

    return write


async def _context(project: Project, request: HttpRequest) -> RequestContext:
    return await authenticate(
        project, request.headers, request.query_string, request.ip, request.method, forms=True
    )


def _progress(project: Project, file: PartialFile, done: Done) -> Headers:
    """What is finished does not expire; it has an id."""
    offset: Headers = (("upload-offset", str(done.offset)),)
    if done.reply is None:
        return (*offset, *expires(project.tus.expires(datetime.now(UTC))))
    return (*offset, (FILE_ID, replaced_by(file.metadata) or file.id))


def _refused(done: Done) -> HttpReply | None:
    """The file was not made; None: it was, or is not to be yet."""
    if done.reply is None or done.reply.status < 400:
        return None
    return replace(done.reply, headers=(*done.reply.headers, ("tus-resumable", VERSION)))
