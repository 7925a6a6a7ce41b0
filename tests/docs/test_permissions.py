"""The example of the guide to permissions, asked for as it stands there."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway.cli import parser
from gateway.cli_can import question_of
from resolvers.why.asking import Why
from resolvers.why.telling import lines
from tests.conftest import MakeDatabase
from tests.support.press import ADA, press
from tests.support.project import ADMIN_TOKEN, code, data

GUIDE: Final = Path(__file__).parents[2] / "docs" / "guide" / "permissions.md"
_CAN: Final = re.compile(r"^```\n\$ causeway (can .+)\n((?:.+\n)+?)```", re.MULTILINE)
_SIMULATE: Final = re.compile(r"^```\nPOST (/permissions/simulate)\n(.+)\n```", re.MULTILINE)
_ROW: Final = re.compile(r"^\| `([A-Z]+) (\S+)` \| (?:`(.+)` )?\| (\d+)(?: `(\w+)`)?", re.MULTILINE)


async def test_the_example(make_database: MakeDatabase) -> None:
    rows = _ROW.findall(GUIDE.read_text(encoding="utf-8"))
    assert len(rows) == 12
    async with press(make_database) as site:
        for method, target, body, status, told in rows:
            answer = await site.ask(method, target, json.loads(body) if body else None, token=ADA)
            assert answer.status == int(status), (method, target, body, answer.body)
            if told:
                assert code(answer) == told, (method, target, body)


async def test_why_may_she(make_database: MakeDatabase) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    ((command, told),) = _CAN.findall(text)
    ((target, body),) = _SIMULATE.findall(text)
    async with press(make_database) as site:
        project = site.project
        why = Why(project.database, project.holder, project.actors, project.engine.dialect)
        question = question_of(parser().parse_args(shlex.split(command)))
        assert lines(await why.ask(question, datetime.now(UTC))) == told.splitlines()
        answer = data(await site.ask("POST", target, json.loads(body), token=ADMIN_TOKEN))
        assert (answer["answer"], answer["permissions"][0]["met"]) == ("yes", True)
