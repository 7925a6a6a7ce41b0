"""Golden files of requests that write: for each form of a body the mutation that it becomes.

After a change that is meant: `CAUSEWAY_GOLDEN=write .venv/bin/pytest tests/golden/test_rest_writes.py`, and
read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from graphql import print_ast

from tests.support.blog import blog_snapshot
from tests.support.writing import Writing

HERE = Path(__file__).parent / "rest_writes"
NESTED = {
    "title": "A",
    "author": {"name": "B"},
    "tags": {"create": [{"tags_id": {"name": "new"}}], "delete": [2]},
    "blocks": [{"collection": "texts", "item": {"body": "T"}}],
}

#: method, target, body, headers
REQUESTS: dict[str, tuple[str, str, Any, dict[str, str]]] = {
    "create": ("POST", "/items/articles?fields=id,author.name,tags.tags_id.name", NESTED, {}),
    "create-many": ("POST", "/items/articles?fields=id&sort=-id&limit=1", [{"title": "A"}, {}], {}),
    "create-or-update": ("POST", "/items/articles?fields=id&on_conflict=title", {"title": "A"}, {}),
    "put": ("PUT", "/items/articles/7?fields=title", {"title": "A"}, {}),
    "update": ("PATCH", "/items/articles/7?fields=*", {"title": "A"}, {"if-match": '"v1"'}),
    "update-keys": ("PATCH", "/items/articles?fields=id,tags&deep[tags][_limit]=1",
                    {"keys": [3, "1"], "data": {"status": "draft"}}, {}),
    "update-query": ("PATCH", "/items/articles?fields=id",
                     {"query": {"filter": {"views": {"_gt": 5}}, "sort": ["-id"], "limit": 2},
                      "data": {"views": 0}},
                     {"prefer": "max-affected=2"}),
    "update-batch": ("PATCH", "/items/articles?fields=id,title", [{"id": 1, "title": "A"}, {"id": 2}], {}),
    "update-composite": ("PATCH", "/items/lines/1,2?fields=label", {"label": "x"}, {}),
    "delete": ("DELETE", "/items/articles/7", None, {}),
    "delete-keys": ("DELETE", "/items/articles", [1, "2"], {}),
    "delete-query": ("DELETE", "/items/articles", {"query": {"search": "x"}}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
async def test_golden(name: str) -> None:
    found = await _observed(*REQUESTS[name])
    path = HERE / f"{name}.json"
    if os.environ.get("CAUSEWAY_GOLDEN") == "write":
        path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    assert found == json.loads(path.read_text())


def test_every_file_is_asked_for() -> None:
    assert {path.stem for path in HERE.glob("*.json")} == set(REQUESTS)


async def _observed(method: str, target: str, body: Any, headers: dict[str, str]) -> dict[str, Any]:
    writing = Writing(blog_snapshot("sqlite"))
    response = await writing.send(method, target, body, headers=headers)
    (operation,) = writing.engine.operations
    return {
        "request": f"{method} {target}",
        "headers": headers,
        "body": body,
        "operation": print_ast(operation.document).splitlines(),
        "variables": json.loads(json.dumps(operation.variables)),
        "status": response.status,
    }
