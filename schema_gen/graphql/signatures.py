"""Roots that are no generated reads, as data: what they are called, take and give (`resolvers.calls` adds
what they do).

    CallSignature(name="auth_login", scope="system", kind="mutation",
                  arguments={"email": "String!", "password": "String!", "mode": "auth_mode"},
                  type="auth_tokens",
                  types=(CallObject(name="auth_tokens", fields={"access_token": "String"}),
                         CallEnum(name="auth_mode", values=("json", "cookie", "session"))))

Types are written as GraphQL writes them and may name generated types (`directus_users`): a root whose type
the caller may not see is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from schema_gen.naming import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class CallObject:
    """An object type that calls answer with: field name -> GraphQL type. `row_of`: of its fields there are
    those that the caller may read of this collection.
    """

    name: str
    fields: Mapping[str, str]
    row_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnum:
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInput:
    """An input object that calls take: field name -> GraphQL type."""

    name: str
    fields: Mapping[str, str]


CallType = CallObject | CallEnum | CallInput


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSignature:
    """`arguments`: name -> GraphQL type; `type`: the GraphQL type of the answer, whose own definitions are in
    `types`.

    Seen by everybody, by callers with a user (`signed_in`; those who have yet to set up a second factor that
    is asked of them see only what `setup` says as well), by those who may read the collection `reads`, or by
    admins only. `internal`: part of the internal schema alone, for the REST bridge; no document from
    outside can name it.
    """

    name: str
    scope: Scope
    kind: Literal["query", "mutation"]
    type: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    types: tuple[CallType, ...] = ()
    description: str = ""
    admin_only: bool = False
    signed_in: bool = False
    setup: bool = False
    reads: str | None = None
    internal: bool = False
