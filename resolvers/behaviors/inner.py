"""Operations that the server itself asks of the engine, as text: with history, rules and checks like any
other.

    await inner(execute, "mutation ($id: JSON!, ...) { data: update_users_item(...) }", "system", variables,
                context)
    as_server(context)   the same request without rules: for what a ticket in a mail allows
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from resolvers.context import SYSTEM, RequestContext
from resolvers.operation import Operation, Outcome, Scope, internal_operation
from resolvers.permissions import UNRESTRICTED

#: the engine's door
Execute = Callable[[Operation, RequestContext], Awaitable[Outcome]]


async def inner(
    execute: Execute, text: str, scope: Scope, variables: Mapping[str, Any], context: RequestContext
) -> bytes | None:
    """The JSON of the first root. Raises the refusal of any of them."""
    outcome = await execute(internal_operation(text, scope, variables), context)
    for root in outcome.roots:
        if root.error is not None:
            raise root.error
    return outcome.roots[0].data


def as_server(context: RequestContext) -> RequestContext:
    return replace(context, actor=SYSTEM, rules=UNRESTRICTED, idempotency=None)
