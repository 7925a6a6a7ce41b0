"""`_regex`: does a text match a pattern that an administrator wrote?

Patterns are those of JavaScript. They may need exponential time on texts that a stranger chooses, so a match
has a bound of time, after which the text does not match. The library `re` has none; RE2, which needs none,
lacks the look-aheads of nearly every password rule.
"""

from __future__ import annotations

import re
from typing import Final

import regex

#: seconds that one match may take
TIMEOUT: Final = 0.05
#: what stands for something else in JavaScript: a `$` is the very end, outside of classes
_TOKENS: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.S)


def matches(pattern: str, text: str) -> bool:
    """False too for patterns that are none, and for matches that take too long."""
    if len(pattern) > 1 and pattern[0] == "/" == pattern[-1]:
        pattern = pattern[1:-1]
    ends = _TOKENS.sub(lambda token: r"\Z" if token[0] == "$" else token[0], pattern)
    try:
        return regex.search(ends, text, flags=regex.ASCII, timeout=TIMEOUT) is not None
    except (regex.error, TimeoutError, RecursionError, OverflowError):
        return False
