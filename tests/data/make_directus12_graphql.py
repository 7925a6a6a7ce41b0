"""Asks a Directus 12 that serves `directus12.sqlite.gz` for its GraphQL schemas and some answers.

    python make_directus12_graphql.py http://127.0.0.1:8098 admin-token > directus12_graphql.json

Of the schemas only names and types are kept: `schemas[scope][type][field]` is `(argument: type, ...): type`.
`answers` are status and body of every request in `QUERIES`, as admin unless a line says otherwise.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
)

QUERIES: list[tuple[str, dict[str, Any]]] = [
    ("items", {"query": "{ articles { id title status views keywords } }"}),
    ("items", {"query": '{ articles(sort: ["-id"], limit: 2) { id author { name } category { name } } }'}),
    ("items", {"query": "{ articles { tags { tags_id { name } } tags_func { count } } }"}),
    ("items", {"query": "{ articles { tags(limit: 1, sort: [\"-id\"]) { id } } }"}),
    ("items", {"query": '{ articles(filter: {author: {name: {_nnull: true}}}) { id } }'}),
    ("items", {"query": "{ articles(filter: {tags: {tags_id: {id: {_gt: 0}}}}) { id } }"}),
    ("items", {"query": "{ articles(filter: {tags: {_none: {id: {_gt: 0}}}}) { id } }"}),
    ("items", {"query": "{ articles(filter: {_or: [{id: {_eq: 1}}, {id: {_eq: 2}}]}) { id } }"}),
    ("items", {"query": "{ articles(filter: {id: {_in: 1}}) { id } }"}),
    ("items", {"query": "{ articles(filter: {_and: {id: {_in: [1, 2]}}}) { id } }"}),
    ("items", {"query": "{ articles(filter: {tags_func: {count: {_gt: 0}}}) { id } }"}),
    ("items", {"query": "{ a: articles(limit: 1) { i: id } b: articles(limit: 1, offset: 1) { i: id } }"}),
    ("items", {"query": "{ articles_by_id(id: 1) { id title blocks { collection item { __typename "
                        "... on block_headings { id } ... on block_texts { id } } } } }"}),
    ("items", {"query": '{ articles_by_id(id: 99999) { id } }'}),
    ("items", {"query": '{ a: articles_by_id(id: 99999) { id } b: articles_by_id(id: 1) { id } }'}),
    ("items", {"query": "{ homepage { __typename } }"}),
    ("items", {"query": "{ articles_aggregated { countAll count { id } sum { views } max { views } } }"}),
    ("items", {"query": '{ articles_aggregated(groupBy: ["status"], sort: ["status"]) '
                        "{ group count { id } } }"}),
    ("items", {"query": "query ($l: Int, $s: [String]) { articles(limit: $l, sort: $s) { id } }",
               "variables": {"l": 1, "s": ["-id"]}}),
    ("items", {"query": "query ($s: [String]) { articles(sort: $s) { id } }", "variables": {"s": "-id"}}),
    ("items", {"query": "query ($f: articles_filter) { articles(filter: $f) { id } }",
               "variables": {"f": {"id": {"_lt": "2"}}}}),
    ("items", {"query": "query ($x: GraphQLStringOrFloat) { articles(filter: {id: {_eq: $x}}) { id } }"}),
    ("items", {"query": "query ($on: Boolean!) { articles(limit: 1) { id title @include(if: $on) } }",
               "variables": {"on": False}}),
    ("items", {"query": "{ articles(limit: 1) { ...F } } fragment F on articles { id author { ...G } } "
                        "fragment G on authors { id }"}),
    ("items", {"query": "query A { articles(limit: 1) { id } } query B { homepage { __typename } }",
               "operationName": "A"}),
    ("items", {"query": "{ __typename articles(limit: 1) { __typename } }"}),
    ("items", {"query": '{ __type(name: "articles") { kind name } articles(limit: 1) { id } }'}),
    ("items", {"query": "{ articles(limit: -2) { id } }"}),
    ("items", {"query": '{ articles(sort: ["nope"]) { id } }'}),
    ("items", {"query": "{ articles { nope } }"}),
    ("items", {"query": "{ nope { id } }"}),
    ("items", {"query": "{ articles(filter: {nope: {_eq: 1}}) { id } }"}),
    ("items", {"query": "{ articles(nope: 1) { id } }"}),
    ("items", {"query": "{ articles }"}),
    ("items", {"query": "{ articles { id { x } } }"}),
    ("items", {"query": "{ articles(limit: \"1\") { id } }"}),
    ("items", {"query": "query ($f: nope_filter) { articles(filter: $f) { id } }"}),
    ("items", {"query": "{ articles { ...F } }"}),
    ("items", {"query": "{ articles { ... on authors { id } } }"}),
    ("items", {"query": "{ articles(limit: $l) { id } }"}),
    ("items", {"query": "{ articles { id: title id } }"}),
    ("items", {"query": "mutation { nope }"}),
    ("items", {"query": "{ articles { id } "}),
    ("items", {"query": ""}),
    ("items", {"variables": {}}),
    ("system", {"query": "{ users_me { email } server_ping }"}),
    ("system", {"query": "{ users(filter: {password: {_nnull: true}}) { password email } }"}),
    ("system", {"query": '{ users(filter: {password: {_eq: "x"}}) { id } }'}),
    ("system", {"query": "{ files { filesize width } files_aggregated { count { id } } }"}),
    ("system", {"query": '{ users_by_id(id: "nope") { id } }'}),
]  # fmt: skip


def ask(url: str, token: str, payload: Any) -> tuple[int, Any]:
    request = urllib.request.Request(url, data=json.dumps(payload).encode())
    request.add_header("Authorization", f"Bearer {token}")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def signature(field: Any) -> str:
    arguments = ", ".join(f"{name}: {argument.type}" for name, argument in field.args.items())
    return f"({arguments}): {field.type}" if arguments else f": {field.type}"


def shape(made: GraphQLNamedType) -> Any:
    if isinstance(made, GraphQLObjectType):
        return {name: signature(field) for name, field in made.fields.items()}
    if isinstance(made, GraphQLInputObjectType):
        return {name: f": {field.type}" for name, field in made.fields.items()}
    if isinstance(made, GraphQLUnionType):
        return [member.name for member in made.types]
    return type(made).__name__


def shapes(schema: GraphQLSchema) -> dict[str, Any]:
    return {name: shape(made) for name, made in sorted(schema.type_map.items()) if not name.startswith("__")}


def schema_of(url: str, token: str) -> dict[str, Any]:
    request = urllib.request.Request(url)
    request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request) as reply:
        return shapes(build_schema(reply.read().decode()))


def main(base: str, token: str) -> None:
    answers = []
    for scope, payload in QUERIES:
        path = "/graphql" if scope == "items" else "/graphql/system"
        status, body = ask(f"{base}{path}", token, payload)
        answers.append({"scope": scope, "request": payload, "status": status, "body": body})
    specs = f"{base}/server/specs/graphql"
    schemas = {scope: schema_of(f"{specs}/{scope}", token) for scope in ("items", "system")}
    json.dump({"schemas": schemas, "answers": answers}, sys.stdout, indent=0, sort_keys=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
