"""`POST /assets/files` and `POST /assets/folder/:id`: several files in one zip.

    {"ids": ["6f0e...", "91ab..."]}  ->  files-20260314-093000.zip

Files that the caller may not see are left out like those that are not there; where none is left, the request
is refused. Should bytes be missing while the zip is sent, the connection breaks off: half a zip must not look
like a whole one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from gateway.assets.desk import AssetDesk
from gateway.assets.disposition import content_disposition
from gateway.assets.entry_names import folder_name
from gateway.assets.layout import of_files, of_tree
from gateway.assets.place import SomeFiles, WholeFolder
from gateway.assets.zipping import open_row, zipped
from gateway.http import HttpRequest, StreamedReply
from resolvers.context import RequestContext
from resolvers.files.rows import is_key
from rest_bridge.json_body import parse_json
from schema_gen.errors import CausewayError, invalid_payload

_NOTHING: Final = "No files found in the selected folders tree"


async def zip_reply(
    desk: AssetDesk, place: SomeFiles | WholeFolder, request: HttpRequest, context: RequestContext
) -> StreamedReply:
    """Raises FORBIDDEN, INVALID_PAYLOAD and StorageError."""
    if isinstance(place, SomeFiles):
        rows = await desk.rows.many(read_ids(request), context)
        entries, name = list(of_files(rows)), "files"
    else:
        tree = await desk.rows.tree(place.id, context)
        entries = list(of_tree(tree))
        name = f"folder-{folder_name(tree.folders[0])}" if tree.folders else ""
    first = next((entry.row for entry in entries if entry.row is not None), None)
    if first is None:
        raise invalid_payload(_NOTHING)
    opened = await open_row(desk.storage, first)
    file_name = f"{name}-{context.now:%Y%m%d-%H%M%S}.zip"
    return StreamedReply(
        headers=(
            ("content-type", "application/zip"),
            ("content-disposition", content_disposition(file_name, "attachment")),
            ("content-security-policy", desk.policy),
        ),
        length=None,
        chunks=zipped(entries, opened, desk.storage, desk.threads),
        close=opened.close,
    )


def read_ids(request: HttpRequest) -> Sequence[str]:
    """Raises INVALID_PAYLOAD."""
    body: Any = {}
    if request.body and request.content_type == "application/json":
        body = parse_json(request.body)
    if not isinstance(body, dict):
        raise _wrong("Invalid input: expected object, received array")
    ids = body.get("ids")
    if not isinstance(ids, list):
        given = _kind(ids) if "ids" in body else "undefined"
        raise _wrong(f'Invalid input: expected array, received {given} at "ids"')
    if not ids:
        raise _wrong('Too small: expected array to have >=1 items at "ids"')
    for place, each in enumerate(ids):
        if not isinstance(each, str):
            raise _wrong(f'Invalid input: expected string, received {_kind(each)} at "ids[{place}]"')
        if not is_key(each):
            raise _wrong(f'"id" must be a uuid at "ids[{place}]"')
    return ids


def _wrong(reason: str) -> CausewayError:
    return invalid_payload(f"Validation error: {reason}")


def _kind(value: Any) -> str:
    """What JSON calls it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", dict: "object", list: "array"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "number")
