"""The example of the guide to permissions, asked for as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from tests.conftest import MakeDatabase
from tests.support.press import ADA, press
from tests.support.project import code

GUIDE: Final = Path(__file__).parents[2] / "docs" / "guide" / "permissions.md"
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
