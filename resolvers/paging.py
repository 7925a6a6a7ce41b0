"""`limit`, `offset`, `page` and `sort` -> the page and the order of a read (a part of the planner)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from graphql import ValueNode

from resolvers.conditions import ColumnRef
from resolvers.operands import sort_path, split_path
from resolvers.plan import SortTerm
from resolvers.reader import Reader
from resolvers.tree import Tree
from schema_gen.errors import invalid_payload, invalid_query
from schema_gen.model import Collection, Link

_INT64: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`query_limit_max` -1, `max_batch_mutation` None: no bound. Depths in relations and in steps in JSON."""

    query_limit_default: int = 100
    query_limit_max: int = -1
    max_relational_depth: int = 10
    max_json_query_depth: int = 10
    max_batch_mutation: int | None = None

    def check_batch(self, items: int) -> None:
        """Raises INVALID_PAYLOAD where one mutation would create, update or delete more than it may."""
        if self.max_batch_mutation is not None and items > self.max_batch_mutation:
            raise invalid_payload(f"Exceeded max batch mutation limit of {self.max_batch_mutation}")


def page_of(tree: Tree, arguments: Mapping[str, ValueNode], limits: Limits) -> tuple[int | None, int]:
    """`(limit, offset)`: -1 is all, up to QUERY_LIMIT_MAX; `page` wins over `offset`."""
    asked = _whole(tree, arguments, "limit")
    if asked is None:
        asked = limits.query_limit_default
    if asked < -1:
        raise invalid_query('"limit" must be greater than or equal to -1')
    page = _whole(tree, arguments, "page")
    offset = _whole(tree, arguments, "offset") or 0
    if offset < 0:
        raise invalid_query('"offset" must be greater than or equal to 0')
    if page is not None and page < 0:
        raise invalid_query('"page" must be greater than or equal to 0')
    maximum = limits.query_limit_max
    limit = asked if maximum < 0 else (maximum if asked < 0 else min(asked, maximum))
    if page:
        # all items are on one page
        offset = 0 if asked < 0 else (page - 1) * limit
    if offset > _INT64:
        raise invalid_query('"offset" must be a safe number')
    return (None if limit < 0 else min(limit, _INT64)), offset


def _whole(tree: Tree, arguments: Mapping[str, ValueNode], name: str) -> int | None:
    if name not in arguments:
        return None
    value = tree.argument(arguments[name])
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid_query(f'"{name}" must be an integer')
    return value


def sort_of(
    tree: Tree,
    reader: Reader,
    arguments: Mapping[str, ValueNode],
    collection: Collection,
    place: tuple[str, ...],
    link: Link | None,
) -> tuple[SortTerm, ...]:
    """What was asked for, then the key, so that pages are stable; without a wish the manual order comes
    first.
    """
    asked = listed(tree, arguments, "sort")
    terms: list[SortTerm] = []
    for text in asked:
        descending = text.startswith("-")
        path = split_path(text[1:] if descending else text)
        operand = sort_path(path, collection, reader, place, descending=descending)
        if isinstance(operand, ColumnRef) and operand.field.concealed:
            raise invalid_query(f'"{operand.field.name}" can\'t be sorted by')
        terms.append(SortTerm(operand=operand, descending=descending))
    if not terms:
        manual = link.sort_field if link is not None and link.sort_field else collection.sort_field
        if manual and manual in collection.fields and not collection.fields[manual].alias:
            terms.append(SortTerm(operand=ColumnRef(field=collection.fields[manual])))
    sorted_by = {
        term.operand.field.name
        for term in terms
        if isinstance(term.operand, ColumnRef) and not term.operand.hops
    }
    if len(collection.primary_key) == 1 and collection.primary_key[0] in sorted_by:
        return tuple(terms)
    for name in collection.primary_key:
        if name not in sorted_by:
            terms.append(SortTerm(operand=ColumnRef(field=collection.fields[name])))
    return tuple(terms)


def listed(tree: Tree, arguments: Mapping[str, ValueNode], name: str) -> list[str]:
    if name not in arguments:
        return []
    value = tree.argument(arguments[name])
    if value is None:
        return []
    listed = value if isinstance(value, list) else [value]
    return [str(entry) for entry in listed if entry not in (None, "")]
