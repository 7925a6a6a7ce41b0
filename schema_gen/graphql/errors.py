"""GraphQL errors in the words and the form of the protocol.

told(error) -> {"message": 'Cannot query field "nope" on type "articles".',
                "locations": [{"line": 1, "column": 14}]}
"""

from __future__ import annotations

import re
from typing import Any, Final

from graphql import GraphQLError

#: names and values in the library's sentences; the protocol has double quotes around them
_QUOTED: Final = re.compile(r"(?<![\w'])'([^'\n]*)'(?![\w'])")
#: sentences of the library, and how the protocol has them
_SENTENCES: Final = (
    (
        re.compile(r"Expected value of type \"(.+?)\" not to include unknown field \"(.+?)\".*", re.S),
        r'Field "\2" is not defined by type "\1".',
    ),
)


def told(error: GraphQLError) -> dict[str, Any]:
    message = _QUOTED.sub(r'"\1"', error.message)
    for sentence, said in _SENTENCES:
        message = sentence.sub(said, message)
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    return formatted
