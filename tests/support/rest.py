"""REST requests as the operations they become, without a database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from graphql import print_ast

from resolvers.operation import Operation
from resolvers.permissions import NOTHING, UNRESTRICTED, AccessRules, Action, Gate, Grant
from rest_bridge.bodies import Change
from rest_bridge.operations import Template, build_template
from rest_bridge.query import parse_query
from rest_bridge.query_string import parse_query_string
from rest_bridge.write_operations import WriteTemplate, build_write_template, choosing, given_arguments
from rest_bridge.writer import Verb
from schema_gen.model import SchemaSnapshot
from schema_gen.naming import Names

_ARGUMENT: Final = re.compile(r" (\w+: )")


def readable(**fields: str | None) -> AccessRules:
    """Rules that let these collections be read: their fields, separated by commas, or all (None)."""
    grants: dict[tuple[Action, str], tuple[Grant, ...]] = {
        ("read", name): (Grant(fields=None if named is None else frozenset(named.split(","))),)
        for name, named in fields.items()
    }
    return replace(NOTHING, grants=grants, fingerprint=repr(sorted(fields.items(), key=str)))


def encoded(query: str) -> bytes:
    """A query string with what may not stand in one escaped, brackets left as people write them."""
    return quote(query, safe="=&[]%+,.*()!~'-_:{}\"$").encode()


def template(
    snapshot: SchemaSnapshot,
    query: str | bytes | Mapping[str, Any],
    *,
    collection: str = "articles",
    verb: Verb = "list",
    rules: AccessRules = UNRESTRICTED,
) -> tuple[Template, tuple[Any, ...]]:
    """The template of a query string (or of the parameters themselves) and the values that go with it."""
    if isinstance(query, Mapping):
        asked = parse_query(query)
    else:
        asked = parse_query(parse_query_string(encoded(query) if isinstance(query, str) else query))
    made = build_template(
        asked,
        snapshot.collections[collection],
        verb,
        Gate(rules, snapshot),
        Names.of(snapshot),
        10,
        asked.shape,
    )
    return made, asked.values


def write_template(
    snapshot: SchemaSnapshot,
    change: Change,
    query: str = "",
    *,
    collection: str = "articles",
    rules: AccessRules = UNRESTRICTED,
    **more: Any,
) -> tuple[WriteTemplate, Operation]:
    """The template of a change, and its operation. `more`: arguments besides those of the change."""
    asked = parse_query(parse_query_string(encoded(query)))
    given = given_arguments(change, **more)
    if change.chosen is not None:
        asked = choosing(asked, parse_query(change.chosen))
    made = build_write_template(
        asked,
        snapshot.collections[collection],
        change,
        frozenset(given),
        Gate(rules, snapshot),
        Names.of(snapshot),
        10,
        asked.shape,
    )
    return made, made.operation(asked.values, given)


def operation(snapshot: SchemaSnapshot, query: str, **more: Any) -> Operation:
    made, values = template(snapshot, query, **more)
    return made.operation(values)


def written(snapshot: SchemaSnapshot, query: str, **more: Any) -> str:
    """The operation on one line, without the braces around it."""
    return on_one_line(operation(snapshot, query, **more)).removeprefix("{ ").removesuffix(" }")


def on_one_line(made: Operation) -> str:
    text = " ".join(print_ast(made.document).split())
    # long lists of arguments are printed over several lines, without commas
    return re.sub(r"\( (.*?) \)", lambda match: "(" + _ARGUMENT.sub(r", \1", match[1]) + ")", text)
