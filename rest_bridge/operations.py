"""`Query` + where it is asked -> `Template`: one GraphQL operation for a request, as a syntax tree.

    GET /items/articles?fields=title,author&filter[status]=draft&sort=-id&meta=filter_count     becomes

    query ($filter: articles_filter) {
      filter_count: articles_aggregated(filter: $filter) @first @lift { countAll }
      data: articles(filter: $filter, sort: ["-id"]) { title author @key { __typename } }
    }

Roots stand in the order of the reply, so that their JSON is only joined. Values are variables, named by where
they stand; everything else is in the document. A template is made once for a shape of query and one set of
rules.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, OperationDefinitionNode

from resolvers.operation import Operation, Scope
from resolvers.permissions import Gate
from rest_bridge.query import Query
from rest_bridge.syntax import document, query_definition
from rest_bridge.writer import ID, Verb, Writer
from schema_gen.model import Collection
from schema_gen.naming import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """An operation without its values. `variables`: name and index in `Query.values`.

    `meta`: names of the counts, whose roots come before the data.
    """

    document: DocumentNode
    definition: OperationDefinitionNode
    scope: Scope
    shape: Hashable
    variables: tuple[tuple[str, int], ...] = ()
    meta: tuple[str, ...] = ()

    def operation(self, values: tuple[Any, ...], key: str | None = None) -> Operation:
        filled: dict[str, Any] = {name: values[index] for name, index in self.variables}
        if key is not None:
            filled[ID] = key
        return self.filled(filled)

    def filled(self, variables: Mapping[str, Any]) -> Operation:
        return Operation(
            document=self.document,
            definition=self.definition,
            scope=self.scope,
            wire="rest",
            shape=self.shape,
            variables=variables,
        )


def build_template(
    query: Query,
    collection: Collection,
    verb: Verb,
    gate: Gate,
    names: Names,
    max_depth: int,
    shape: Hashable,
) -> Template:
    """Raises FORBIDDEN for what is hidden or missing, INVALID_QUERY for what no operation can say."""
    writer = Writer(query=query, home=collection, gate=gate, names=names, max_depth=max_depth)
    below = [*writer.counts(verb), writer.data(verb)]
    definition = query_definition(writer.definitions.values(), below)
    return Template(
        document=document(definition),
        definition=definition,
        scope="system" if collection.system else "items",
        shape=shape,
        variables=tuple(writer.variables.items()),
        meta=tuple(node.alias.value for node in below[:-1] if node.alias is not None),
    )
