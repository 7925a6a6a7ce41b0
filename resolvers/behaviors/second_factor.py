"""A second factor for a login: one-time codes of an app (RFC 6238), set up and taken away by their owner.

    await second.generate("my password", context)         -> {"secret": "JBSW...", "otpauth_url": "otpauth://..."}
    await second.enable("JBSW...", "123456", context)     the code proves that the app has the secret
    await second.disable("654321", context)

A secret counts from `enable` on; until then nobody but the caller knows it, and nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pyotp

from resolvers.behaviors.proof import Proof, right_otp
from resolvers.context import RequestContext
from resolvers.sql.access import Identity, as_uuid, identity_by_id
from schema_gen.database import Database
from schema_gen.epoch import Epochs
from schema_gen.errors import forbidden, invalid_credentials, invalid_payload
from schema_gen.model import SchemaSnapshot

_STORE: Final = "update directus_users set tfa_secret = $2 where id = $1"
_PROJECT: Final = "select project_name from directus_settings limit 1"


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
            raise invalid_payload("TFA is already enabled")
        secret = pyotp.random_base32()
        named = identity.user.email or identity.user.id
        url = pyotp.TOTP(secret).provisioning_uri(name=named, issuer_name=await self._project())
        return {"secret": secret, "otpauth_url": url}

    async def enable(self, secret: str, otp: str, context: RequestContext) -> None:
        """Raises INVALID_PAYLOAD where there is a secret already, or the code is not one of this secret."""
        identity = await self._caller(context)
        if identity.user.tfa_secret:
            raise invalid_payload("TFA is already enabled")
        if not right_otp(secret, otp):
            raise invalid_payload('"otp" is invalid')
        await self._store(identity.user.id, secret)

    async def disable(self, otp: str, context: RequestContext) -> None:
        identity = await self._caller(context)
        if not identity.user.tfa_secret or not right_otp(identity.user.tfa_secret, otp):
            raise invalid_payload('"otp" is invalid')
        await self._store(identity.user.id, None)

    async def disable_of(self, user: str, context: RequestContext) -> None:
        """Of somebody who has lost the app; administrators only."""
        if not context.actor.admin:
            raise forbidden()
        key = as_uuid(user)
        if key is None or await identity_by_id(self._database, key) is None:
            raise forbidden()
        await self._store(key, None)

    async def _caller(self, context: RequestContext) -> Identity:
        user = context.actor.user
        identity = None if user is None else await identity_by_id(self._database, user)
        if identity is None:
            raise invalid_credentials()
        return identity

    async def _store(self, user: str, secret: str | None) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(self._database.native(_STORE), (user, secret))
        await self._epochs.bump_access()

    async def _project(self) -> str:
        table = self._snapshot().collections.get("directus_settings")
        if table is None or "project_name" not in table.fields:
            return "Causeway"
        rows = await self._database.fetch(_PROJECT)
        return str(rows[0][0]) if rows and rows[0][0] else "Causeway"
