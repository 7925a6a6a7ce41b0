"""`utils_hash_generate`, `utils_hash_verify`: hashes for fields of the type `hash`, made and compared on
demand.

A hash costs as much as a login, so only who has a user may ask, as often as the throttle lets it, and texts
have a bound. The cost of a hash that is sent stands in the hash itself: one that would cost more than those
that are made here is refused unread.
"""

from __future__ import annotations

from typing import Final

from resolvers.context import RequestContext
from resolvers.secrets import Hasher
from resolvers.throttle import Throttle
from schema_gen.errors import forbidden, invalid_payload

#: characters
LONGEST: Final = 4096


class Hashes:
    def __init__(self, hasher: Hasher, throttle: Throttle) -> None:
        self._hasher = hasher
        self._throttle = throttle

    async def generate(self, text: str, context: RequestContext) -> str:
        """Raises FORBIDDEN for the public, REQUESTS_EXCEEDED, INVALID_PAYLOAD."""
        await self._admitted(text, context)
        return await self._hasher.hash(text)

    async def verify(self, text: str, stored: str, context: RequestContext) -> bool:
        """False too for what is no hash."""
        await self._admitted(text, context)
        bearable = self._hasher.bearable(stored)
        if bearable is None:
            return False
        if not bearable:
            raise invalid_payload('"hash" would cost more than is spent here')
        return await self._hasher.verify(stored, text)

    async def _admitted(self, text: str, context: RequestContext) -> None:
        user = context.actor.user
        if user is None:
            raise forbidden()
        if not text:
            raise invalid_payload('"string" is not allowed to be empty')
        if len(text) > LONGEST:
            raise invalid_payload(f'"string" length must be less than or equal to {LONGEST} characters long')
        await self._throttle.take("hash", user)
