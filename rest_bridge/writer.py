"""Writes the roots of one operation: selections, arguments, aggregates (a part of `operations`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    InlineFragmentNode,
    SelectionNode,
    VariableDefinitionNode,
)

from resolvers.permissions import Gate
from resolvers.permissions import Scope as ReadScope
from rest_bridge.fields import Selector
from rest_bridge.query import Level, Query
from rest_bridge.selection import AnyItem, Branch, Call, Column, Items, Node, Relation
from rest_bridge.syntax import (
    argument,
    directive,
    field_node,
    fragment_on,
    leaf,
    spellable,
    text,
    texts,
    variable,
    variable_definition,
    whole,
)
from schema_gen.errors import forbidden, forbidden_collection, forbidden_field
from schema_gen.model import Collection
from schema_gen.naming import Names, RootKind

#: what is read: items, one by key, the one of a singleton (also asked for by its key), the caller's own row,
#: the caller's own roles
Verb = Literal["list", "one", "singleton", "keyed_singleton", "users_me", "roles_me"]

_KINDS: Final[Mapping[Verb, RootKind]] = {
    "list": "list",
    "one": "by_id",
    "singleton": "singleton",
    "keyed_singleton": "singleton",
}
_OWN: Final[Mapping[Verb, str]] = {"users_me": "users_me", "roles_me": "roles_me"}
#: the variable that holds the key of the one item
ID: Final = "id"
KEY: Final = directive("key")
_LIFT: Final = directive("lift")
_FIRST: Final = directive("first")
TYPENAME: Final = leaf("__typename")


class Writer:
    """Writes the roots of one operation and collects the variables they use."""

    def __init__(self, *, query: Query, home: Collection, gate: Gate, names: Names, max_depth: int) -> None:
        self.query = query
        self.home = home
        self.gate = gate
        self.names = names
        self.max_depth = max_depth
        self.definitions: dict[str, VariableDefinitionNode] = {}
        self.variables: dict[str, int] = {}
        self._renamed = 0

    # --- roots ----------------------------------------------------------------------------------------------

    def counts(self, verb: Verb) -> list[FieldNode]:
        root = self.names.root_name(self.home.name, "aggregated")
        if verb != "list" or root is None:
            return []
        return [
            field_node(
                root,
                alias=name,
                arguments=self.conditions(self.query.level) if name == "filter_count" else (),
                directives=(_FIRST, _LIFT),
                below=(leaf("countAll"),),
            )
            for name in self.query.meta
        ]

    def data(self, verb: Verb) -> FieldNode:
        level = self.query.level
        if verb == "list" and (level.aggregate or level.group):
            return self._aggregate(level)
        selector = Selector(gate=self.gate, max_depth=self.max_depth, backlink=self.query.backlink)
        items = selector.select(self.home.name, self.query.fields, level)
        arguments: list[ArgumentNode] = []
        if verb == "list":
            arguments = [*self.conditions(level), *paging(level, ordered(level))]
        elif verb == "one":
            self.definitions[ID] = variable_definition(ID, "ID", required=True)
            arguments = [argument(ID, variable(ID))]
        elif verb == "keyed_singleton":
            arguments = self.conditions(level)
        return field_node(
            _OWN.get(verb) or self._root(_KINDS[verb]),
            alias="data",
            arguments=arguments,
            directives=() if items.nodes else (KEY,),
            below=self.selection(items),
        )

    def _root(self, kind: RootKind) -> str:
        root = self.names.root_name(self.home.name, kind)
        if root is None:
            raise forbidden()
        return root

    # --- arguments ------------------------------------------------------------------------------------------

    def conditions(
        self, level: Level, collection: str | None = None, *, kind: str | None = None
    ) -> list[ArgumentNode]:
        """`filter` and `search` as variables. `kind`: type of a filter that is not the collection's."""
        found: list[ArgumentNode] = []
        if level.filter is not None:
            type_name = kind or self.names.part(collection or self.home.name, "filter")
            found.append(self._variable("filter", level.filter, type_name))
        if level.search is not None:
            found.append(self._variable("search", level.search, "String"))
        return found

    def _variable(self, what: str, index: int, type_name: str) -> ArgumentNode:
        """Variables of the root have plain names, those below a number."""
        own = self.query.level
        name = what if index in (own.filter, own.search) else f"{what}_{index}"
        self.definitions[name] = variable_definition(name, type_name)
        self.variables[name] = index
        return argument(what, variable(name))

    # --- items ----------------------------------------------------------------------------------------------

    def selection(self, items: Items) -> list[SelectionNode]:
        if not items.nodes:
            return [TYPENAME]
        return [self._node(items.collection, node) for node in items.nodes]

    def _node(self, collection: str, node: Node) -> FieldNode:
        if isinstance(node, Column):
            link = self.gate.snapshot.link(collection, node.field)
            raw_key = link is not None
            return self._named(
                node.key,
                self.names.field_name(collection, node.field),
                directives=(KEY,) if raw_key else (),
                below=(TYPENAME,) if raw_key else None,
            )
        if isinstance(node, Call):
            return self._call(collection, node)
        name = self.names.field_name(collection, node.field)
        if isinstance(node, AnyItem):
            return self._named(node.key, name, below=[self._branch(branch) for branch in node.branches])
        return self._relation(collection, name, node)

    def _relation(self, collection: str, name: str, node: Relation) -> FieldNode:
        link = self.gate.snapshot.link(collection, node.field)
        arguments: list[ArgumentNode] = []
        if node.items.nodes or (link is not None and link.kind == "o2m"):
            arguments = self.conditions(node.level, node.items.collection)
        if link is not None and link.kind == "o2m":
            arguments += paging(node.level, ordered(node.level))
        directives = [] if node.items.nodes else [KEY]
        if node.level.aggregate or node.level.group:
            directives = [_aggregated(node.level)]
        return self._named(
            node.key,
            name,
            arguments=arguments,
            directives=directives,
            below=self.selection(node.items),
        )

    def _branch(self, branch: Branch) -> InlineFragmentNode:
        conditions = self.conditions(branch.level, branch.items.collection, kind="JSON")
        directives: list[DirectiveNode] = [directive("only", *conditions)] if conditions else []
        if not branch.items.nodes:
            directives.append(KEY)
        return fragment_on(
            self.names.type_name(branch.items.collection), directives, self.selection(branch.items)
        )

    def _call(self, collection: str, node: Call) -> FieldNode:
        arguments = () if node.path is None else (argument("path", text(node.path)),)
        return self._named(
            node.key,
            self.names.function_name(collection, node.field),
            directives=(_LIFT,),
            below=(field_node(node.function, arguments=arguments),),
        )

    def _named(
        self,
        key: str,
        name: str,
        *,
        arguments: Iterable[ArgumentNode] = (),
        directives: Iterable[DirectiveNode] = (),
        below: Iterable[SelectionNode] | None = None,
    ) -> FieldNode:
        """A field under the name it has in the answer. Where GraphQL cannot spell that, an alias keeps it
        apart.
        """
        alias: str | None = None
        if key != name:
            alias = key
            if not spellable(key):
                self._renamed += 1
                alias = f"as_{self._renamed}"
                directives = (*directives, directive("as", argument("name", text(key))))
        return field_node(name, alias=alias, arguments=arguments, directives=directives, below=below)

    # --- aggregates -----------------------------------------------------------------------------------------

    def _aggregate(self, level: Level) -> FieldNode:
        scope = self.gate.read_scope(self.home.name)
        if scope is None:
            raise forbidden_collection(self.home.name)
        arguments = [argument("groupBy", texts(level.group))] if level.group else []
        below: list[SelectionNode] = [field_node("group", directives=(_LIFT,))] if level.group else []
        below += [self._function(function, fields, scope) for function, fields in level.aggregate]
        return field_node(
            self._root("aggregated"),
            alias="data",
            arguments=[*arguments, *self.conditions(level), *paging(level, ordered(level))],
            below=below,
        )

    def _function(self, function: str, fields: tuple[str, ...], scope: ReadScope) -> FieldNode:
        """`count: *` and `countAll` count rows; beside names of fields `*` means nothing."""
        named = [name for name in dict.fromkeys(fields) if name != "*"]
        if function == "countAll" or (function == "count" and not named):
            return field_node("countAll", alias=None if function == "countAll" else function)
        known = self.home.fields
        refused = [
            name
            for name in named or ["*"]
            if name not in known or name not in scope.fields or known[name].alias
        ]
        if refused:
            raise forbidden_field(self.home.name, refused)
        return field_node(
            function,
            below=[self._named(name, self.names.field_name(self.home.name, name)) for name in named],
        )


def ordered(level: Level) -> tuple[str, ...]:
    """`sort` with aliases of this level replaced by what they stand for."""
    if not level.alias:
        return level.sort
    alias = dict(level.alias)
    found: list[str] = []
    for term in level.sort:
        sign = "-" if term.startswith("-") else ""
        head, dot, rest = term[len(sign) :].partition(".")
        found.append(f"{sign}{alias.get(head, head)}{dot}{rest}")
    return tuple(found)


def _aggregated(level: Level) -> DirectiveNode:
    """`count: *` counts items; beside names of fields `*` means nothing."""
    of: list[str] = []
    for function, fields in level.aggregate:
        named = [name for name in dict.fromkeys(fields) if name != "*"]
        if function == "countAll" or (function == "count" and not named):
            of.append(function)
        else:
            of += [f"{function}.{name}" for name in named or ["*"]]
    found = [argument("groupBy", texts(level.group))] if level.group else []
    return directive("aggregated", *found, *([argument("of", texts(of))] if of else []))


def paging(level: Level, order: tuple[str, ...]) -> list[ArgumentNode]:
    found = [argument("sort", texts(order))] if order else []
    for name, value in (("limit", level.limit), ("offset", level.offset), ("page", level.page)):
        if value is not None:
            found.append(argument(name, whole(value)))
    return found
