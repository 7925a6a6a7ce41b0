"""A GET that comes again goes from its URL to the database, and gives the answer of that caller."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolvers.bundle import Bundle
from resolvers.context import RequestContext
from resolvers.permissions import NOTHING, UNRESTRICTED, AccessRules, Grant
from resolvers.repeats import Repeats
from rest_bridge import bridge as bridge_module
from rest_bridge import routes
from rest_bridge.bridge import Bridge
from rest_bridge.message import RestRequest
from tests.rest_bridge.test_bridge import ADMIN, USER
from tests.support.blog import NOW, Blog
from tests.support.rest import encoded, readable

OPEN = readable(articles=None, authors=None, tags=None, articles_tags=None)
NARROW = readable(articles="id,title")
DRAFTS: AccessRules = replace(
    NOTHING,
    grants={("read", "articles"): (Grant(fields=None, rule={"status": {"_eq": "draft"}}),)},
    fingerprint="drafts",
)


async def get(bridge: Bridge, url: str, rules: AccessRules = UNRESTRICTED) -> tuple[int, Any]:
    path, _, query = url.partition("?")
    actor = ADMIN if rules.admin else USER
    context = RequestContext(actor=actor, rules=rules, now=NOW)
    response = await bridge.handle(RestRequest(method="GET", path=path, query_string=encoded(query)), context)
    return response.status, (response.headers, response.body)


def cold(blog: Blog) -> Bridge:
    """A bridge that remembers nothing, over an engine that remembers nothing; there is one tag only."""
    snapshot = blog.engine.holder.current.snapshot
    tags = replace(snapshot.collections["tags"], singleton=True)
    blog.engine.holder.current = Bundle(replace(snapshot, collections={**snapshot.collections, "tags": tags}))
    return Bridge(blog.engine, blog.engine.holder)


def count_routes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths that are looked at: a repetition is not."""
    looked: list[str] = []

    def counted(path: str) -> Any:
        looked.append(path)
        return routes.match(path)

    monkeypatch.setattr(bridge_module, "match", counted)
    return looked


@pytest.mark.parametrize(
    ("first", "then", "straight"),
    [
        ("/items/articles?fields=id&limit=2", "/items/articles?fields=id&limit=2", True),
        ("/items/articles?meta=*&fields=id", "/items/articles?meta=*&fields=id", True),
        ("/items/articles/1?fields=id", "/items/articles/3?fields=id", True),
        ("/items/articles/1", "/items/articles/77", True),  # no such item
        ("/items/lines/1,1", "/items/lines/1%2C2", True),
        ("/items/articles/1", "/items/articles/$CURRENT_USER", False),
        ("/items/articles/1", "/items/articles", False),
        ("/items/articles", "/items/articles/1", False),
        ("/items/articles/1", "/items/articles/2/", False),
        ("/items/articles/1", "/items/authors/1", False),
        ("/items/articles?limit=1", "/items/articles?limit=2", False),
        ("/items/articles?access_token=a", "/items/articles?access_token=a", False),
        ("/items/articles?access%5Ftoken=a", "/items/articles?access%5Ftoken=a", False),
        ("/items/articles?export=csv", "/items/articles?export=csv", False),
        ("/items/articles?explain", "/items/articles?explain", False),
        ("/items/articles?version=v2", "/items/articles?version=v2", False),
        ("/items/tags", "/items/tags", True),
        ("/items/tags/1", "/items/tags/2", False),
        ("/users/me", "/users/me", False),
    ],
)
async def test_what_goes_straight_answers_the_same(
    blog: Blog, monkeypatch: pytest.MonkeyPatch, first: str, then: str, straight: bool
) -> None:
    expected = await get(cold(blog), then)
    bridge = cold(blog)
    looked = count_routes(monkeypatch)
    await get(bridge, first)
    looked.clear()
    assert await get(bridge, then) == expected
    assert looked == ([] if straight else [then.partition("?")[0]])


async def test_other_rules_are_another_place(blog: Blog) -> None:
    """The same URLs, by callers in turn: each gets what it gets alone."""
    callers = (UNRESTRICTED, OPEN, NARROW, DRAFTS, NOTHING)
    urls = ("/items/articles?sort=id", "/items/articles/1", "/items/articles/2?fields=*", "/items/tags")
    alone = {(url, n): await get(cold(blog), url, rules) for url in urls for n, rules in enumerate(callers)}
    assert len({alone["/items/articles?sort=id", n] for n in range(5)}) >= 4
    warm = cold(blog)
    for _ in range(3):
        for (url, n), expected in alone.items():
            assert await get(warm, url, callers[n]) == expected


async def test_changed_rules_hold_at_the_next_request(blog: Blog) -> None:
    bridge = cold(blog)
    assert (await get(bridge, "/items/articles/1", OPEN))[0] == 200
    assert (await get(bridge, "/items/articles/1", OPEN))[0] == 200
    assert (await get(bridge, "/items/articles/1", NOTHING))[0] == 403


async def test_a_changed_schema_is_met_at_the_next_request(blog: Blog) -> None:
    bridge = cold(blog)
    url = "/items/articles/1?fields=id,title"
    assert (await get(bridge, url))[0] == 200
    assert (await get(bridge, url))[0] == 200
    snapshot = blog.engine.holder.current.snapshot
    articles = snapshot.collections["articles"]
    fewer = replace(articles, fields={n: f for n, f in articles.fields.items() if n != "title"})
    # the version stays: it is the bundle that counts
    changed = replace(snapshot, collections={**snapshot.collections, "articles": fewer})
    blog.engine.holder.current = Bundle(changed)
    assert (await get(bridge, url))[0] == 403
    blog.engine.holder.current = Bundle(snapshot)
    assert (await get(bridge, url))[0] == 200


async def test_moments_are_those_of_the_request(blog: Blog) -> None:
    bridge = cold(blog)
    path, query = "/items/articles", encoded('filter={"published_at":{"_lte":"$NOW"}}&fields=id&sort=id')
    answers = []
    for year in (1971, 2200, 1971):
        context = RequestContext(actor=ADMIN, rules=UNRESTRICTED, now=NOW.replace(year=year))
        request = RestRequest(method="GET", path=path, query_string=query)
        answers.append((await bridge.handle(request, context)).body)
    assert answers[0] == answers[2] == b'{"data":[]}' != answers[1]


async def test_a_repetition_knows_what_the_client_has(blog: Blog) -> None:
    bridge = cold(blog)
    url = "/items/articles/1?fields=id,title"
    for _ in range(2):
        status, (headers, _body) = await get(bridge, url)
        tag = dict(headers)["etag"]
        assert status == 200
    path, _, query = url.partition("?")
    request = RestRequest(
        method="GET", path=path, query_string=encoded(query), headers={"if-none-match": tag}
    )
    context = RequestContext(actor=ADMIN, rules=UNRESTRICTED, now=NOW)
    assert (await bridge.handle(request, context)).status == 304


async def test_what_is_remembered_is_bounded(blog: Blog) -> None:
    bridge = cold(blog)
    bridge._repeats = Repeats(room=3 * 250)
    for limit in range(1, 9):
        await get(bridge, f"/items/articles?limit={limit}")
    assert len(bridge._repeats) == 3
    await get(bridge, "/items/articles?fields=" + ",".join(["id"] * 2000))
    assert len(bridge._repeats) == 3


KEYS = st.sampled_from(["1", "2", "3", "99", "x", "1,2", "%31", "1%2F2", "$NOW", "$CURRENT_USER", "", "-1"])
COLLECTIONS = st.sampled_from(["articles", "authors", "lines", "tags", "nothing"])
QUERIES = st.sampled_from(
    [
        "",
        "fields=id",
        "fields=*.*",
        "fields=id,title&limit=1",
        "filter[id][_gt]=1&sort=-id",
        "filter[id][_gt]=2&sort=-id",
        "filter[id][_gt]=x",
        "meta=*&limit=1",
        "aggregate[count]=*",
        "search=a",
        "export=json",
        "filter[status][_eq]=draft&fields=id&sort=id",
    ]
)
URLS = st.tuples(COLLECTIONS, st.one_of(st.none(), KEYS), QUERIES).map(
    lambda parts: f"/items/{parts[0]}{'' if parts[1] is None else '/' + parts[1]}?{parts[2]}"
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    asked=st.lists(
        st.tuples(URLS, st.sampled_from([UNRESTRICTED, OPEN, NARROW, DRAFTS])), min_size=2, max_size=8
    )
)
async def test_a_warm_bridge_answers_like_a_cold_one(
    blog: Blog, asked: list[tuple[str, AccessRules]]
) -> None:
    """Whatever was asked before, and by whom."""
    expected = [await get(cold(blog), url, rules) for url, rules in asked]
    warm = cold(blog)
    for _ in range(2):
        for (url, rules), answer in zip(asked, expected, strict=True):
            assert await get(warm, url, rules) == answer
