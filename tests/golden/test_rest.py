"""Golden files of the bridge: for each feature the request, the operation it becomes, and the reply.

After a change that is meant: `CAUSEWAY_GOLDEN=write .venv/bin/pytest tests/golden/test_rest.py`, and read the
difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from graphql import print_ast

from resolvers.context import Actor, RequestContext
from resolvers.permissions import UNRESTRICTED
from rest_bridge.bridge import Bridge
from rest_bridge.message import RestRequest
from rest_bridge.routes import match
from rest_bridge.writer import Verb
from tests.support.blog import NOW, Blog, open_blog
from tests.support.lending import Lend
from tests.support.rest import encoded, template

HERE = Path(__file__).parent / "rest"

REQUESTS = {
    "fields": "/items/articles?fields=id,title,author.name,tags.tags_id.name&sort=id",
    "wildcard": "/items/authors?fields=*",
    "wildcards": "/items/authors?fields=*.*&limit=1",
    "keys": "/items/articles?fields=author,tags,blocks&sort=id",
    "bare-keys": "/items/articles?fields=title.nope",
    "many-to-any": "/items/articles/1?fields=blocks.collection,blocks.item:texts.body",
    "functions": "/items/articles?fields=id,year(published_at),count(tags),json(meta, a[0])&sort=id",
    "alias": "/items/articles?alias[heading]=title&alias[who]=author&fields=heading,who.name,id&limit=1",
    "deep": "/items/authors?fields=name,articles.id&deep[articles][_filter][views][_gt]=5"
    "&deep[articles][_sort]=-id",
    "deep-aggregate": "/items/authors?fields=name,articles&deep[articles][_aggregate][sum]=views"
    "&deep[articles][_group]=status",
    "filter": "/items/articles?fields=id"
    '&filter={"_or":[{"status":"draft"},{"tags":{"tags_id":{"name":"red"}}}]}',
    "search": "/items/authors?search=ada&fields=id",
    "page": "/items/tags?sort=-name&limit=1&page=2&meta=*",
    "aggregate": "/items/articles?aggregate[count]=*&aggregate[avg]=views&groupBy=status&sort=-count",
    "one": "/items/articles/2?fields=id,status",
    "composite-key": "/items/lines/1,2",
}


@pytest.fixture
async def blog(lend: Lend) -> Blog:
    blog = await lend.of_empty(open_blog)
    blog.texts.clear()
    return blog


@pytest.mark.parametrize("name", REQUESTS)
async def test_golden(name: str, blog: Blog) -> None:
    found = await _observed(REQUESTS[name], blog)
    path = HERE / f"{name}.json"
    if os.environ.get("CAUSEWAY_GOLDEN") == "write":
        path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    assert found == json.loads(path.read_text())


def test_every_file_is_asked_for() -> None:
    assert {path.stem for path in HERE.glob("*.json")} == set(REQUESTS)


async def _observed(target: str, blog: Blog) -> dict[str, Any]:
    place, _, query = target.partition("?")
    route = match(place)
    verb: Verb = route.verb or "list"
    made, values = template(blog.snapshot, query, collection=route.collection, verb=verb)
    context = RequestContext(
        actor=Actor(kind="user", user="1", admin=True, app=True), rules=UNRESTRICTED, now=NOW
    )
    request = RestRequest(method="GET", path=place, query_string=encoded(query))
    response = await Bridge(blog.engine, blog.engine.holder).handle(request, context)
    return {
        "request": f"GET {target}",
        "operation": print_ast(made.document).splitlines(),
        "variables": dict(made.operation(values, route.key).variables),
        "status": response.status,
        "reply": json.loads(response.body),
    }
