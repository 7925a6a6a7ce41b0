"""A second factor for a login: one-time codes of an app (RFC 6238), set up and taken away by their owner.

    await second.generate("my password", context)         -> {"secret": "JBSW...", "otpauth_url": "otpauth://..."}
    await second.enable("JBSW...", "123456", context)     the code proves that the app has the secret
    await second.disable("654321", context)

A secret counts from `enable` on; until then nobody but the caller knows it, and nothing is stored; from then
on nobody is told it. Each code counts once, those that set up and take away too. Who has to have a second
factor (`enforce_tfa` of a policy) may take it away as well, to set up another: until then nothing else may be
done (`resolvers.permissions.without_second_factor`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pyotp

from resolvers.behaviors.proof import Proof
from resolvers.context import RequestContext
from resolvers.sql.access import Identity, as_uuid, identity_by_id
from resolvers.used_codes import is_secret
from schema_gen.database import Database
from schema_gen.epoch import Epochs
from schema_gen.errors import forbidden, invalid_credentials, invalid_payload
from schema_gen.model import SchemaSnapshot

_ENABLE: Final = "update directus_users set tfa_secret = $2 where id = $1 and coalesce(tfa_secret, '') = ''"
_DISABLE: Final = "update directus_users set tfa_secret = $2 where id = $1"
_PROJECT: Final = "select project_name from directus_settings limit 1"
_THERE: Final = "TFA is already enabled"
_WRONG: Final = '"otp" is invalid'
#: characters of a secret, as many as the column holds
_LONGEST: Final = 255


class SecondFactor:
    """One for each project. Every change is seen by the next request."""

    def __init__(
        self, database: Database, proof: Proof, epochs: Epochs, snapshot: Callable[[], SchemaSnapshot]
    ) -> None:
        self._database = database
        self._proof = proof
        self._epochs = epochs
        self._snapshot = snapshot

    async def generate(self, password: str, context: RequestContext) -> dict[str, Any]:
        """A new secret for an app. Raises INVALID_CREDENTIALS for a wrong password."""
        identity = await self._caller(context)
        await self._proof.password(identity, password)
        if identity.user.tfa_secret:
            raise invalid_payload(_THERE)
        secret = pyotp.random_base32()
        named = identity.user.email or identity.user.id
        url = pyotp.TOTP(secret).provisioning_uri(name=named, issuer_name=await self._project())
        return {"secret": secret, "otpauth_url": url}

    async def enable(self, secret: str, otp: str, context: RequestContext) -> None:
        """Raises INVALID_PAYLOAD where there is a secret already, or the code is not one of this secret;
        REQUESTS_EXCEEDED.
        """
        identity = await self._caller(context)
        if identity.user.tfa_secret:
            raise invalid_payload(_THERE)
        if not is_secret(secret) or len(secret) > _LONGEST:
            raise invalid_payload('"secret" is invalid')
        if not await self._proof.code(identity.user, secret, otp, context.now):
            raise invalid_payload(_WRONG)
        if not await self._store(_ENABLE, identity.user.id, secret):
            # another request was faster
            raise invalid_payload(_THERE)

    async def disable(self, otp: str, context: RequestContext) -> None:
        """Raises INVALID_PAYLOAD for a wrong code, REQUESTS_EXCEEDED."""
        identity = await self._caller(context)
        secret = identity.user.tfa_secret
        if not secret or not await self._proof.code(identity.user, secret, otp, context.now):
            raise invalid_payload(_WRONG)
        await self._store(_DISABLE, identity.user.id, None)

    async def disable_of(self, user: str, context: RequestContext) -> None:
        """Of somebody who has lost the app; administrators only."""
        if not context.actor.admin:
            raise forbidden()
        key = as_uuid(user)
        if key is None or await identity_by_id(self._database, key) is None:
            raise forbidden()
        await self._store(_DISABLE, key, None)

    async def _caller(self, context: RequestContext) -> Identity:
        user = context.actor.user
        identity = None if user is None else await identity_by_id(self._database, user)
        if identity is None:
            raise invalid_credentials()
        return identity

    async def _store(self, statement: str, user: str, secret: str | None) -> bool:
        async with self._database.transaction() as transaction:
            changed = await transaction.execute(self._database.native(statement), (user, secret))
        await self._epochs.bump_access()
        return changed > 0

    async def _project(self) -> str:
        table = self._snapshot().collections.get("directus_settings")
        if table is None or "project_name" not in table.fields:
            return "Causeway"
        rows = await self._database.fetch(_PROJECT)
        return str(rows[0][0]) if rows and rows[0][0] else "Causeway"
