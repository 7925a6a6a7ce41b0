"""Random GraphQL requests: documents that follow the schema of a caller, some of them spoiled afterwards.

The schema is what the server itself tells by introspection, so that this grammar knows nothing of the
server's inside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st

from tests.fuzz.words import (
    BOTH,
    FUNCTIONS,
    NUMBERS,
    OPERATORS,
    once_in,
    pick,
    several,
    some,
    texts,
    up_to,
    values,
)

INTROSPECTION: Final = """{ __schema {
  queryType { name }
  types { kind name fields { name type { ...t } args { name type { ...t } } }
          inputFields { name type { ...t } } enumValues { name } possibleTypes { name } } } }
  fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }"""

#: what is put into a text, cut out of it, or sent in its place
_SPOILS: Final = (
    *(
        "{",
        "}",
        "(",
        ")",
        "...",
        "@include(if: 1)",
        "@skip(if: true)",
        "@nope",
        "$v",
        "!",
        '"',
        '"""',
        "\x00",
    ),
    *("...Q", "fragment Q on Query { ...Q }", "query A { __typename }", "mutation { __typename }", "🦊", "#"),
    *("subscription { articles_mutated { key } }", "__schema { types { name } }", "__type(name: 1) { name }"),
    *("x: ", "1e999", "-", "[[[[", "@key", "@lift", '@as(name: "x")', "@first"),
)


_LIKELY_TEXTS: Final = st.one_of(
    texts, st.sampled_from(("1", "2", "id", "-id", "title", "year(date_created)"))
)
_ONE_OR_SOME: Final = st.one_of(values, st.lists(values, max_size=2))


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRef:
    name: str
    kind: str
    many: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The types of a schema, as introspection tells them, by name."""

    types: Mapping[str, Mapping[str, Any]] = field(repr=False)
    query: str

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Known:
        schema = answer["data"]["__schema"]
        return cls(types={one["name"]: one for one in schema["types"]}, query=schema["queryType"]["name"])

    def fields(self, name: str) -> list[Mapping[str, Any]]:
        return self.types[name]["fields"] or []

    def possible(self, name: str) -> list[str]:
        return [one["name"] for one in self.types[name]["possibleTypes"] or []]


def ref(node: Mapping[str, Any]) -> TypeRef:
    many = False
    while node.get("ofType") is not None:
        many = many or node["kind"] == "LIST"
        node = node["ofType"]
    return TypeRef(name=node["name"], kind=node["kind"], many=many)


# --- values -------------------------------------------------------------------------------------------------


def literals(draw: st.DrawFn, known: Known, wanted: TypeRef, depth: int = 3) -> str:
    """A value of the type in GraphQL's own spelling; now and then one of another type."""
    if once_in(draw, 15):
        return _spelled(draw(values))
    if wanted.many and draw(BOTH):
        one = TypeRef(name=wanted.name, kind=wanted.kind, many=False)
        items = [literals(draw, known, one, depth - 1) for _ in range(draw(up_to(3)))] if depth > 0 else []
        return f"[{', '.join(items)}]"
    if wanted.kind == "INPUT_OBJECT":
        fields = known.types[wanted.name]["inputFields"]
        chosen = {one["name"]: one for one in several(draw, fields, draw(up_to(2)))}.values()
        if depth <= 0:
            return "{}"
        parts = [f"{one['name']}: {literals(draw, known, ref(one['type']), depth - 1)}" for one in chosen]
        return "{" + ", ".join(parts) + "}"
    if wanted.kind == "ENUM":
        return str(pick(draw, known.types[wanted.name]["enumValues"])["name"])
    if wanted.name in ("Int", "Float", "GraphQLBigInt", "GraphQLStringOrFloat"):
        return _spelled(pick(draw, NUMBERS))
    if wanted.name == "Boolean":
        return pick(draw, ("true", "false"))
    return _spelled(draw(_LIKELY_TEXTS))


def _spelled(value: Any) -> str:
    """GraphQL has the escapes of JSON."""
    return json.dumps(value)


# --- selections ---------------------------------------------------------------------------------------------


def selections(draw: st.DrawFn, known: Known, parent: str, depth: int) -> str:
    fields = known.fields(parent)
    chosen = several(draw, fields, 1 + draw(up_to(3))) if fields else []
    parts = [part for one in chosen if (part := field_nodes(draw, known, one, depth))]
    for name in known.possible(parent)[:3]:
        parts.append(f"... on {name} {{ {selections(draw, known, name, depth - 1)} }}")
    if once_in(draw, 8) or not parts:
        parts.append("__typename")
    if once_in(draw, 12):
        parts = [f"... @include(if: true) {{ {' '.join(parts)} }}"]
    return " ".join(parts)


def field_nodes(draw: st.DrawFn, known: Known, node: Mapping[str, Any], depth: int) -> str:
    kind = ref(node["type"])
    text = str(node["name"])
    if once_in(draw, 5):
        text = f"{pick(draw, ('a', 'b', 'id', '_x', 'c1'))}: {text}"
    arguments = []
    for argument in node["args"]:
        required = argument["type"]["kind"] == "NON_NULL"
        if required or once_in(draw, 4):
            arguments.append(f"{argument['name']}: {argument_values(draw, known, argument)}")
    if arguments:
        text += f"({', '.join(arguments)})"
    if kind.kind in ("OBJECT", "UNION", "INTERFACE"):
        if depth <= 0:
            return ""
        text += f" {{ {selections(draw, known, kind.name, depth - 1)} }}"
    return text


def argument_values(draw: st.DrawFn, known: Known, argument: Mapping[str, Any]) -> str:
    """Names in lists of texts (sort, groupBy) are mostly names."""
    if argument["name"] in ("sort", "groupBy") and not once_in(draw, 4):
        name = draw(
            st.sampled_from(("id", "-id", "title", "author.name", "-status", "sort", "name", "count.id"))
        )
        return json.dumps([some(draw, (name, f"{pick(draw, FUNCTIONS)}({name})"), texts)])
    return literals(draw, known, ref(argument["type"]))


# --- requests -----------------------------------------------------------------------------------------------


@st.composite
def payloads(draw: st.DrawFn, known: Known) -> Any:
    """What is sent as JSON: mostly a document with or without variables."""
    text = "{ " + selections(draw, known, known.query, 4) + " }"
    variables: Any = None
    form = draw(up_to(9))
    if form == 0:
        text, variables = with_variables(draw, known)
    elif form == 1:
        text = spoiled(draw, text)
    elif form == 2:
        text = f"query N {text} query M {{ __typename }}"
    elif form == 3:
        text = f"fragment Q on {known.query} {text} query {{ ...Q ...Q x: __typename }}"
    payload: dict[str, Any] = {"query": text}
    if variables is not None:
        payload["variables"] = variables
    if once_in(draw, 6):
        payload["operationName"] = pick(draw, ("N", "M", "", None, 7, ["N"]))
    if once_in(draw, 40):
        return draw(
            st.sampled_from((None, [], "x", [payload], {"query": 1}, {"query": text, "variables": [1]}))
        )
    return payload


def with_variables(draw: st.DrawFn, known: Known) -> tuple[str, Any]:
    """A list with its filter in a variable, of whatever value; a flag where nothing is listed."""
    lists = [one for one in known.fields(known.query) if any(a["name"] == "filter" for a in one["args"])]
    if not lists:
        return "query ($f: Boolean!) { __typename @skip(if: $f) }", {"f": draw(values)}
    root = pick(draw, lists)
    kind = next(ref(one["type"]).name for one in root["args"] if one["name"] == "filter")
    inputs = [one["name"] for one in known.types[kind]["inputFields"]]
    name = pick(draw, inputs)
    value = {name: {pick(draw, OPERATORS): draw(_ONE_OR_SOME)}}
    text = f"query ($f: {kind}, $n: Int) {{ {root['name']}(filter: $f, limit: $n) {{ __typename }} }}"
    given = pick(draw, (value, value, draw(values), {"_and": [value, value]}))
    return text, draw(
        st.sampled_from(({"f": given, "n": 3}, {"f": given}, {"n": "x", "f": given}, [], {}, "x"))
    )


def spoiled(draw: st.DrawFn, text: str) -> str:
    spoil = pick(draw, _SPOILS)
    place = draw(up_to(len(text)))
    form = draw(up_to(2))
    if form == 0:
        return text[:place] + " " + spoil + " " + text[place:]
    return text[:place] if form == 1 else text + " " + spoil
