"""Users as those who get mails: looked up by what a stranger typed, written to at what is stored.

    await addressees.by_email("ADA@example.com")         -> Addressee(email="ada@example.com", ...)
    await addressees.by_id("6f0e...", transaction)       the row is held until the transaction ends

Addresses are the same where they differ in case only. Nothing else is folded: letters that look alike, or
that a database would take for one another, are other addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from resolvers.sql.access import plain_text
from schema_gen.database import Database, Transaction
from schema_gen.model import SchemaSnapshot

_SELECT: Final = """
select cast(id as text), email, password, status, provider, first_name, last_name, cast(role as text)
from directus_users where {place} = $1"""
_BY_EMAIL: Final = _SELECT.format(place="lower(email)")
_BY_ID: Final = _SELECT.format(place="id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """`email`: as it is stored. `password`: the stored hash, which never leaves the server."""

    id: str
    email: str
    password: str | None
    status: str
    provider: str
    name: str
    role: str | None

    @property
    def local(self) -> bool:
        """Whether there is a password to log in with, not another provider that vouches for the user."""
        return self.provider == "default"


#: where nobody is found the work is done for nobody
NOBODY: Final = Addressee(
    id="00000000-0000-0000-0000-000000000000",
    email="nobody@example.com",
    password=None,
    status="",
    provider="",
    name="",
    role=None,
)


class Addressees:
    """One for each project. Where the database has no system tables, there is nobody."""

    def __init__(self, database: Database, snapshot: Callable[[], SchemaSnapshot]) -> None:
        self._database = database
        self._snapshot = snapshot

    async def by_email(self, email: str) -> Addressee | None:
        """None too where several users differ in case only: a mail could reach the wrong one."""
        found = await self.all_by_email(email)
        return found[0] if len(found) == 1 else None

    async def all_by_email(self, email: str) -> Sequence[Addressee]:
        """More than one where older rows differ in case only."""
        wanted = email.lower()
        if not plain_text(wanted) or not self._installed:
            return ()
        rows = await self._database.fetch(self._database.native(_BY_EMAIL), (wanted,))
        # the database has its own idea of lower case, and perhaps of equal letters
        return [one for one in map(_addressee, rows) if one is not None and one.email.lower() == wanted]

    async def by_id(self, user: str, within: Transaction | None = None) -> Addressee | None:
        """`user`: in the form of `as_uuid`. `within` a transaction the row stays as it is until that ends."""
        if not self._installed:
            return None
        sql = self._database.native(_BY_ID)
        if within is None:
            rows = await self._database.fetch(sql, (user,))
        else:
            lock = " for update" if self._database.dialect == "postgresql" else ""
            rows = await within.fetch(sql + lock, (user,))
        return _addressee(rows[0]) if rows else None

    @property
    def _installed(self) -> bool:
        return "directus_users" in self._snapshot().collections


def _addressee(row: Sequence[Any]) -> Addressee | None:
    """None for users without an address."""
    user, email, password, status, provider, first, last, role = row
    if not email:
        return None
    return Addressee(
        id=user,
        email=email,
        password=password,
        status=status,
        provider=provider,
        name=" ".join(part for part in (first, last) if part),
        role=role,
    )
