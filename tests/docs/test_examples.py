"""Every example of the query language page works on the demo site, and answers what the page says.

An `http` or `graphql` block is asked by an administrator; a `json` block after it is the whole answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import MakeDatabase
from tests.support.project import Site, running
from tests.support.seeds import TOKEN, seed_demo

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "query-language.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    language: str
    text: str
    answer: Any = None


def examples() -> list[Example]:
    found: list[Example] = []
    for language, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "json":
            asked = found.pop()
            found.append(Example(asked.language, asked.text, json.loads(text)))
        else:
            found.append(Example(language, text.strip()))
    return found


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(seed_demo)) as running_site:
        yield running_site


async def test_every_example(site: Site) -> None:
    for example in examples():
        if example.language == "http":
            method, _, target = example.text.partition(" ")
            assert method == "GET"
            answer = await site.ask(method, quote(target, safe="/?&=%"), token=TOKEN)
        else:
            assert example.language == "graphql", example
            payload = {"query": example.text, "variables": {"key": 7}}
            answer = await site.ask("POST", "/graphql", payload, token=TOKEN)
        if example.answer is not None:
            assert json.loads(answer.body) == example.answer, example.text
            continue
        assert answer.status == 200, (example.text, answer.body)
        if "export=csv" in example.text:
            assert answer.body.startswith(b'"id","status"\n')
            continue
        body = json.loads(answer.body)
        assert "errors" not in body, (example.text, body)
        # an example that finds nothing shows nothing
        assert body["data"], example.text


def test_the_page_has_examples() -> None:
    asked = examples()
    assert len([one for one in asked if one.language == "http"]) >= 20
    assert len([one for one in asked if one.language == "graphql"]) >= 5
    assert len([one for one in asked if one.answer is not None]) >= 5
