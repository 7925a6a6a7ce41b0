"""What an operator does to users and roles: by mail and name, through the engine, with full rights.

    people = People(database, engine.execute, sessions, epochs)
    await people.create_user(NewUser(email="a@b.c", password="...", role="Editor")) -> id
    await people.set_status("a@b.c", "suspended")                                   -> True: it was not before

Everything goes the way that requests go, so that what guards requests guards this too (the last
administrator, rules of passwords, logins that end, history). Running servers notice at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from resolvers.behaviors.inner import Execute
from resolvers.context import SYSTEM, RequestContext
from resolvers.operation import internal_operation
from resolvers.people import LEAST_PASSWORD, id_of, normalised
from resolvers.permissions import UNRESTRICTED
from resolvers.secrets import random_text
from resolvers.sessions import Sessions
from resolvers.sql.access import Identity, identity_by_email
from resolvers.sql.why import policy_names, role_names
from schema_gen.database import Database
from schema_gen.epoch import Epochs
from schema_gen.errors import invalid_payload, record_not_unique

Status = Literal["active", "suspended"]

_CREATE_USER: Final = "mutation ($p: JSON!) { data: create_users_item(payload: $p) { id } }"
_UPDATE_USER: Final = (
    "mutation ($id: JSON!, $p: JSON!) { data: update_users_item(id: $id, payload: $p) { id } }"
)
_CREATE_ROLE: Final = "mutation ($p: JSON!) { data: create_roles_item(payload: $p) { id } }"
_NO_FACTOR: Final = "mutation ($user: ID!) { data: users_tfa_disable(user: $user) }"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """`role`: its name or id; None: no role. `token`: a static token."""

    email: str
    password: str
    role: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    token: str | None = None


class People:
    """`execute`: the engine's door. Raises what a request would be refused with."""

    def __init__(self, database: Database, execute: Execute, sessions: Sessions, epochs: Epochs) -> None:
        self._database = database
        self._execute = execute
        self._sessions = sessions
        self._epochs = epochs

    # --- users ----------------------------------------------------------------------------------------------

    async def create_user(self, new: NewUser) -> str:
        """The id of the new, active user."""
        email = normalised(new.email)
        if await identity_by_email(self._database, email) is not None:
            raise record_not_unique("directus_users", "email", email)
        payload = {
            "email": email,
            "password": _long_enough(new.password),
            "status": "active",
            "role": None if new.role is None else id_of("role", new.role, await role_names(self._database)),
            "first_name": new.first_name,
            "last_name": new.last_name,
            "token": new.token,
        }
        given = {name: value for name, value in payload.items() if value is not None}
        made = await self._run(_CREATE_USER, {"p": given})
        return str(made["id"])

    async def set_password(self, email: str, password: str) -> None:
        """Ends every login of the user."""
        await self._change(await self._user(email), {"password": _long_enough(password)})

    async def set_status(self, email: str, status: Status) -> bool:
        """False: that is what it was. Ends every login of the user."""
        identity = await self._user(email)
        if identity.user.status == status:
            return False
        await self._change(identity, {"status": status})
        return True

    async def give_token(self, email: str) -> str:
        """A new static token, in the place of one that there may be."""
        token = random_text()
        await self._change(await self._user(email), {"token": token})
        return token

    async def take_token(self, email: str) -> None:
        await self._change(await self._user(email), {"token": None})

    async def reset_second_factor(self, email: str) -> bool:
        """False: there was none. Ends every login of the user, who may have lost more than the app."""
        identity = await self._user(email)
        if identity.user.tfa_secret is None:
            return False
        await self._run(_NO_FACTOR, {"user": identity.user.id})
        async with self._database.transaction() as transaction:
            await self._sessions.revoke_user(transaction, identity.user.id)
        await self._epochs.bump_access()
        return True

    async def _user(self, email: str) -> Identity:
        identity = await identity_by_email(self._database, email.strip())
        if identity is None:
            raise invalid_payload(f'There is no user "{email}"')
        return identity

    async def _change(self, identity: Identity, values: Mapping[str, Any]) -> None:
        await self._run(_UPDATE_USER, {"id": identity.user.id, "p": dict(values)})

    # --- roles ----------------------------------------------------------------------------------------------

    async def create_role(
        self, name: str, *, parent: str | None = None, policies: Sequence[str] = ()
    ) -> tuple[str, bool]:
        """The id of the role of that name, and whether it is new."""
        roles = await role_names(self._database)
        if name in roles.values():
            return id_of("role", name, roles), False
        known = await policy_names(self._database)
        payload: dict[str, Any] = {"name": name}
        if parent is not None:
            payload["parent"] = id_of("role", parent, roles)
        if policies:
            payload["policies"] = [{"policy": id_of("policy", one, known)} for one in policies]
        made = await self._run(_CREATE_ROLE, {"p": payload})
        return str(made["id"]), True

    async def _run(self, text: str, variables: Mapping[str, Any]) -> Any:
        context = RequestContext(actor=SYSTEM, rules=UNRESTRICTED, now=datetime.now(UTC))
        (root,) = (await self._execute(internal_operation(text, "system", variables), context)).roots
        if root.error is not None:
            raise root.error
        return json.loads(root.data or b"null")


def _long_enough(password: str) -> str:
    if len(password) < LEAST_PASSWORD:
        raise invalid_payload(f'"password" needs at least {LEAST_PASSWORD} characters')
    return password
