"""Our answers of a schema about itself are the library's."""

from __future__ import annotations

import pytest
from graphql import OperationDefinitionNode, execute_sync, get_introspection_query, parse

from resolvers.introspection import introspect
from resolvers.operation import Operation
from resolvers.planner import root_fields
from resolvers.tree import Tree
from schema_gen.graphql.build import build_schema
from schema_gen.graphql.signatures import CallEnum, CallSignature
from schema_gen.graphql.view import Everything
from schema_gen.naming import Names
from tests.support.blog import blog_snapshot

SNAPSHOT = blog_snapshot("sqlite")
MODES = CallEnum(name="auth_mode", values=("json", "cookie"))
CALL = CallSignature(
    name="login",
    scope="items",
    kind="mutation",
    type="Boolean",
    arguments={"mode": "auth_mode"},
    types=(MODES,),
)
SCHEMA = build_schema(SNAPSHOT, Names.of(SNAPSHOT), Everything(SNAPSHOT), "items", (CALL,))

QUERIES = [
    get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True,
        input_value_deprecation=True, one_of=True,
    ),
    '{ a: __type(name: "articles") { kind fields { n: name type { ...T } args { name } } } } '
    "fragment T on __Type { name ofType { name kind __typename } __typename }",
    '{ __type(name: "nope") { name } }',
    'query ($n: String!, $deep: Boolean!) { __type(name: $n) { name possibleTypes @include(if: $deep) '
    "{ name } enumValues { name } } }",
    "{ __schema { mutationType { name } subscriptionType { name } directives { locations args { name } } } }",
    '{ __type(name: "auth_mode") { enumValues(includeDeprecated: true) { name isDeprecated } } }',
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("deep", [True, False])
def test_the_same_as_the_library(query: str, deep: bool) -> None:
    document = parse(query)
    definition = document.definitions[0]
    assert isinstance(definition, OperationDefinitionNode)
    variables = {"n": "blocks_item_union", "deep": deep}
    operation = Operation(
        document=document, definition=definition, scope="items", wire="graphql", shape=(), variables=variables
    )
    library = execute_sync(SCHEMA, document, variable_values=variables)
    assert library.errors is None
    assert introspect(SCHEMA, root_fields(operation), Tree.of(operation)) == library.data
