"""The roots that change collections, fields and relations, bound to what carries the changes out.

What is answered is told from the schema as it is afterwards: the public roots give facts, of which the
document selects, the internal ones of REST the whole value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from resolvers.calls import CallRoot
from resolvers.context import RequestContext
from resolvers.structure.changes import SchemaChanges
from resolvers.structure.reading import Structure
from resolvers.structure.signatures import INTERNAL, PUBLIC, bound
from resolvers.structure.telling import Facts
from schema_gen.errors import forbidden, invalid_payload

Arguments = Mapping[str, Any]


def writing_calls(changes: SchemaChanges, structure: Structure) -> tuple[CallRoot, ...]:
    return (
        *_collections(changes, structure),
        *_fields(changes, structure),
        *_relations(changes, structure),
    )


# --- collections --------------------------------------------------------------------------------------------


def _collections(changes: SchemaChanges, structure: Structure) -> tuple[CallRoot, ...]:
    def told(names: Sequence[str], context: RequestContext) -> list[Facts]:
        sight = structure.sight("collections", context)
        return [sight.collection(name) for name in names]

    async def create(arguments: Arguments, context: RequestContext) -> Any:
        payload = _payload(arguments, context)
        sent = payload if isinstance(payload, list) else [{} if payload is None else payload]
        names = await changes.create_collections(sent, context, concurrently=_concurrently(arguments))
        made = told(names, context)
        return made if isinstance(payload, list) else made[0]

    async def update(arguments: Arguments, context: RequestContext) -> Facts:
        sent = {**_object(_payload(arguments, context)), "collection": arguments["collection"]}
        return told(await changes.update_collections([sent], context), context)[0]

    async def update_many(arguments: Arguments, context: RequestContext) -> list[Facts]:
        payload = _payload(arguments, context)
        if not isinstance(payload, list):
            raise invalid_payload("Input should be an array of collection changes")
        if not all(_object(sent).get("collection") for sent in payload):
            raise invalid_payload("Collection in update misses collection key")
        return told(await changes.update_collections(payload, context), context)

    async def delete(arguments: Arguments, context: RequestContext) -> Facts:
        await changes.delete_collections([arguments["collection"]], context)
        return {"collection": arguments["collection"]}

    return (
        bound(PUBLIC["create_collections_item"], create),
        bound(PUBLIC["update_collections_item"], update),
        bound(PUBLIC["delete_collections_item"], delete),
        bound(INTERNAL["structure_create_collections"], create),
        bound(INTERNAL["structure_update_collections"], update_many),
        bound(INTERNAL["structure_update_collection"], update),
        bound(INTERNAL["structure_delete_collection"], delete),
    )


# --- fields -------------------------------------------------------------------------------------------------


def _fields(changes: SchemaChanges, structure: Structure) -> tuple[CallRoot, ...]:
    def told(collection: str, name: str, context: RequestContext) -> Facts:
        return structure.sight("fields", context).field(collection, name)

    async def create(arguments: Arguments, context: RequestContext) -> Facts:
        collection = arguments["collection"]
        sent = _object(_payload(arguments, context))
        made = await changes.create_field(collection, sent, context, concurrently=_concurrently(arguments))
        return told(collection, made, context)

    async def update(arguments: Arguments, context: RequestContext) -> Facts:
        sent = {**_object(_payload(arguments, context)), "field": arguments["field"]}
        return (await _update(arguments, [sent], context))[0]

    async def update_many(arguments: Arguments, context: RequestContext) -> list[Facts]:
        payload = _payload(arguments, context)
        if not isinstance(payload, list):
            raise invalid_payload("Submitted body has to be an array")
        return await _update(arguments, payload, context)

    async def update_items(arguments: Arguments, context: RequestContext) -> Facts | None:
        """Its type is that of one field (protocol): the first."""
        payload = _payload(arguments, context)
        made = await _update(arguments, payload if isinstance(payload, list) else [payload], context)
        return made[0] if made else None

    async def _update(arguments: Arguments, payloads: Sequence[Any], context: RequestContext) -> list[Facts]:
        collection, concurrently = arguments["collection"], _concurrently(arguments)
        names = await changes.update_fields(collection, payloads, context, concurrently=concurrently)
        return [told(collection, name, context) for name in names]

    async def delete(arguments: Arguments, context: RequestContext) -> Facts:
        await changes.delete_field(arguments["collection"], arguments["field"], context)
        return {"collection": arguments["collection"], "field": arguments["field"]}

    return (
        bound(PUBLIC["create_fields_item"], create),
        bound(PUBLIC["update_fields_item"], update),
        bound(PUBLIC["update_fields_items"], update_items),
        bound(PUBLIC["delete_fields_item"], delete),
        bound(INTERNAL["structure_create_field"], create),
        bound(INTERNAL["structure_update_field"], update),
        bound(INTERNAL["structure_update_fields"], update_many),
        bound(INTERNAL["structure_delete_field"], delete),
    )


# --- relations ----------------------------------------------------------------------------------------------


def _relations(changes: SchemaChanges, structure: Structure) -> tuple[CallRoot, ...]:
    def told(place: tuple[str, str], context: RequestContext) -> Facts:
        return structure.sight("relations", context).relation(*place)

    async def create(arguments: Arguments, context: RequestContext) -> Facts:
        return told(await changes.create_relation(_object(_payload(arguments, context)), context), context)

    async def update(arguments: Arguments, context: RequestContext) -> Facts:
        sent = _object(_payload(arguments, context))
        collection, field = arguments["collection"], arguments["field"]
        return told(await changes.update_relation(collection, field, sent, context), context)

    async def delete(arguments: Arguments, context: RequestContext) -> Facts:
        await changes.delete_relation(arguments["collection"], arguments["field"], context)
        return {"collection": arguments["collection"], "field": arguments["field"]}

    return (
        bound(PUBLIC["create_relations_item"], create),
        bound(PUBLIC["update_relations_item"], update),
        bound(PUBLIC["delete_relations_item"], delete),
        bound(INTERNAL["structure_create_relation"], create),
        bound(INTERNAL["structure_update_relation"], update),
        bound(INTERNAL["structure_delete_relation"], delete),
    )


# --- arguments ----------------------------------------------------------------------------------------------


def _payload(arguments: Arguments, context: RequestContext) -> Any:
    """Of either door. Raises FORBIDDEN before anything of it is looked at."""
    if not context.actor.admin:
        raise forbidden()
    return arguments["payload"] if "payload" in arguments else arguments.get("data")


def _object(payload: Any) -> Mapping[str, Any]:
    if payload is None:
        return {}
    if not isinstance(payload, Mapping):
        raise invalid_payload('"value" must be of type object')
    return payload


def _concurrently(arguments: Arguments) -> bool:
    return bool(arguments.get("concurrently") or arguments.get("concurrentIndexCreation"))
