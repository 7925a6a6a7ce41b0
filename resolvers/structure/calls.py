"""The roots that tell of collections, fields and relations, bound to what answers them.

Public roots give facts, of which the document selects; the internal ones of REST give whole JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resolvers.calls import CallRoot, Encoded, Listed, Resolve
from resolvers.context import RequestContext
from resolvers.structure.reading import Structure
from resolvers.structure.seen import What
from resolvers.structure.signatures import INTERNAL, PUBLIC, bound
from resolvers.structure.telling import Facts

Arguments = Mapping[str, Any]


def reading_calls(structure: Structure) -> tuple[CallRoot, ...]:
    def facts(what: What) -> Resolve:
        async def resolve(arguments: Arguments, context: RequestContext) -> Listed:
            collection = arguments.get("collection")
            if collection is not None and not structure.sight(what, context).sees(collection):
                # as the protocol has it: of what is not there nothing is told
                return Listed(items=())
            return structure.facts(what, collection, context)

        return resolve

    def listed(what: What) -> Resolve:
        async def resolve(arguments: Arguments, context: RequestContext) -> Encoded:
            return await structure.listed(what, arguments.get("collection"), context)

        return resolve

    async def collections(arguments: Arguments, context: RequestContext) -> Listed | Encoded:
        if "keys" in arguments:
            return structure.chosen(arguments["keys"], context)
        return await structure.listed("collections", None, context)

    async def collection(arguments: Arguments, context: RequestContext) -> Facts:
        name = arguments["collection"] if "collection" in arguments else arguments["name"]
        return structure.sight("collections", context).collection(name)

    async def field(arguments: Arguments, context: RequestContext) -> Facts:
        return structure.sight("fields", context).field(arguments["collection"], arguments["field"])

    async def relation(arguments: Arguments, context: RequestContext) -> Facts:
        return structure.sight("relations", context).relation(arguments["collection"], arguments["field"])

    return (
        bound(PUBLIC["collections"], facts("collections")),
        bound(PUBLIC["collections_by_name"], collection),
        bound(PUBLIC["fields"], facts("fields")),
        bound(PUBLIC["fields_in_collection"], facts("fields")),
        bound(PUBLIC["fields_by_name"], field),
        bound(PUBLIC["relations"], facts("relations")),
        bound(PUBLIC["relations_in_collection"], facts("relations")),
        bound(PUBLIC["relations_by_name"], relation),
        bound(INTERNAL["structure_collections"], collections),
        bound(INTERNAL["structure_collection"], collection),
        bound(INTERNAL["structure_fields"], listed("fields")),
        bound(INTERNAL["structure_fields_of"], listed("fields")),
        bound(INTERNAL["structure_field"], field),
        bound(INTERNAL["structure_relations"], listed("relations")),
        bound(INTERNAL["structure_relations_of"], listed("relations")),
        bound(INTERNAL["structure_relation"], relation),
    )
