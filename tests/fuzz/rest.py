"""Random REST requests: paths, query strings and bodies from a grammar of the query language, then spoiled.

draw(requests(words)) -> Request(method="GET", target="/items/articles?filter%5Bid%5D...", ...)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from hypothesis import strategies as st

from tests.fuzz.words import (
    AGGREGATES,
    BOTH,
    FUNCTIONS,
    NONSENSE,
    OPERATORS,
    SYSTEM_PATHS,
    Words,
    nonsense,
    once_in,
    pick,
    some,
    texts,
    up_to,
    values,
)

Asked = dict[str, Any]

_FIXED: Final = (
    *("/users/me", "/roles/me", "/policies/me/globals", "/permissions/me", "/permissions/me/articles/1"),
    *("/server/info", "/server/health", "/server/ping", "/auth", "/settings", "/graphql", "/nope", "/"),
    *("/items", "/items/", "//items/articles", "/items/articles/1/2", "/items/%00", "/items/articles/%ff"),
    *("/items/articles/..%2f..%2fetc", "/users/%2e%2e", "/ITEMS/articles", "/assets/1"),
    *("/collections", "/collections/articles", "/collections/%00", "/fields", "/fields/articles"),
    *("/fields/articles/title", "/fields/%ff/%00", "/fields/a/b/c", "/relations", "/relations/articles"),
    *("/relations/articles/author", "/relations//x", "/collections/directus_users"),
)
_KEYS: Final = ("1", "2", "0", "-1", "99999999999999999999", "a", "1,2", "%27", "null", "1.5")
_METHODS: Final = ("GET",) * 12 + ("SEARCH",) * 4 + ("HEAD", "OPTIONS", "POST", "PATCH", "DELETE", "TRACE")
_BODIES: Final = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"\xff\xfe",
    b'{"query":1}',
    b'{"keys":[null]}',
    b"[" * 500,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@st.composite
def paths(draw: st.DrawFn, words: Words) -> tuple[str, str]:
    """A path and the collection it is about."""
    kind = draw(up_to(9))
    if kind == 0:
        return pick(draw, _FIXED), "articles"
    if kind <= 2:
        system = pick(draw, SYSTEM_PATHS)
        name = f"directus_{system}"
        return _with_key(draw, f"/{system}"), name if name in words.fields else "articles"
    collection = some(draw, words.users(), st.sampled_from((*words.collections, *NONSENSE)))
    known = collection if collection in words.fields else "articles"
    return _with_key(draw, f"/items/{quote(collection, safe='')}"), known


def _with_key(draw: st.DrawFn, path: str) -> str:
    return f"{path}/{pick(draw, _KEYS)}" if draw(up_to(4)) == 0 else path


# --- the query language -------------------------------------------------------------------------------------


@st.composite
def field_paths(draw: st.DrawFn, words: Words, collection: str, depth: int = 3) -> str:
    """`title`, `author.name`, `*.*`, `year(date)`, `item:block_texts.body`."""
    links = words.links.get(collection, {})
    kind = draw(up_to(9))
    if kind <= 1:
        return pick(draw, ("*", "*.*", "id"))
    if kind <= 3 and links and depth:
        name = pick(draw, sorted(links))
        target = pick(draw, links[name] or ("articles",))
        inner = draw(field_paths(words, target, depth - 1))
        scope = f":{target}" if (collection, name) in words.to_any and draw(BOTH) else ""
        return f"{name}{scope}.{inner}"
    name = some(draw, words.fields[collection], nonsense)
    return f"{pick(draw, FUNCTIONS)}({name})" if kind == 4 else str(name)


@st.composite
def filters(draw: st.DrawFn, words: Words, collection: str, depth: int = 3) -> Any:
    links = words.links.get(collection, {})
    kind = draw(up_to(12))
    if kind == 0:
        return draw(st.one_of(values, st.lists(values, max_size=2)))
    if kind <= 2 and depth:
        inner = draw(st.lists(filters(words, collection, depth - 1), max_size=3))
        return {pick(draw, ("_and", "_or")): inner}
    if kind <= 5 and links and depth:
        name = pick(draw, sorted(links))
        target = pick(draw, links[name] or ("articles",))
        below = draw(filters(words, target, depth - 1))
        if (collection, name) in words.to_any:
            name = f"{name}:{target}"
        elif draw(BOTH):
            below = {pick(draw, ("_some", "_none")): below}
        return {name: below}
    name = str(some(draw, words.fields[collection], nonsense))
    if draw(up_to(6)) == 0:
        name = f"{pick(draw, FUNCTIONS)}({name})"
    operator = some(draw, OPERATORS, nonsense, 20)
    value = draw(st.one_of(values, values, st.lists(values, max_size=3)))
    return {name: {operator: value}}


@st.composite
def levels(draw: st.DrawFn, words: Words, collection: str, prefix: str = "", depth: int = 2) -> Asked:
    """What is asked of one level, each parameter now and then."""
    asked: Asked = {}

    def maybe(name: str, made: st.SearchStrategy[Any], chance: int = 3) -> None:
        if once_in(draw, chance):
            asked[prefix + name] = draw(made)

    names = field_paths(words, collection, 2)
    maybe("fields", st.lists(field_paths(words, collection), min_size=1, max_size=4), 2)
    maybe("filter", filters(words, collection), 2)
    maybe("sort", st.lists(st.tuples(st.sampled_from(("", "-")), names).map("".join), max_size=2))
    maybe("limit", st.sampled_from((-1, 0, 1, 2, 5, 100, -2, 10**20, "x", "", 1.5)))
    maybe("offset", st.sampled_from((0, 1, -1, 2**31, 2**63, 10**30, "x")), 5)
    maybe("page", st.sampled_from((0, 1, 2, -1, 2**31, 2**62, 10**30, "x")), 5)
    maybe("search", texts, 5)
    maybe("alias", st.dictionaries(nonsense, names, max_size=2), 6)
    if once_in(draw, 5):
        asked[f"{prefix}aggregate"] = draw(
            st.dictionaries(st.sampled_from((*AGGREGATES, "nope")), st.lists(names, max_size=2), max_size=2)
        )
        maybe("groupBy" if not prefix else "group", st.lists(names, max_size=2), 2)
    links = words.links.get(collection, {})
    if links and depth and once_in(draw, 4):
        name = pick(draw, sorted(links))
        target = pick(draw, links[name] or ("articles",))
        below = draw(levels(words, target, "_", depth - 1))
        if prefix:
            asked[name] = below
        else:
            asked["deep"] = {name: below}
    return asked


@st.composite
def queries(draw: st.DrawFn, words: Words, collection: str) -> Asked:
    asked = draw(levels(words, collection))
    more = {
        "meta": st.sampled_from(("*", "total_count", "filter_count,total_count", "nope")),
        "export": st.sampled_from(("csv", "csv_utf8", "json", "xml", "yaml", "exe")),
        "backlink": st.sampled_from(("false", "true", "x")),
        "version": st.sampled_from(("main", "published", "draft", "'")),
        "explain": st.just(""),
        "access_token": st.just("nobody"),
    }
    for name in draw(st.sets(st.sampled_from(sorted(more)), max_size=1)):
        asked[name] = draw(more[name])
    return asked


# --- how it is written --------------------------------------------------------------------------------------


@st.composite
def requests(draw: st.DrawFn, words: Words) -> Request:
    path, collection = draw(paths(words))
    method = pick(draw, _METHODS)
    asked = draw(queries(words, collection))
    if method in ("GET", "HEAD", "OPTIONS", "TRACE"):
        text = "&".join(_pairs(asked, brackets=draw(BOTH)))
        if once_in(draw, 15):
            text += "&" + draw(
                st.sampled_from(("filter[", "filter[]]=1", "a" * 5000, "%", "%ff=%ff", "&&==[]"))
            )
        return Request(method=method, target=f"{path}?{text}")
    body = json.dumps({"query": asked}).encode()
    if once_in(draw, 8):
        body = pick(draw, _BODIES)
    media = some(draw, ("application/json",), st.sampled_from(("text/plain", "", "multipart/form-data", "é")))
    return Request(method=method, target=path, headers={"content-type": media}, body=body)


def _pairs(asked: Asked, *, brackets: bool) -> Iterator[str]:
    """The query string, values as JSON or in brackets."""
    for name, value in asked.items():
        if name in ("fields", "sort", "groupBy", "group") and not brackets:
            yield f"{name}={_quoted(','.join(map(str, value)))}"
        elif brackets or not isinstance(value, (dict, list)):
            yield from _bracketed(name, value)
        else:
            yield f"{name}={_quoted(json.dumps(value))}"


def _bracketed(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _bracketed(f"{name}[{key}]", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _bracketed(f"{name}[{index}]", inner)
    else:
        yield f"{_quoted(name)}={_quoted(_plain(value))}"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="[]")
