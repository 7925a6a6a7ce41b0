"""`permissions_simulate`: whether somebody may do something, and why; for administrators."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.calls.making import Arguments, query
from resolvers.calls import CallRoot
from resolvers.context import RequestContext
from resolvers.why.asking import Why
from resolvers.why.facts import Question
from resolvers.why.named import action_of
from resolvers.why.telling import TYPES, as_json
from schema_gen.errors import forbidden


def simulation_calls(why: Why) -> tuple[CallRoot, ...]:
    async def simulate(arguments: Arguments, context: RequestContext) -> Any:
        if not context.actor.admin:
            raise forbidden()
        question = Question(
            action=action_of(arguments["action"]),
            collection=arguments["collection"],
            item=arguments.get("item"),
            field=arguments.get("field"),
            user=arguments.get("user"),
            role=arguments.get("role"),
            public=bool(arguments.get("public")),
            ip=arguments.get("ip"),
        )
        return as_json(await why.ask(question, context.now))

    asked = {
        "action": "String!",
        "collection": "String!",
        "item": "ID",
        "field": "String",
        "user": "String",
        "role": "String",
        "public": "Boolean",
        "ip": "String",
    }
    root = query("permissions_simulate", "permissions_simulation", simulate, *TYPES)
    return (replace(root, arguments=asked, admin_only=True),)
