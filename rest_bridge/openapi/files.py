"""Where bytes are taken and given: uploads in forms and in parts, files from elsewhere, assets, zips.

with_uploads(paths, setting)    `/files` and `/files/{id}` take `multipart/form-data` besides JSON
file_paths(setting)             `/files/import`, `/files/tus`, `/assets/{id}`, `/assets/files`, ...
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from resolvers.files.leaving import FILES
from resolvers.files.rows import FOLDERS
from rest_bridge.openapi.operations import (
    ALWAYS,
    JSON,
    TEXT,
    body,
    data,
    done,
    ok,
    operation,
    parameters,
)
from rest_bridge.openapi.setting import Schema, Setting

_ASSETS: Final = "Assets"
_FORM: Final = "multipart/form-data"
_ANY: Final = "*/*"
_PART: Final = "application/offset+octet-stream"
#: what a form may say of a file besides its bytes, as text
_SAID: Final = ("title", "description", "folder", "filename_download", "location", "tags")
_WRITING: Final = (*ALWAYS, 404, 408, 413)
_UUID: Final[Schema] = {"type": "string", "format": "uuid"}
_SIDE: Final[Schema] = {"type": "integer", "minimum": 1}
_BYTES: Final[Schema] = {"type": "string", "format": "binary"}
_SIZE: Final[Schema] = {"type": "integer", "minimum": 0}
_VERSION: Final[Schema] = {"const": "1.0.0"}


def with_uploads(paths: dict[str, Schema], setting: Setting) -> dict[str, Schema]:
    """The same paths; where a file can be created or changed, its bytes may come too."""
    found = dict(paths)
    for path, method, several in (("/files", "post", True), ("/files/{id}", "patch", False)):
        its = found.get(path, {}).get(method)
        if its is not None:
            found[path] = {**found[path], method: _with_form(its, setting, several=several)}
    return found


def file_paths(setting: Setting) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    if FILES not in setting.components:
        return found
    if setting.created(FILES):
        found["/files/import"] = {"post": _import(setting)}
    if setting.facts.resumable and (setting.created(FILES) or setting.updated(FILES)):
        found |= _tus(setting.components[FILES])
    if setting.shown(FILES):
        reading = {"get": _asset("getAsset", "The bytes of a file, or of an image made from it")}
        found["/assets/{id}"] = {"parameters": [_KEY], **reading}
        named = {"get": _asset("getAssetAs", "The same, under a name for who saves it")}
        found["/assets/{id}/{filename}"] = {"parameters": [_KEY, _in_path("filename", _NAME)], **named}
        found["/assets/files"] = {"post": _zip_of_files()}
    if setting.shown(FILES) and setting.shown(FOLDERS):
        found["/assets/folder/{id}"] = {"parameters": [_in_path("id", _UUID)], "post": _zip_of_folder()}
    return found


# --- in -----------------------------------------------------------------------------------------------------


def _with_form(its: Schema, setting: Setting, *, several: bool) -> Schema:
    granted = setting.view.write_fields("create" if several else "update", FILES)
    said: dict[str, Any] = {name: TEXT for name in _SAID if name in granted}
    form: Schema = {
        "type": "object",
        "description": "Fields of a file stand before its bytes; `tags` and other lists are JSON."
        + (" Several files are several parts." if several else ""),
        "properties": {**said, "file": _BYTES},
        **({"required": ["file"]} if several else {}),
    }
    content = {**its["requestBody"]["content"], _FORM: {"schema": form}}
    return {**its, "requestBody": {**its["requestBody"], "content": content}}


def _import(setting: Setting) -> Schema:
    sent: Schema = {
        "type": "object",
        "required": ["url"],
        "properties": {"url": {"type": "string", "format": "uri"}, "data": setting.new(FILES)},
    }
    answers = {"204": done()}
    if setting.shown(FILES):
        answers["200"] = ok(data(setting.item(FILES)), "The new file")
    return operation(
        "importFile",
        setting.components[FILES],
        "Fetch a file from an address",
        answers,
        parameters=parameters("Fields"),
        body=body(sent),
        refusals=(*_WRITING, 422),
    )


# --- out ----------------------------------------------------------------------------------------------------


def _in_path(name: str, schema: Schema, description: str = "") -> Schema:
    told = {"description": description} if description else {}
    return {"name": name, "in": "path", "required": True, **told, "schema": schema}


def _in_query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _in_header(name: str, description: str, schema: Schema = TEXT, *, required: bool = False) -> Schema:
    needed = {"required": True} if required else {}
    return {"name": name, "in": "header", "description": description, **needed, "schema": schema}


_NAME: Final[Schema] = {"type": "string", "minLength": 1}
_KEY: Final = _in_path("id", TEXT, "Key of the file; an ending such as `.png` means nothing.")
_SHAPING: Final[tuple[Schema, ...]] = (
    _in_query("key", TEXT, "A preset of the settings, or one of the server."),
    _in_query("width", _SIDE, "Of the image, in pixels."),
    _in_query("height", _SIDE, "Of the image, in pixels."),
    _in_query(
        "fit",
        {"enum": ["cover", "contain", "inside", "outside"]},
        "How an image is brought into both sides.",
    ),
    _in_query("format", {"enum": ["auto", "jpg", "png", "webp", "tiff", "avif"]}, "`auto`: by `Accept`."),
    _in_query("quality", {"type": "integer", "minimum": 1, "maximum": 100}, "Of lossy formats."),
    _in_query("withoutEnlargement", {"type": "boolean"}, "Small images stay small."),
    _in_query("focal_point_x", {"type": "integer", "minimum": 0}, "What stays in view, in pixels."),
    _in_query("focal_point_y", {"type": "integer", "minimum": 0}, "What stays in view, in pixels."),
    {
        "name": "transforms",
        "in": "query",
        "description": "Operations and their arguments, in order.",
        "content": {
            JSON: {"schema": {"type": "array", "items": {"type": "array"}}, "example": [["rotate", 90]]}
        },
    },
    _in_query("download", {"type": "boolean"}, "To be saved, not shown."),
)
_ASKED: Final[tuple[Schema, ...]] = (
    _in_header("Range", "One part of the bytes: `bytes=0-499`."),
    _in_header("If-Range", "The version (`ETag`, `Last-Modified`) that the part is meant of."),
    _in_header("If-None-Match", "Versions (`ETag`) that the client has already."),
    _in_header("If-Modified-Since", "The `Last-Modified` of the version that the client has."),
)
_TOLD: Final[Mapping[str, Schema]] = {
    "ETag": {"description": "Version of the bytes", "schema": TEXT},
    "Last-Modified": {"schema": TEXT},
    "Cache-Control": {"schema": TEXT},
    "Content-Disposition": {"description": "`inline` only where it is safe to be shown", "schema": TEXT},
}
_ZIP: Final[Schema] = {"description": "The zip", "content": {"application/zip": {"schema": _BYTES}}}


def _asset(name: str, summary: str) -> Schema:
    whole = {"description": "The bytes", "headers": _TOLD, "content": {_ANY: {"schema": _BYTES}}}
    part = {
        "description": "The part that was asked for",
        "headers": {**_TOLD, "Content-Range": {"schema": TEXT}},
        "content": {_ANY: {"schema": _BYTES}},
    }
    answers = {"200": whole, "206": part, "304": done("The client has these bytes already")}
    return operation(
        name, _ASSETS, summary, answers, parameters=(*_SHAPING, *_ASKED), refusals=(*ALWAYS, 404, 416)
    )


def _zip_of_files() -> Schema:
    ids: Schema = {"type": "array", "minItems": 1, "items": _UUID}
    sent: Schema = {"type": "object", "required": ["ids"], "properties": {"ids": ids}}
    return operation(
        "zipFiles", _ASSETS, "Several files in one zip", {"200": _ZIP}, body=body(sent), refusals=_WRITING
    )


def _zip_of_folder() -> Schema:
    return operation(
        "zipFolder", _ASSETS, "A folder and what is in it, as a zip", {"200": _ZIP}, refusals=_WRITING
    )


# --- in parts -----------------------------------------------------------------------------------------------


def _tus(tag: str) -> dict[str, Schema]:
    """Uploads that can be resumed, tus 1.0.0: https://tus.io/protocols/resumable-upload"""
    version = _in_header("Tus-Resumable", "The protocol.", _VERSION, required=True)
    key = _in_path("upload", _NAME)
    expires = {"Upload-Expires": {"schema": TEXT}}
    offset = {"Upload-Offset": {"description": "Bytes that are there", "schema": _SIZE}}
    creation = operation(
        "createUpload",
        tag,
        "Begin an upload that can be resumed",
        {
            "201": {**done("Begun"), "headers": {"Location": {"schema": TEXT}, **expires}},
            **_told(400, 404, 412, 413, 415, 501),
        },
        parameters=(
            version,
            _in_header("Upload-Length", "Bytes of the file.", _SIZE, required=True),
            _in_header("Upload-Metadata", "Names and values in base64: `filename_download`, `type`, ..."),
        ),
        refusals=_TUS_REFUSALS,
    )
    asking = operation(
        "headUpload",
        tag,
        "How much of an upload is there",
        {"200": {**done("So much"), "headers": {**offset, **expires}}, **_told(400, 404, 410, 412)},
        parameters=(version,),
        refusals=_TUS_REFUSALS,
    )
    part = operation(
        "continueUpload",
        tag,
        "Send the next part",
        {
            "204": {**done("Kept"), "headers": {**offset, **expires}},
            **_told(400, 404, 409, 410, 412, 413, 415, 423, 460),
        },
        parameters=(
            version,
            _in_header("Upload-Offset", "Where the part begins.", _SIZE, required=True),
            _in_header("Upload-Checksum", "Algorithm and digest in base64: `sha1`, `sha256`, `md5`."),
        ),
        body={"required": True, "content": {_PART: {"schema": _BYTES}}},
        refusals=_TUS_REFUSALS,
    )
    ending = operation(
        "endUpload",
        tag,
        "Give an upload up",
        {"204": done("Gone"), **_told(400, 404, 410, 412, 423)},
        parameters=(version,),
        refusals=_TUS_REFUSALS,
    )
    return {
        "/files/tus": {"post": creation},
        "/files/tus/{upload}": {"parameters": [key], "head": asking, "patch": part, "delete": ending},
    }


def _told(*statuses: int) -> dict[str, Schema]:
    """Refusals of tus are plain text; those of the server are what they are everywhere."""
    content = {"text/plain": {"schema": TEXT}, JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {str(status): {"description": _TUS[status], "content": content} for status in statuses}


_TUS_REFUSALS: Final = (401, 403, 408, 503)
_TUS: Final[Mapping[int, str]] = {
    400: "A header is missing or wrong, or the metadata are",
    404: "There is no such upload",
    409: "The part begins somewhere else",
    410: "The upload was given up",
    412: "Another version of the protocol",
    413: "More than the file may have, or than was announced",
    415: "The part is not `application/offset+octet-stream`",
    423: "Somebody else sends a part",
    460: "The part has another checksum",
    501: "An extension of the protocol that the server does not have",
}
