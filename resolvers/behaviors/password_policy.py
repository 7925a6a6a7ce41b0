"""Which passwords are good enough: the rule of the settings, wherever a password is set.

    await check_password(transaction, snapshot, "short")     raises FAILED_VALIDATION of "password"

`auth_password_policy` is a pattern, `/^.{8,}$/`. It is matched as patterns of rules are, within a bound of
time; one that is broken lets no password through. Whatever the rule is, a password is not empty, and not
longer than anybody types.
"""

from __future__ import annotations

from typing import Final

from resolvers.writing.patterns import matches
from schema_gen.database import Database, Transaction
from schema_gen.errors import failed_validation, invalid_payload
from schema_gen.model import SchemaSnapshot

#: characters; a hash takes any number, but all of them are kept in memory meanwhile
LONGEST: Final = 4096
_POLICY: Final = "select auth_password_policy from directus_settings limit 1"


async def check_password(place: Database | Transaction, snapshot: SchemaSnapshot, password: str) -> None:
    """`place`: where the settings are read. Raises FAILED_VALIDATION, or INVALID_PAYLOAD for a novel."""
    if len(password) > LONGEST:
        raise invalid_payload(f'"password" must not be longer than {LONGEST} characters')
    if not password:
        raise failed_validation("password", "nempty")
    pattern = await _pattern(place, snapshot)
    if pattern and not matches(pattern, password):
        raise failed_validation("password", "regex")


async def _pattern(place: Database | Transaction, snapshot: SchemaSnapshot) -> str | None:
    table = snapshot.collections.get("directus_settings")
    if table is None or "auth_password_policy" not in table.fields:
        return None
    rows = await place.fetch(_POLICY)
    return rows[0][0] if rows else None
