"""`Change` + `Query` -> `WriteTemplate`: one GraphQL mutation for a request, as a syntax tree.

    PATCH /items/articles?fields=id,author.name   {"keys": [1, 2], "data": {"status": "draft"}}     becomes

    mutation ($payload: JSON!, $ids: [JSON!]) {
      data: update_articles_items(payload: $payload, ids: $ids) { id author { name } }
    }

The payload is a variable as it was sent: its relations are the engine's to read. Where a query chooses the
items, its conditions, order and page are the root's, and the query string says only what they look like in
the answer. A template is made once for a shape of query, the arguments that are given, and one set of rules.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from graphql import ArgumentNode, DirectiveNode, FieldNode, SelectionNode

from resolvers.operation import Operation
from resolvers.permissions import Gate
from rest_bridge.bodies import Change
from rest_bridge.fields import Selector
from rest_bridge.operations import Template
from rest_bridge.query import Query, Shape
from rest_bridge.syntax import (
    argument,
    document,
    field_node,
    leaf,
    mutation_definition,
    variable,
    variable_definition,
    yes,
)
from rest_bridge.writer import KEY, TYPENAME, Writer, ordered, paging
from schema_gen.errors import CausewayError, forbidden, invalid_query
from schema_gen.model import Collection
from schema_gen.naming import MutationKind, Names

#: argument -> its type, whether it has to be there, whether it is a list; as the internal schema has them
_ARGUMENTS: Final[Mapping[str, tuple[str, bool, bool]]] = {
    "id": ("JSON", True, False),
    "payload": ("JSON", True, False),
    "url": ("String", True, False),
    "ids": ("JSON", False, True),
    "max_affected": ("Int", False, False),
    "if_match": ("String", False, True),
    "on_conflict": ("String", False, True),
}
#: makes an item of a file that is fetched
IMPORT: Final = "files_import"
#: roots whose conditions, order and page shape the answer, or choose the items
_LISTS: Final = frozenset({"create_items", "update_items", "update_batch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteTemplate:
    """`silent`: whatever the engine answers, there is nothing to tell."""

    template: Template
    silent: bool = False

    def operation(self, values: tuple[Any, ...], given: Mapping[str, Any]) -> Operation:
        """`values`: of the query; `given`: of the arguments, by name."""
        template = self.template
        filled = {name: values[index] for name, index in template.variables}
        filled.update(given)
        return Operation(
            document=template.document,
            definition=template.definition,
            scope=template.scope,
            wire="rest",
            shape=template.shape,
            variables=filled,
        )


def given_arguments(
    change: Change,
    *,
    max_affected: int | None = None,
    if_match: tuple[str, ...] | None = None,
    on_conflict: tuple[str, ...] | None = None,
) -> dict[str, Any]:
    """The arguments of a root by name, without those that are not given."""
    found: dict[str, Any] = {
        "id": change.key,
        "payload": change.payload,
        "url": change.url,
        "ids": change.ids,
        "max_affected": max_affected,
        "if_match": if_match,
        "on_conflict": on_conflict,
    }
    return {name: value for name, value in found.items() if value is not None}


def choosing(query: Query, chosen: Query) -> Query:
    """The query whose fields shape the answer, and whose items are those that `chosen` finds.

    Raises INVALID_QUERY for rows of an aggregate: they are no items.
    """
    level, finding = query.level, chosen.level
    if finding.aggregate or finding.group:
        raise invalid_query('"aggregate" and "groupBy" choose no items')
    first = len(query.values)
    level = replace(
        level,
        filter=None if finding.filter is None else first + finding.filter,
        search=None if finding.search is None else first + finding.search,
        # the aliases are those of the query that sorts
        sort=ordered(finding),
        limit=finding.limit,
        offset=finding.offset,
        page=finding.page,
    )
    values = (*query.values, *chosen.values)
    return replace(
        query,
        level=level,
        values=values,
        shape=Shape((query.fields, level, query.meta, query.backlink, "choosing")),
    )


def build_write_template(
    query: Query,
    collection: Collection,
    change: Change,
    given: frozenset[str],
    gate: Gate,
    names: Names,
    max_depth: int,
    shape: Hashable,
) -> WriteTemplate:
    """`given`: names of the arguments. Raises FORBIDDEN where there is no such root, INVALID_QUERY for what
    no operation can say.
    """
    writer = _MutationWriter(query=query, home=collection, gate=gate, names=names, max_depth=max_depth)
    root, silent = writer.mutation(change, given)
    definition = mutation_definition(writer.definitions.values(), (root,))
    template = Template(
        document=document(definition),
        definition=definition,
        scope="system" if collection.system else "items",
        shape=shape,
        variables=tuple(writer.variables.items()),
    )
    return WriteTemplate(template=template, silent=silent)


class _MutationWriter(Writer):
    def mutation(self, change: Change, given: frozenset[str]) -> tuple[FieldNode, bool]:
        """The root, and whether there is nothing to tell of its answer."""
        name = self.names.mutation_name(self.home.name, change.kind) if change.url is None else IMPORT
        if name is None:
            raise forbidden()
        arguments = [self._given(each) for each in _ARGUMENTS if each in given]
        if change.upsert:
            arguments.append(argument("upsert", yes()))
        level = self.query.level
        if level.aggregate or level.group:
            raise invalid_query('"aggregate" and "groupBy" are not for requests that write')
        if change.chosen is not None:
            arguments += [*self.conditions(level), *paging(level, level.sort)]
        elif change.kind in _LISTS:
            arguments += [*self.conditions(level), *paging(level, ordered(level))]
        directives, below, silent = self._answer(change.kind, "if_match" in given)
        root = field_node(name, alias="data", arguments=arguments, directives=directives, below=below)
        return root, silent

    def _given(self, name: str) -> ArgumentNode:
        type_name, required, many = _ARGUMENTS[name]
        self.definitions[name] = variable_definition(name, type_name, required=required, many=many)
        return argument(name, variable(name))

    def _answer(
        self, kind: MutationKind, bound: bool
    ) -> tuple[tuple[DirectiveNode, ...], list[SelectionNode] | None, bool]:
        """Directives and selection of the root. What the caller may not read does not keep it from writing
        (protocol): of an item without readable fields the engine gives its key, which is not told. `bound`
        to a version of the item: then that is what the item is like, also where it is deleted.
        """
        if kind == "delete_items":
            return (), [leaf("ids")], True
        if self.gate.read_scope(self.home.name) is None:
            return (), None, True
        deletes = kind == "delete_item"
        if deletes and not bound:
            return (KEY,), [TYPENAME], True
        level = self.query.level
        selector = Selector(gate=self.gate, max_depth=self.max_depth, backlink=self.query.backlink)
        try:
            items = selector.select(self.home.name, self.query.fields, level)
        except CausewayError as error:
            if error.code != "FORBIDDEN":
                raise
            return (KEY,), [TYPENAME], True
        return () if items.nodes else (KEY,), self.selection(items), deletes
