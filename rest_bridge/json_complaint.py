"""What is wrong with a JSON text, in the sentences that clients of the protocol have always been given.

    complaint('{"a" 1}', "Expecting ':' delimiter", 5)
        -> "Expected ':' after property name in JSON at position 5 (line 1 column 6)"

In: what Python's decoder says and where. The sentences are those of the JavaScript engine that servers of the
protocol run on; clients show them to people, and some match on them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

UNEXPECTED_END: Final = "Unexpected end of JSON input"

_EXCERPT: Final = 10
#: longer texts are not looked through for the bracket that an error is in
_LOOKED_THROUGH: Final = 100_000
_WORDS: Final = ("true", "false", "null")
_PARTS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
#: the constants that only Python takes for JSON, outside of strings
_CONSTANTS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|(NaN|-?Infinity)', re.DOTALL)
#: what the decoder says -> the sentence, and how far behind the decoder's place it points
_PLACED: Final[Mapping[str, tuple[str, int]]] = {
    "Expecting ':' delimiter": ("Expected ':' after property name in JSON", 0),
    "Extra data": ("Unexpected non-whitespace character after JSON", 0),
    "Invalid control character at": ("Bad control character in string literal in JSON", 0),
    "Invalid \\escape": ("Bad escaped character in JSON", 1),
    "Invalid \\uXXXX escape": ("Bad Unicode escape in JSON", 1),
}


def complaint(text: str, message: str, position: int) -> str:
    """`message` and `position` of a `json.JSONDecodeError`."""
    message = message.removesuffix(": ")
    if message.startswith("Illegal trailing comma"):
        position = _next(text, position + 1)
        message = "Expecting value" if message.endswith("array") else "Expecting property name"
    if message in _PLACED:
        sentence, ahead = _PLACED[message]
        return _at(sentence, text, position + ahead)
    if message.startswith("Expecting property name"):
        first = text[:position].rstrip().endswith("{")
        wanted = "Expected property name or '}'" if first else "Expected double-quoted property name"
        return _at(f"{wanted} in JSON", text, _next(text, position))
    if message.startswith("Expecting ','") and len(text) <= _LOOKED_THROUGH:
        after = (
            "',' or ']' after array element"
            if _in_array(text[:position])
            else "',' or '}' after property value"
        )
        return _at(f"Expected {after} in JSON", text, position)
    if message.startswith("Unterminated string"):
        return _at("Unterminated string in JSON", text, len(text))
    return no_value(text, _next(text, position))


def no_value(text: str, position: int) -> str:
    """Where a value should be there is none."""
    if text[position : position + 1] == "-":
        return _at("No number after minus sign in JSON", text, position + 1)
    for word in _WORDS:
        if text.startswith(word[0], position):
            # a word that was begun is wrong where it leaves the word
            position += next(
                (
                    index
                    for index, char in enumerate(word)
                    if text[position + index : position + index + 1] != char
                ),
                len(word),
            )
            break
    return unexpected(text, position)


def unexpected(text: str, position: int) -> str:
    """Nothing that may stand there begins like that."""
    if position >= len(text):
        return UNEXPECTED_END
    start, end = max(0, position - _EXCERPT), position + _EXCERPT
    excerpt = f"{'...' if start else ''}{text[start:end]}{'...' if end < len(text) else ''}"
    return f"Unexpected token '{text[position]}', \"{excerpt}\" is not valid JSON"


def unknown_constant(text: str) -> str:
    """`NaN` or `Infinity` somewhere in a text that is sound but for them."""
    for found in _CONSTANTS.finditer(text):
        if found[1]:
            return no_value(text, found.start())
    return UNEXPECTED_END


def _at(sentence: str, text: str, position: int) -> str:
    position = min(position, len(text))
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return f"{sentence} at position {position} (line {line} column {column})"


def _next(text: str, position: int) -> int:
    """The next place that is no blank."""
    return len(text) - len(text[position:].lstrip())


def _in_array(before: str) -> bool:
    """Whether the innermost open bracket is one of an array."""
    open_: list[str] = []
    for found in _PARTS.finditer(before):
        part = found[0]
        if part in "[{":
            open_.append(part)
        elif part in "]}" and open_:
            open_.pop()
    return bool(open_) and open_[-1] == "["
