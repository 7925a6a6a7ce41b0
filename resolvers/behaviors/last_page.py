"""Where somebody was last: `PATCH /users/me/track/page`. It needs no right, and has no history."""

from __future__ import annotations

from typing import Final

from resolvers.context import RequestContext
from schema_gen.database import Database
from schema_gen.errors import invalid_credentials, invalid_payload, value_too_long

_STORE: Final = "update directus_users set last_page = $2 where id = $1"
_LONGEST: Final = 255


class LastPage:
    """One for each project."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def track(self, page: str, context: RequestContext) -> None:
        """Raises INVALID_CREDENTIALS for who has no row, VALUE_TOO_LONG, INVALID_PAYLOAD."""
        user = context.actor.user
        if user is None:
            raise invalid_credentials()
        if len(page) > _LONGEST:
            raise value_too_long("directus_users", "last_page", page)
        if not page.isprintable():
            raise invalid_payload('"last_page" must be a path')
        async with self._database.transaction() as transaction:
            await transaction.execute(self._database.native(_STORE), (user, page))
