"""`utils_*`: what is done to data or to the server, beyond writing items."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from gateway.calls.making import Arguments, mutation, own
from resolvers.behaviors.hashes import Hashes
from resolvers.behaviors.revert import Revert
from resolvers.behaviors.sort import Sort
from resolvers.calls import CallRoot
from resolvers.context import RequestContext
from resolvers.secrets import LONGEST_RANDOM, random_text
from schema_gen.errors import forbidden, invalid_payload

Renew = Callable[[], Awaitable[None]]


def utility_calls(revert: Revert, sort: Sort, hashes: Hashes, renew: Renew) -> tuple[CallRoot, ...]:
    """`renew`: reads schema and rights anew, everywhere."""

    async def reverted(arguments: Arguments, context: RequestContext) -> bool:
        await revert.revert(arguments["revision"], context)
        return True

    async def sorted_(arguments: Arguments, context: RequestContext) -> bool:
        await sort.move(arguments["collection"], arguments["item"], arguments["to"], context)
        return True

    async def cleared(arguments: Arguments, context: RequestContext) -> None:
        if not context.actor.admin:
            raise forbidden()
        await renew()

    async def random_string(arguments: Arguments, context: RequestContext) -> str:
        length = arguments.get("length")
        if length is None:
            return random_text()
        if not 1 <= length <= LONGEST_RANDOM:
            raise invalid_payload(f'"length" must be between 1 and {LONGEST_RANDOM}')
        return random_text(length)

    async def generated(arguments: Arguments, context: RequestContext) -> str:
        return await hashes.generate(arguments["string"], context)

    async def verified(arguments: Arguments, context: RequestContext) -> bool:
        return await hashes.verify(arguments["string"], arguments["hash"], context)

    compared = {"string": "String!", "hash": "String!"}
    move = {"collection": "String!", "item": "ID!", "to": "ID!"}
    return (
        mutation("utils_revert", "Boolean", reverted, {"revision": "ID!"}),
        mutation("utils_sort", "Boolean", sorted_, move),
        mutation("utils_random_string", "String", random_string, {"length": "Int"}),
        own(mutation("utils_hash_generate", "String", generated, {"string": "String!"})),
        own(mutation("utils_hash_verify", "Boolean", verified, compared)),
        mutation("utils_cache_clear", "Void", cleared, {}),
    )
