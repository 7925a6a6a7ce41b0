"""Data models and differences as they are sent: JSON, or a file of JSON or YAML in a form.

    read_upload(body, "multipart/form-data; boundary=x")    -> {"version": 1, "collections": [...], ...}
    read_file(b"version: 1\\nvendor: sqlite\\n")               -> {"version": 1, "vendor": "sqlite"}

YAML is read as version 1.2 has it, which the tools of the protocol write: `no` and `12:30:00` are texts. It
gives what JSON could: no dates, no objects of Python, names that are texts.
"""

from __future__ import annotations

import re
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final

import yaml

from rest_bridge.bodies import read_body
from rest_bridge.json_body import parse_document
from schema_gen.errors import invalid_payload, unsupported_media_type

#: values that a file may hold, each place where an alias puts one counted
_MOST: Final = 2_000_000
_DEEPEST: Final = 100
#: the reader in C, where PyYAML was built with it
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NO_YAML: Final = "Uploaded file is not valid YAML"


def read_upload(body: bytes, content_type: str, encoding: str) -> Any:
    """Raises UNSUPPORTED_MEDIA_TYPE for anything but JSON and forms, INVALID_PAYLOAD."""
    media = content_type.partition(";")[0].strip().lower()
    if media == "application/json":
        sent = read_body(body, content_type, encoding)
        if not sent:
            raise invalid_payload("No data was included in the body")
        return sent
    if media == "multipart/form-data":
        return read_file(_first_file(body, content_type))
    raise unsupported_media_type(media or "unknown", "Content-Type header")


def _first_file(body: bytes, content_type: str) -> bytes:
    if "boundary=" not in content_type.lower() or not content_type.isascii() or "\n" in content_type:
        raise invalid_payload("The form has no boundary")
    form = BytesParser(policy=HTTP).parsebytes(b"content-type: %b\r\n\r\n%b" % (content_type.encode(), body))
    for part in form.iter_parts() if form.is_multipart() else ():
        if part.get_filename() is not None:
            content = part.get_payload(decode=True)
            if isinstance(content, bytes) and content.strip():
                return content
    raise invalid_payload("No file was included in the request")


def read_file(content: bytes) -> Any:
    """JSON or YAML. Raises INVALID_PAYLOAD."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise invalid_payload("Uploaded file is not encoded as UTF-8") from error
    if text.lstrip()[:1] in ("{", "["):
        return parse_document(content.removeprefix(b"\xef\xbb\xbf"))
    try:
        value = yaml.load(text, _Loader)  # noqa: S506  a SafeLoader, which only knows less
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise invalid_payload(_NO_YAML) from error
    _check(value)
    return value


class _Loader(_Base):  # type: ignore[misc]
    """The core schema of YAML 1.2."""

    yaml_implicit_resolvers: Final[dict[str, Any]] = {}


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def _check(value: Any) -> None:
    """Nothing that JSON has no word for, and not more than can be looked at."""
    left: list[tuple[Any, int]] = [(value, 0)]
    seen = 0
    while left:
        each, depth = left.pop()
        seen += 1
        if seen > _MOST or depth > _DEEPEST:
            raise invalid_payload("Uploaded file is too large")
        if isinstance(each, dict):
            if not all(isinstance(name, str) for name in each):
                raise invalid_payload(_NO_YAML)
            left += [(item, depth + 1) for item in each.values()]
        elif isinstance(each, list):
            left += [(item, depth + 1) for item in each]
        elif each is not None and not isinstance(each, (str, int, float)):
            raise invalid_payload(_NO_YAML)
