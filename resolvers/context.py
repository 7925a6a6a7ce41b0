"""Who asks: the actor of a request, and what of the request the data stages may see.

`Actor` is made by the gateway from credentials; `RequestContext` carries it, with the rules that hold for it,
through every stage. The unrestricted actor is the value `SYSTEM`, never the absence of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from resolvers.permissions import AccessRules


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
    #: token of the session row that the credentials name; None for static tokens and plain access tokens
    session: str | None = None


SYSTEM: Final = Actor(kind="system", admin=True, app=True)
PUBLIC: Final = Actor(kind="public")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """`now`: the moment of the request, with time zone; every `$NOW` of one request is the same."""

    actor: Actor
    rules: AccessRules
    now: datetime
    ip: str | None = None
    user_agent: str | None = None
    origin: str | None = None
    request_id: str = ""
