"""What a root brings before its item is written: asked for only by those who may write the item.

import_file(url: "https://...", data: {title: "A"})
    ─ rights ─> bring(arguments, {"title": "A"}, context) ─> Brought(facts={"filesize": 70, ...}, ...)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import FieldNode

from resolvers.behaviors.rows import check_sent
from resolvers.calls import BringingCall, Brought
from resolvers.context import RequestContext
from resolvers.permissions import Gate
from resolvers.tree import Tree
from resolvers.writing.items import read_item
from resolvers.writing.rights import check_creation
from resolvers.writing.wishes import Wish


async def bring(
    call: BringingCall,
    node: FieldNode,
    tree: Tree,
    payload: Mapping[str, Any],
    gate: Gate,
    context: RequestContext,
) -> Brought:
    """Raises FORBIDDEN and INVALID_PAYLOAD before anything is done, then what the call refuses with."""
    collection = gate.snapshot.collections[call.collection]
    item = read_item(payload, collection, gate.snapshot, (), gate.untold)
    check_creation(gate, collection, [Wish(item=item, intent="create")])
    check_sent(collection.name, "create", item.values, context)
    arguments = {name: tree.argument(value) for name, value in tree.arguments(node).items()}
    return await call.bring(arguments, payload, context)
