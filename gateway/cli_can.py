"""`causeway can`: whether somebody may do something, and why.

    $ causeway can ada@example.com update articles --item 3 --field title
    no: the item meets no rule that names the field
    caller: user ada@example.com, active, role writer
    policies
      "Writers" through the role writer
    ...

Exit codes: 0 yes, also where it is some items only; 1 no; 2 there is nothing of that name.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import Any

from gateway.assembly import open_project
from gateway.cli_inspect import signing_nothing
from gateway.commands import add
from gateway.config import Settings
from gateway.terminal import Terminal
from resolvers.people import require_system_tables
from resolvers.why.asking import Why
from resolvers.why.facts import Question
from resolvers.why.named import ACTIONS, action_of
from resolvers.why.telling import as_json, lines
from schema_gen.errors import CausewayError, ConfigurationError

_ROLE = "role:"


def add_parser(commands: Any) -> None:
    can = add(
        commands, "can", can_command, "Tell whether somebody may do something, and why. Exit code 1: no."
    )
    can.add_argument("user", help="mail or id of a user; public; role:NAME for anybody with the role")
    can.add_argument("action", help=", ".join(ACTIONS))
    can.add_argument("collection", help="name of the collection")
    can.add_argument("--item", metavar="KEY", help="key of one item")
    can.add_argument("--field", help="one field of the items")
    can.add_argument("--ip", metavar="ADDRESS", help="address that the request comes from")
    can.add_argument("--json", action="store_true", help="everything, for programs")


async def can_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    try:
        question = question_of(arguments)
        async with open_project(signing_nothing(settings)) as project:
            await require_system_tables(project.database)
            why = Why(project.database, project.holder, project.actors, project.engine.dialect)
            answer = await why.ask(question, datetime.now(UTC))
    except CausewayError as error:
        if error.code != "INVALID_PAYLOAD":
            raise
        raise ConfigurationError(error.extensions.get("reason", error.message)) from error
    if arguments.json:
        terminal.say(json.dumps(as_json(answer), indent=2, ensure_ascii=False))
    else:
        for line in lines(answer):
            terminal.say(line)
    return 0 if answer.allowed else 1


def question_of(arguments: argparse.Namespace) -> Question:
    who: str = arguments.user
    public, role = who.lower() == "public", who.startswith(_ROLE)
    return Question(
        action=action_of(arguments.action),
        collection=arguments.collection,
        item=arguments.item,
        field=arguments.field,
        user=None if public or role else who,
        role=who.removeprefix(_ROLE) if role else None,
        public=public,
        ip=arguments.ip,
    )
