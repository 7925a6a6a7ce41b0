"""Items -> XML: an element for every value, lists as repeated elements, all in `<data>`.

>>> print(to_xml([{"id": 1, "tags": ["a", "b"], "author": None}]))
<?xml version='1.0'?>
<data>
    <data>
        <id>1</id>
        <tags>a</tags>
        <tags>b</tags>
        <author>null</author>
    </data>
</data>
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

_INDENT: Final = "    "
#: letters that every XML parser takes in names: Latin, Greek, Cyrillic, Chinese, Japanese, Korean
_LETTERS: Final = (
    "A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0131\u0391-\u03a1\u03a3-\u03ce\u0410-\u044f"
    "\u3041-\u3094\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3"
)
_NOT_IN_NAMES: Final = re.compile(f"[^{_LETTERS}0-9.-]")
_START: Final = re.compile(f"[{_LETTERS}]")
#: characters that XML 1.0 cannot hold, escaped or not
_NOT_IN_TEXT: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_xml(data: Any) -> str:
    content = {"data": data} if isinstance(data, list) else data
    lines = list(_element("data", content, ""))
    return "\n".join(["<?xml version='1.0'?>", *lines])


def _element(name: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        inner = [line for key, part in value.items() for line in _elements(key, part, indent + _INDENT)]
        if inner:
            yield f"{indent}<{name}>"
            yield from inner
            yield f"{indent}</{name}>"
            return
        value = ""
    text = _text(value)
    yield f"{indent}<{name}>{text}</{name}>" if text else f"{indent}<{name}/>"


def _elements(key: str, value: Any, indent: str) -> Iterator[str]:
    name = _name(key)
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, list):
            yield from _elements(key, item, indent)
        else:
            yield from _element(name, item, indent)


def _name(key: str) -> str:
    name = _NOT_IN_NAMES.sub("_", key)
    return name if _START.match(name) else f"_{name}"


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(_NOT_IN_TEXT.sub("", str(value)))
