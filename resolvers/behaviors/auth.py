"""Logging in, staying in, leaving: what stands behind `/auth/*` and the `auth_*` mutations.

    Credentials -> Login.login   -> Issued(token, refresh_token)   session row, activity, last_access
    token       -> Login.refresh -> Issued(token, refresh_token)   rotation, reuse, grace
    token       -> Login.logout                                    the whole family of tokens ends

No HTTP and no cookies here: what is issued goes out as the door sees fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from resolvers.actors import Actors
from resolvers.behaviors.credentials import Credentials, Mode
from resolvers.behaviors.proof import Proof
from resolvers.context import RequestContext
from resolvers.sessions import SessionRow, Sessions, family_of
from resolvers.sql.access import Identity, identity_by_id
from resolvers.sql.moments import stored
from resolvers.throttle import Throttle
from schema_gen.database import Database, Transaction
from schema_gen.errors import invalid_credentials

#: payload, issued, expires -> signed token
Mint = Callable[[Mapping[str, Any], datetime, datetime], str]

_SEEN: Final = "update directus_users set last_access = $2 where id = $1"
_ADMITTED: Final = """
update directus_users set last_access = $2, password = $3
where id = $1 and password = $4 and status = 'active'"""
_ACTIVITY: Final = """
insert into directus_activity (action, "user", timestamp, ip, user_agent, collection, item, origin)
values ($1, $2, $3, $4, $5, 'directus_users', $6, $7)"""


class Bump(Protocol):
    async def bump_access(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """How long what is issued is good. `grace`: how long a refreshed token in a cookie still leads to its
    successor; in a payload it is refused, and ends its login only afterwards.
    """

    access_token: timedelta
    refresh_token: timedelta
    session: timedelta
    grace: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """`token`: the access token, in session mode the token of the session cookie. `expires_in`: its life."""

    mode: Mode
    token: str
    refresh_token: str
    expires_in: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rotation:
    """`token`: the one that is good from now on; None: refused. `revoked`: a login ended."""

    token: str | None = None
    identity: Identity | None = None
    revoked: bool = False


class Login:
    def __init__(
        self,
        database: Database,
        actors: Actors,
        sessions: Sessions,
        proof: Proof,
        throttle: Throttle,
        mint: Mint,
        epochs: Bump,
        lives: Lives,
    ) -> None:
        self._database = database
        self._actors = actors
        self._sessions = sessions
        self._proof = proof
        self._throttle = throttle
        self._mint = mint
        self._epochs = epochs
        self._lives = lives

    async def login(self, given: Credentials, mode: Mode, context: RequestContext) -> Issued:
        """Raises INVALID_CREDENTIALS, INVALID_OTP (a second factor is set up), REQUESTS_EXCEEDED,
        SERVICE_UNAVAILABLE.

        A try is used up before anybody is looked for: to no address does it make a difference whether there
        is such an account, and what comes at the same time counts. A password that was hashed at another cost
        than is wanted now is hashed anew: that is no change of the password, no login ends, and nothing is
        told of it.
        """
        if not self._actors.installed:
            raise invalid_credentials()
        tried = (given.email.casefold(), context.ip or "")
        await self._throttle.take("login", *tried)
        identity = await self._proof.identity(given, context)
        await self._throttle.clear("login", *tried)
        hashed = await self._proof.renewed(identity, given.password)
        token = await self._begin(identity, hashed, mode, context)
        if token is None:
            identity = await self._proof.again(identity, given.password)
            token = await self._begin(identity, None, mode, context)
        if token is None:
            raise invalid_credentials()
        return await self._issue(identity, token, mode, context)

    async def refresh(self, token: str, mode: Mode, context: RequestContext) -> Issued:
        """New tokens for one that is still good. Raises INVALID_CREDENTIALS.

        A token that was used up and comes again after the grace period has been copied: its whole login ends.
        """
        if not self._actors.installed:
            raise invalid_credentials()
        known = await self._sessions.find(token)
        async with self._database.transaction() as transaction:
            if known is not None and known.user is not None:
                await self._sessions.hold(transaction, known.user)
            rotation = await self._rotate(transaction, token, mode, context)
        if rotation.revoked:
            await self._epochs.bump_access()
        if rotation.token is None or rotation.identity is None:
            raise invalid_credentials()
        return await self._issue(rotation.identity, rotation.token, mode, context)

    async def logout(self, token: str, context: RequestContext) -> None:
        """Ends the login at once, its access tokens included. A token that is not known is not an error."""
        if not self._actors.installed:
            return
        async with self._database.transaction() as transaction:
            row = await self._sessions.find(token, transaction)
            ended = await self._sessions.revoke(transaction, token)
            if row is not None and row.user is not None:
                await self._record(transaction, "logout", row.user, context)
        if ended:
            await self._epochs.bump_access()

    # --- rows -----------------------------------------------------------------------------------------

    async def _begin(
        self, identity: Identity, hashed: str | None, mode: Mode, context: RequestContext
    ) -> str | None:
        """The token of a new login. None where the user is not what was found before: suspended, with another
        password, or with another hash of the same one.
        """
        user, now = identity.user, context.now
        values = (user.id, stored(self._database, now), hashed or user.password, user.password)
        async with self._database.transaction() as transaction:
            # holds the user until the transaction ends: see `Sessions.hold`
            if not await transaction.execute(self._database.native(_ADMITTED), values):
                return None
            await self._sessions.sweep(transaction, now)
            token = await self._sessions.start(transaction, user.id, now + self._life(mode), context)
            await self._record(transaction, "login", user.id, context)
        return token

    async def _rotate(
        self, transaction: Transaction, token: str, mode: Mode, context: RequestContext
    ) -> _Rotation:
        row = await self._sessions.find(token, transaction)
        if row is None:  # perhaps used up, and of a family that lives
            return _Rotation(revoked=await self._sessions.revoke(transaction, token))
        if row.user is None or row.bound:
            return _Rotation()
        identity = await identity_by_id(self._database, row.user, transaction)
        if row.expires <= context.now or identity is None or not identity.user.active:
            return _Rotation(revoked=await self._sessions.revoke(transaction, token))
        if row.next_token is None:
            return await self._renew(transaction, row, identity, mode, context)
        if mode == "json":
            # a program keeps its own token; only the tabs of a browser share one and may ask at once
            return _Rotation()
        successor = await self._sessions.successor(transaction, row)
        if successor is None or successor.expires <= context.now or successor.bound:
            return _Rotation()
        return _Rotation(token=successor.token, identity=identity)

    async def _renew(
        self,
        transaction: Transaction,
        row: SessionRow,
        identity: Identity,
        mode: Mode,
        context: RequestContext,
    ) -> _Rotation:
        now, user = context.now, identity.user.id
        await self._sessions.sweep(transaction, now)
        family = family_of(row.token)
        token = await self._sessions.start(transaction, user, now + self._life(mode), context, family=family)
        await self._sessions.supersede(transaction, row, token, now + self._lives.grace)
        await self._seen(transaction, user, now)
        return _Rotation(token=token, identity=identity)

    async def _seen(self, transaction: Transaction, user: str, now: datetime) -> None:
        await transaction.execute(self._database.native(_SEEN), (user, stored(self._database, now)))

    async def _record(
        self, transaction: Transaction, action: str, user: str, context: RequestContext
    ) -> None:
        origin = None if context.origin is None else context.origin[:255]
        moment = stored(self._database, context.now)
        values = (action, user, moment, context.ip, context.user_agent, user, origin)
        await transaction.execute(self._database.native(_ACTIVITY), values)

    # --- tokens ---------------------------------------------------------------------------------------

    def _life(self, mode: Mode) -> timedelta:
        return self._lives.session if mode == "session" else self._lives.refresh_token

    async def _issue(
        self, identity: Identity, refresh_token: str, mode: Mode, context: RequestContext
    ) -> Issued:
        """`role` and rights in the token are for clients to show; the server asks the database."""
        user = identity.user
        rules = (await self._actors.of_identity(identity, context.ip)).rules.given
        payload: dict[str, Any] = {
            "id": user.id,
            "role": user.role,
            "app_access": rules.app,
            "admin_access": rules.admin,
        }
        if rules.enforce_tfa and not user.tfa_secret:
            payload["enforce_tfa"] = True
        if mode == "session":
            payload["session"] = refresh_token
        else:
            payload["causeway"] = family_of(refresh_token)
        life = self._lives.session if mode == "session" else self._lives.access_token
        token = self._mint(payload, context.now, context.now + life)
        return Issued(mode=mode, token=token, refresh_token=refresh_token, expires_in=life)
