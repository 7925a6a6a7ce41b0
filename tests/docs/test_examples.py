"""Every example of the guides to reading works on the demo site, and answers what the page says.

An `http` or `graphql` block is asked by an administrator (the second line of an `http` block is a body); a
`json` block after it is the whole answer.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.lending import Lend
from tests.support.project import Site
from tests.support.seeds import TOKEN, seed_demo

GUIDES = Path(__file__).parents[2] / "docs" / "guide"
PAGES = ("query-language", "rest", "graphql", "structure")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    language: str
    text: str
    answer: Any = None


def examples(page: str) -> list[Example]:
    found: list[Example] = []
    for language, text in _BLOCK.findall((GUIDES / f"{page}.md").read_text(encoding="utf-8")):
        if language == "json":
            asked = found.pop()
            found.append(Example(asked.language, asked.text, json.loads(text)))
        else:
            found.append(Example(language, text.strip()))
    return found


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_demo)


@pytest.mark.parametrize("page", PAGES)
async def test_every_example(page: str, site: Site) -> None:
    for example in examples(page):
        if example.language == "http":
            line, _, body = example.text.partition("\n")
            method, _, target = line.partition(" ")
            assert method in (("SEARCH", "POST", "PATCH") if body else ("GET",))
            payload = body.encode() if body else None
            answer = await site.ask(method, quote(target, safe="/?&=%"), payload, token=TOKEN)
        else:
            assert example.language == "graphql", example
            asked = {"query": example.text, "variables": {"key": 7}}
            answer = await site.ask("POST", "/graphql", asked, token=TOKEN)
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


def test_the_pages_have_examples() -> None:
    asked = [one for page in PAGES for one in examples(page)]
    assert len([one for one in asked if one.language == "http"]) >= 30
    assert len([one for one in asked if one.language == "graphql"]) >= 5
    assert len([one for one in asked if one.answer is not None]) >= 12
