"""Whether the systems answer the same: compared before anything is timed.

Answers are equal as JSON with sorted keys. What the peers spell in their own way is put aside for the
comparison: PostGraphile's connections (`{"nodes": [...]}`), keys as numbers and fractions of seconds; the
counts of Directus, which are strings on PostgreSQL.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from benchmarks.servers import Target
from benchmarks.workloads import TOKENS, Actor, Request, System

#: digits of numbers that have to be equal: sums of floats depend on their order
_DIGITS: Final = 9
_ZERO_FRACTION: Final = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.0+$")


def token_of(system: System, actor: Actor) -> str | None:
    """The floor and PostGraphile know no tokens."""
    return TOKENS[actor] if system in ("causeway", "directus") else None


def fetch(target: Target, request: Request, actor: Actor) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=120)
    headers = {"Accept": "application/json"}
    token = token_of(target.system, actor)
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    try:
        connection.request(request.verb, request.path, request.body, headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def difference(body: bytes, other: bytes, *, said_by: System = "causeway") -> str | None:
    """The first place where two answers differ, in words; None where they are equal. `said_by`: of `body`."""
    try:
        left, right = (normal(json.loads(one), said_by) for one in (body, other))
    except ValueError as error:
        return f"no JSON: {error}"
    return next(_differences(left, right, "$"), None)


def normal(value: Any, said_by: System, key: str = "") -> Any:
    """`value` as it stands under `key`, in the spelling of all."""
    match value:
        case {"nodes": list(nodes)} if said_by == "postgraphile" and len(value) == 1:
            return [normal(node, said_by) for node in nodes]
        case dict():
            return {name: normal(one, said_by, name) for name, one in value.items()}
        case list():
            return [normal(one, said_by) for one in value]
        case int() if said_by == "postgraphile" and key == "id":
            return str(value)
        case str() if said_by == "postgraphile":
            return _ZERO_FRACTION.sub(r"\1", value)
        case str() if said_by == "directus" and key == "count" and value.isdigit():
            return int(value)
        case float():
            return float(f"{value:.{_DIGITS}g}")
        case _:
            return value


def _differences(left: Any, right: Any, path: str) -> Iterator[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            if key in left and key in right:
                yield from _differences(left[key], right[key], f"{path}.{key}")
            else:
                yield f"{path}.{key} is missing in the {'first' if key in right else 'second'}"
    elif isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            yield f"{path}: {len(left)} items and {len(right)} items"
        for number, (one, other) in enumerate(zip(left, right, strict=False)):
            yield from _differences(one, other, f"{path}[{number}]")
    elif left != right or type(left) is not type(right):
        yield f"{path}: {left!r:.100} and {right!r:.100}"
