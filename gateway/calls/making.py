"""How a call of the system scope is written down: root, type and arguments, and what it does.

query("server_ping", "String", ping)
own(mutation("users_me_tfa_disable", "Boolean", disable, {"otp": "String!"}))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from resolvers.calls import CallRoot, CallType, Resolve
from resolvers.context import Exchange, RequestContext

Arguments = Mapping[str, Any]


def query(name: str, kind: str, resolve: Resolve, *types: CallType) -> CallRoot:
    return CallRoot(name=name, scope="system", kind="query", type=kind, resolve=resolve, types=types)


def own(call: CallRoot) -> CallRoot:
    """Only for callers with a user."""
    return replace(call, signed_in=True)


def setting_up(call: CallRoot) -> CallRoot:
    """Also for those who have to set up a second factor before anything else."""
    return replace(call, signed_in=True, setup=True)


def mutation(
    name: str, kind: str, resolve: Resolve, arguments: Mapping[str, str], *types: CallType
) -> CallRoot:
    return CallRoot(
        name=name,
        scope="system",
        kind="mutation",
        type=kind,
        resolve=resolve,
        arguments=arguments,
        types=types,
    )


def exchange(context: RequestContext) -> Exchange:
    """A door that sets no cookies gives none, and what would be set is dropped."""
    return context.exchange or Exchange(headers={})
