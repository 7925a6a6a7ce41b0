"""The row that an upload becomes: whether the caller may write it, and writing it.

    await foresee(project, wish, context)                       before the first byte
    await write_row(project, context, file, taken, leaving)     POST or PATCH of files, as everybody sends it

What is decided before the first byte is decided again by the operation: rights may go meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from gateway.http import JSON, HttpReply
from gateway.moved import on_current_schema
from gateway.state import Project
from gateway.tus.metadata import Metadata, Wish, wish_of
from gateway.uploads.intake import Taken, facts_of_replaced
from gateway.uploads.values import value_of_text
from resolvers.behaviors.rows import check_sent
from resolvers.context import Precondition, RequestContext
from resolvers.files.leaving import FILES, Stored, noting
from resolvers.files.partial import PartialFile
from rest_bridge.envelope import encode_json
from rest_bridge.message import RestRequest
from schema_gen.database import Transaction
from schema_gen.errors import CausewayError, invalid_metadata, service_unavailable
from schema_gen.model import Collection

_NEEDED: Final = frozenset({"tus_data", "tus_id"})


def read_wish(project: Project, metadata: Metadata, context: RequestContext) -> Wish:
    """Raises INVALID_METADATA, also for what only the server writes."""
    try:
        check_sent(FILES, "create", metadata.keys(), context)
    except CausewayError as error:
        raise invalid_metadata() from error
    return wish_of(metadata, _home(project).fields)


async def foresee(project: Project, wish: Wish, context: RequestContext) -> None:
    """Raises what the caller will be refused. A file that may not be changed is as one that is not there."""
    sent = _values(project, wish)
    await on_current_schema(project, lambda: project.files.foresee(context, sent, key=wish.replaces))


async def write_row(
    project: Project, context: RequestContext, file: PartialFile, taken: Taken, leaving: Precondition
) -> HttpReply:
    """Refusals are replies."""
    wish = wish_of(file.metadata, _home(project).fields)
    sent = _values(project, wish)
    if "folder" in sent:
        # one that was removed meanwhile is the row's no more
        sent["folder"] = file.folder
    if wish.replaces is not None:
        return await _replace(project, context, wish.replaces, sent, taken, leaving)
    facts = {**await project.files.new_facts(taken, sent, context), "id": file.id}
    allowed = replace(context, facts=(facts,), precondition=leaving)
    return await _written(project, "POST", "/files", sent, allowed)


async def _replace(
    project: Project,
    context: RequestContext,
    key: str,
    sent: dict[str, Any],
    taken: Taken,
    leaving: Precondition,
) -> HttpReply:
    """The bytes that the row had go when the new ones are its own."""
    old: list[Stored] = []
    note = noting(project.database, key, old)

    async def both(transaction: Transaction) -> None:
        await note(transaction)
        await leaving(transaction)

    allowed = replace(context, facts=(facts_of_replaced(taken, sent),), precondition=both)
    reply = await _written(project, "PATCH", f"/files/{key}", sent, allowed)
    if reply.status < 400 and old:
        await project.files.replaced(old)
    return reply


async def _written(
    project: Project, method: str, path: str, sent: dict[str, Any], context: RequestContext
) -> HttpReply:
    asked = RestRequest(
        method=method, path=path, query_string=b"fields=id", body=encode_json(sent), content_type=JSON
    )
    return await on_current_schema(project, lambda: project.bridge.handle(asked, context))


def _home(project: Project) -> Collection:
    home = project.holder.current.snapshot.collections.get(FILES)
    if home is None or not home.fields.keys() >= _NEEDED:
        raise service_unavailable("files", "The database has no columns for uploads that can be resumed")
    return home


def _values(project: Project, wish: Wish) -> dict[str, Any]:
    """What a client would send as JSON."""
    fields = _home(project).fields
    return {name: value_of_text(text, fields[name].type) for name, text in wish.columns.items()}
