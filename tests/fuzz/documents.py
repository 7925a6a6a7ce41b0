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

from tests.fuzz.words import FUNCTIONS, NUMBERS, OPERATORS, some, texts, values

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


@st.composite
def literals(draw: st.DrawFn, known: Known, wanted: TypeRef, depth: int = 3) -> str:
    """A value of the type in GraphQL's own spelling; now and then one of another type."""
    if draw(st.integers(1, 15)) == 15:
        return _spelled(draw(values))
    if wanted.many and draw(st.booleans()):
        one = TypeRef(name=wanted.name, kind=wanted.kind, many=False)
        items = draw(st.lists(literals(known, one, depth - 1), max_size=3)) if depth > 0 else []
        return f"[{', '.join(items)}]"
    if wanted.kind == "INPUT_OBJECT":
        fields = known.types[wanted.name]["inputFields"]
        chosen = draw(st.lists(st.sampled_from(fields), max_size=2, unique_by=lambda one: one["name"]))
        if depth <= 0:
            return "{}"
        parts = [f"{one['name']}: {draw(literals(known, ref(one['type']), depth - 1))}" for one in chosen]
        return "{" + ", ".join(parts) + "}"
    if wanted.kind == "ENUM":
        return str(draw(st.sampled_from([one["name"] for one in known.types[wanted.name]["enumValues"]])))
    if wanted.name in ("Int", "Float", "GraphQLBigInt", "GraphQLStringOrFloat"):
        return _spelled(draw(st.sampled_from(NUMBERS)))
    if wanted.name == "Boolean":
        return draw(st.sampled_from(("true", "false")))
    return _spelled(
        draw(st.one_of(texts, st.sampled_from(("1", "2", "id", "-id", "title", "year(date_created)"))))
    )


def _spelled(value: Any) -> str:
    """GraphQL has the escapes of JSON."""
    return json.dumps(value)


# --- selections ---------------------------------------------------------------------------------------------


@st.composite
def selections(draw: st.DrawFn, known: Known, parent: str, depth: int) -> str:
    fields = known.fields(parent)
    chosen = draw(st.lists(st.sampled_from(fields), min_size=1, max_size=4)) if fields else []
    parts = [part for one in chosen if (part := draw(field_nodes(known, one, depth)))]
    for name in known.possible(parent)[:3]:
        parts.append(f"... on {name} {{ {draw(selections(known, name, depth - 1))} }}")
    if draw(st.integers(1, 8)) == 8 or not parts:
        parts.append("__typename")
    if draw(st.integers(1, 12)) == 12:
        parts = [f"... @include(if: true) {{ {' '.join(parts)} }}"]
    return " ".join(parts)


@st.composite
def field_nodes(draw: st.DrawFn, known: Known, node: Mapping[str, Any], depth: int) -> str:
    kind = ref(node["type"])
    text = str(node["name"])
    if draw(st.integers(1, 5)) == 5:
        text = f"{draw(st.sampled_from(('a', 'b', 'id', '_x', 'c1')))}: {text}"
    arguments = []
    for argument in node["args"]:
        required = argument["type"]["kind"] == "NON_NULL"
        if required or draw(st.integers(1, 4)) == 4:
            arguments.append(f"{argument['name']}: {draw(argument_values(known, argument))}")
    if arguments:
        text += f"({', '.join(arguments)})"
    if kind.kind in ("OBJECT", "UNION", "INTERFACE"):
        if depth <= 0:
            return ""
        text += f" {{ {draw(selections(known, kind.name, depth - 1))} }}"
    return text


@st.composite
def argument_values(draw: st.DrawFn, known: Known, argument: Mapping[str, Any]) -> str:
    """Names in lists of texts (sort, groupBy) are mostly names."""
    if argument["name"] in ("sort", "groupBy") and draw(st.integers(1, 4)) > 1:
        name = draw(
            st.sampled_from(("id", "-id", "title", "author.name", "-status", "sort", "name", "count.id"))
        )
        return json.dumps([some(draw, (name, f"{draw(st.sampled_from(FUNCTIONS))}({name})"), texts)])
    return draw(literals(known, ref(argument["type"])))


# --- requests -----------------------------------------------------------------------------------------------


@st.composite
def payloads(draw: st.DrawFn, known: Known) -> Any:
    """What is sent as JSON: mostly a document with or without variables."""
    text = "{ " + draw(selections(known, known.query, 4)) + " }"
    variables: Any = None
    form = draw(st.integers(0, 9))
    if form == 0:
        text, variables = draw(with_variables(known))
    elif form == 1:
        text = draw(spoiled(text))
    elif form == 2:
        text = f"query N {text} query M {{ __typename }}"
    elif form == 3:
        text = f"fragment Q on {known.query} {text} query {{ ...Q ...Q x: __typename }}"
    payload: dict[str, Any] = {"query": text}
    if variables is not None:
        payload["variables"] = variables
    if draw(st.integers(1, 6)) == 6:
        payload["operationName"] = draw(st.sampled_from(("N", "M", "", None, 7, ["N"])))
    if draw(st.integers(1, 40)) == 40:
        return draw(
            st.sampled_from((None, [], "x", [payload], {"query": 1}, {"query": text, "variables": [1]}))
        )
    return payload


@st.composite
def with_variables(draw: st.DrawFn, known: Known) -> tuple[str, Any]:
    """A list with its filter in a variable, of whatever value; a flag where nothing is listed."""
    lists = [one for one in known.fields(known.query) if any(a["name"] == "filter" for a in one["args"])]
    if not lists:
        return "query ($f: Boolean!) { __typename @skip(if: $f) }", {"f": draw(values)}
    root = draw(st.sampled_from(lists))
    kind = next(ref(one["type"]).name for one in root["args"] if one["name"] == "filter")
    inputs = [one["name"] for one in known.types[kind]["inputFields"]]
    name = draw(st.sampled_from(inputs))
    value = {name: {draw(st.sampled_from(OPERATORS)): draw(st.one_of(values, st.lists(values, max_size=2)))}}
    text = f"query ($f: {kind}, $n: Int) {{ {root['name']}(filter: $f, limit: $n) {{ __typename }} }}"
    given = draw(st.one_of(st.just(value), st.just(value), values, st.just({"_and": [value, value]})))
    return text, draw(
        st.sampled_from(({"f": given, "n": 3}, {"f": given}, {"n": "x", "f": given}, [], {}, "x"))
    )


@st.composite
def spoiled(draw: st.DrawFn, text: str) -> str:
    spoil = draw(st.sampled_from(_SPOILS))
    place = draw(st.integers(0, len(text)))
    form = draw(st.integers(0, 2))
    if form == 0:
        return text[:place] + " " + spoil + " " + text[place:]
    return text[:place] if form == 1 else text + " " + spoil
