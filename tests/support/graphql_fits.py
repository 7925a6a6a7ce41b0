"""Whether the data of a GraphQL answer is what the document asked of the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from graphql import (
    FieldNode,
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
    parse,
)

Asked = Mapping[str, tuple[FieldNode, ...]]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


#: scalars of which something is known; the others hold any JSON
_SCALARS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "Boolean": lambda value: isinstance(value, bool),
    "Date": lambda value: isinstance(value, str),
    "Float": _is_number,
    "GraphQLBigInt": lambda value: isinstance(value, str),
    "Hash": lambda value: value == "**********",
    "ID": lambda value: isinstance(value, str),
    "Int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "String": lambda value: isinstance(value, str),
}


def faults(schema: GraphQLSchema, text: str, data: Mapping[str, Any] | None) -> list[str]:
    """Of a document with one operation and no named fragments. Roots that are null were refused."""
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    root = schema.get_root_type(operation.operation)
    assert root is not None
    if data is None:
        return []
    refused = {key for key, value in data.items() if value is None}
    found = _object(schema, root, [operation.selection_set], data, "")
    return [fault for fault in found if fault.partition(":")[0].strip(".") not in refused]


def _value(
    schema: GraphQLSchema, kind: Any, nodes: tuple[FieldNode, ...], value: Any, path: str
) -> Iterator[str]:
    if isinstance(kind, GraphQLNonNull):
        if value is None:
            yield f"{path}: null in place of {kind}"
            return
        kind = kind.of_type
    if value is None:
        return
    if isinstance(kind, GraphQLList):
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no list"
            return
        for index, item in enumerate(value):
            yield from _value(schema, kind.of_type, nodes, item, f"{path}[{index}]")
        return
    below = [node.selection_set for node in nodes if node.selection_set is not None]
    if is_object_type(kind):
        yield from _object(schema, kind, below, value, path)
    elif is_abstract_type(kind):
        yield from _one_of(schema, kind, below, value, path)
    elif isinstance(kind, GraphQLEnumType):
        if value not in kind.values:
            yield f"{path}: {value!r} is no {kind}"
    elif not _SCALARS.get(get_named_type(kind).name, lambda _: True)(value):
        yield f"{path}: {value!r} is no {kind}"


def _one_of(
    schema: GraphQLSchema, kind: GraphQLAbstractType, below: list[SelectionSetNode], value: Any, path: str
) -> Iterator[str]:
    """The type need not be asked for: some type has to fit."""
    tried = [list(_object(schema, one, below, value, path)) for one in schema.get_possible_types(kind)]
    if all(tried):
        yield min(tried, key=len)[0]


def _object(
    schema: GraphQLSchema, kind: GraphQLObjectType, below: Iterable[SelectionSetNode], value: Any, path: str
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no {kind}"
        return
    asked = _asked(schema, kind, below)
    if set(asked) != set(value):
        yield f"{path}: {sorted(value)} in place of {sorted(asked)}"
        return
    for key, nodes in asked.items():
        if nodes[0].name.value == "__typename":
            if value[key] != kind.name:
                yield f"{path}.{key}: {value[key]!r} in place of {kind}"
            continue
        yield from _value(schema, kind.fields[nodes[0].name.value].type, nodes, value[key], f"{path}.{key}")


def _asked(schema: GraphQLSchema, kind: GraphQLObjectType, below: Iterable[SelectionSetNode]) -> Asked:
    found: dict[str, tuple[FieldNode, ...]] = {}
    for selections in below:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                found[key] = (*found.get(key, ()), node)
            elif isinstance(node, InlineFragmentNode) and _applies(schema, node, kind):
                for key, nodes in _asked(schema, kind, [node.selection_set]).items():
                    found[key] = (*found.get(key, ()), *nodes)
    return found


def _applies(schema: GraphQLSchema, node: InlineFragmentNode, kind: GraphQLObjectType) -> bool:
    if node.type_condition is None or node.type_condition.name.value == kind.name:
        return True
    named = schema.get_type(node.type_condition.name.value)
    return is_abstract_type(named) and schema.is_sub_type(named, kind)
