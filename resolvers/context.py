"""Who asks: the actor of a request, and what of the request the data stages may see.

`Actor` is made by the gateway from credentials; `RequestContext` carries it, with the rules that hold for it,
through every stage. The unrestricted actor is the value `SYSTEM`, never the absence of one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from resolvers.permissions import AccessRules
from schema_gen.database import Transaction

#: asked in the transaction of a mutation, before it writes; raises what it is refused for
Precondition = Callable[[Transaction], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """`roles`: the role and its ancestors, nearest first; `policies`: ids of every policy that applies (also
    by IP).
    """

    kind: Literal["system", "public", "user", "share"]
    user: str | None = None
    role: str | None = None
    roles: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    admin: bool = False
    app: bool = False
    #: the login that the credentials came from (`resolvers.sessions.login_of`); None for static tokens
    login: str | None = None
    #: at every address; False: some policy of his names addresses
    everywhere: bool = True


SYSTEM: Final = Actor(kind="system", admin=True, app=True)
PUBLIC: Final = Actor(kind="public")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What a call may see of the HTTP exchange (`headers`, lower-case names) and add to the reply."""

    headers: Mapping[str, str]
    reply: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """A request that may come again: the first answer under `key` is given to every repetition. `fingerprint`
    tells a repetition from another request that uses the same key.
    """

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """`now`: the moment of the request, with time zone; every `$NOW` of one request is the same.

    `facts`: columns that the server itself knows of the items that the operation's root writes, one mapping
    for each item in their order. They are put over what was sent, after the rules were asked about that, and
    count as given. Items inside of those have none.
    """

    actor: Actor
    rules: AccessRules
    now: datetime
    ip: str | None = None
    user_agent: str | None = None
    origin: str | None = None
    request_id: str = ""
    #: made by the doors through which calls are reached that set cookies
    exchange: Exchange | None = None
    idempotency: Idempotency | None = None
    precondition: Precondition | None = None
    facts: tuple[Mapping[str, Any], ...] = ()
