"""Items -> CSV, one column for every value that any item has.

>>> print(to_csv([{"id": 1, "author": {"name": "Ann"}, "tags": [1, 2]}, {"id": 2, "author": None}]))
"id","author.name","tags","author"
1,"Ann","[1,2]",
2,,,

Text is quoted, numbers and booleans are not, null is empty, lists are JSON. Text that a spreadsheet would
take for a formula gets an apostrophe in front, which spreadsheets do not show.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

BYTE_ORDER_MARK: Final = "\ufeff"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def to_csv(items: Iterable[Mapping[str, Any]]) -> str:
    """No items give an empty text. Lines end with a line feed, the last one with nothing."""
    rows = [dict(_flat(item, "")) for item in items]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if not columns:
        return ""
    lines = [",".join(_text(name) for name in columns)]
    lines += [",".join(_cell(row.get(name)) for name in columns) for row in rows]
    return "\n".join(lines)


def _flat(item: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    return _text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _text(value: str) -> str:
    guarded = f"'{value}" if value.startswith(_FORMULA) else value
    return '"' + guarded.replace('"', '""') + '"'
