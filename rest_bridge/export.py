"""`export=csv|csv_utf8|json|xml|yaml`: the data of a reply as a file to keep.

This is the slow path: the JSON of the database is parsed and written anew. `csv_utf8` is CSV with a byte
order mark.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import yaml

from rest_bridge.export_csv import BYTE_ORDER_MARK, to_csv
from rest_bridge.export_xml import to_xml
from rest_bridge.message import RestResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class _Format:
    media: str
    suffix: str
    write: Callable[[Any, str], str]


def export(data: bytes, form: str, collection: str, key: str, now: datetime) -> RestResponse:
    """`data`: JSON of the items, or of one; `key`: the name of a column for items that are bare keys."""
    chosen = FORMATS[form]
    text = chosen.write(_parse(data), key)
    name = f"{collection} {now:%Y%m%d-%H%M%S}.{chosen.suffix}"
    return RestResponse(
        headers=(
            ("content-type", f"{chosen.media}; charset=utf-8"),
            ("content-disposition", attachment(name)),
        ),
        body=text.encode("utf-8", "replace"),
    )


def attachment(name: str) -> str:
    """Content-Disposition for a file name, with the encoded form beside it where ASCII cannot hold it.

    >>> attachment('a "b".csv'), attachment("ö.csv")
    ('attachment; filename="a _b_.csv"', 'attachment; filename="_.csv"; filename*=UTF-8\\'\\'%C3%B6.csv')
    """
    plain = "".join(letter if letter.isascii() and letter.isprintable() else "_" for letter in name)
    plain = plain.replace('"', "_").replace("\\", "_")
    more = "" if name.isascii() else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{more}'


def _parse(data: bytes) -> Any:
    return json.loads(data, parse_float=_number)


def _number(text: str) -> int | float:
    """JSON has one kind of number: 2.0 is 2."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _csv(data: Any, key: str) -> str:
    items = data if isinstance(data, list) else [data]
    return to_csv([item if isinstance(item, Mapping) else {key: item} for item in items])


def _json(data: Any, key: str) -> str:
    return json.dumps(data, ensure_ascii=False, indent="\t")


class _Dumper(yaml.SafeDumper):
    """Lists are indented below their name."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _yaml(data: Any, key: str) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31)


FORMATS: Final[Mapping[str, _Format]] = {
    "csv": _Format(media="text/csv", suffix="csv", write=_csv),
    "csv_utf8": _Format(
        media="text/csv", suffix="csv", write=lambda data, key: BYTE_ORDER_MARK + _csv(data, key)
    ),
    "json": _Format(media="application/json", suffix="json", write=_json),
    "xml": _Format(media="text/xml", suffix="xml", write=lambda data, key: to_xml(data)),
    "yaml": _Format(media="text/yaml", suffix="yaml", write=_yaml),
}
