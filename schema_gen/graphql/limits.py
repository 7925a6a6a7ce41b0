"""What a document may ask for at most, decided before it is validated. Pure.

    fragment F on articles_aggregated_fields { a: id b: id c: id ... 200 times }
    { articles_aggregated { max { ...F } x: max { ...F } ... 200 times } }    40,000 fields: refused

Each fragment is weighed once and counts wherever it is spread, so weighing takes time in proportion to the
text. Fragments that spread each other in a circle weigh nothing here; validation names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLimits:
    """`tokens` of the text; `depth`: relations below a root field; `aliases` side by side in one selection;
    `cost`: fields in all, fragments spread out; `values`: objects and lists of an argument inside each other.
    """

    tokens: int = 5000
    depth: int = 10
    aliases: int = 50
    cost: int = 5000
    values: int = 40


@dataclass(frozen=True, slots=True)
class Weight:
    """`levels`: selections inside each other."""

    cost: int = 0
    levels: int = 0
    aliases: int = 0


_NOTHING = Weight()


def exceeded(document: DocumentNode, limits: DocumentLimits) -> GraphQLError | None:
    """The first limit that an operation of the document breaks."""
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    scale = _Scale(limits)
    for name in _inner_first(fragments):
        scale.fragments[name] = scale.weigh(fragments[name].selection_set)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            weight = scale.weigh(node.selection_set)
            # below the selections of the root and its relations, one more names functions or aggregates
            if weight.levels > limits.depth + 3:
                return GraphQLError(f"The document goes deeper than {limits.depth} relations.", node)
            if weight.cost > limits.cost:
                return GraphQLError(f"The document asks for more than {limits.cost} fields.", node)
            for variable in node.variable_definitions or ():
                scale.look_into(variable.default_value)
    return scale.error


class _Scale:
    def __init__(self, limits: DocumentLimits) -> None:
        self.limits = limits
        self.fragments: dict[str, Weight] = {}
        self.error: GraphQLError | None = None

    def weigh(self, selection: SelectionSetNode) -> Weight:
        cost = levels = aliases = 0
        for node in selection.selections:
            if isinstance(node, FragmentSpreadNode):
                inner = self.fragments.get(node.name.value, _NOTHING)
                aliases += inner.aliases
            elif isinstance(node, FieldNode):
                inner = self._field(node)
                aliases += node.alias is not None
            else:
                inner = self.weigh(node.selection_set)  # type: ignore[attr-defined]
                aliases += inner.aliases
            same_level = not isinstance(node, FieldNode)
            cost += inner.cost
            levels = max(levels, inner.levels - 1 if same_level else inner.levels)
        if aliases > self.limits.aliases and self.error is None:
            told = f"A selection has more than {self.limits.aliases} aliases."
            self.error = GraphQLError(told, selection)
        return Weight(cost, levels + 1, aliases)

    def look_into(self, value: ValueNode | None) -> None:
        level, nodes = 0, [value]
        while containers := [node for node in nodes if isinstance(node, (ObjectValueNode, ListValueNode))]:
            level += 1
            if level > self.limits.values:
                self.error = self.error or GraphQLError("A value is nested too deeply.", value)
                return
            nodes = [inner for node in containers for inner in _inside(node)]

    def _field(self, node: FieldNode) -> Weight:
        for argument in node.arguments or ():
            if isinstance(argument.value, (ObjectValueNode, ListValueNode)):
                self.look_into(argument.value)
        if node.selection_set is None:
            return Weight(cost=1)
        inner = self.weigh(node.selection_set)
        # a schema's questions about itself go deep by nature; validation bounds them
        own = node.name.value.startswith("__")
        return Weight(inner.cost + 1, 0 if own else inner.levels)


def _inside(node: ObjectValueNode | ListValueNode) -> tuple[ValueNode, ...]:
    if isinstance(node, ObjectValueNode):
        return tuple(entry.value for entry in node.fields)
    return tuple(node.values)


def _inner_first(fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[str]:
    """Names of the fragments, each after those that it spreads; without recursion, circles cut somewhere."""
    spreads = {name: list(_spreads(node.selection_set)) for name, node in fragments.items()}
    done: set[str] = set()
    for root in fragments:
        way = [(root, iter(spreads[root]))]
        seen = {root}
        while way and root not in done:
            name, rest = way[-1]
            following = next((spread for spread in rest if spread not in done and spread in spreads), None)
            if following is not None and following not in seen:
                seen.add(following)
                way.append((following, iter(spreads[following])))
            elif following is None:
                way.pop()
                if name not in done:
                    done.add(name)
                    yield name


def _spreads(selection: SelectionSetNode) -> Iterator[str]:
    pending = [selection]
    while pending:
        for node in pending.pop().selections:
            if isinstance(node, FragmentSpreadNode):
                yield node.name.value
            elif node.selection_set is not None:  # type: ignore[attr-defined]
                pending.append(node.selection_set)  # type: ignore[attr-defined]
