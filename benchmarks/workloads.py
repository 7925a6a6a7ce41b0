"""What is asked: the workloads as data, each in the words of every system.

    workload = WORKLOADS["by_key"]
    workload.requests("causeway", "reader", keys)       the HTTP requests that are sent in turn

A workload with parameters (`by_key`, `filter`) gives many requests, so that no system answers from one row
that is always the same. Those that write are in `benchmarks.writes`, those of files in `benchmarks.files`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

from benchmarks.tables import ADMIN_TOKEN, READER_TOKEN

System = Literal["causeway", "floor", "directus", "postgraphile"]
Actor = Literal["admin", "reader"]
Door = Literal["rest", "graphql", "files"]

ACTORS: Final[tuple[Actor, ...]] = ("admin", "reader")
TOKENS: Final[Mapping[Actor, str]] = {"admin": ADMIN_TOKEN, "reader": READER_TOKEN}
#: how many different requests a workload with parameters sends in turn
VARIANTS: Final = 200
#: stands in a request for a number that no other request has; of the same length, see `numbered`
SERIAL: Final = "~~~~~~~~~~"
_SERIAL: Final = SERIAL.encode()


def numbered(request: bytes, number: int) -> bytes:
    """The request with its number in every place.

    >>> numbered(b'{"slug":"~~~~~~~~~~"}', 17)
    b'{"slug":"0000000017"}'
    """
    return request.replace(_SERIAL, b"%010d" % number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`path` with the query string, percent-encoded. `method`: GET, or POST where there is a body."""

    path: str
    body: bytes | None = None
    method: str = ""

    @property
    def verb(self) -> str:
        return self.method or ("GET" if self.body is None else "POST")

    def on_the_wire(self, port: int, token: str | None) -> bytes:
        """The request of HTTP/1.1 with keep-alive, ready to be sent as it is."""
        lines = [
            f"{self.verb} {self.path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Accept: application/json",
        ]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        if self.body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + (self.body or b"")


#: parameters of one request; () where a workload has none
Parameters = tuple[int | str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """`ask`: parameters -> request, per system that can do it. `floor` is asked by name and parameters.

    `writes`: table -> rows that one request adds; none for one that reads. `connections`: all that it is
    measured at, whatever is asked for; none: as asked.
    """

    name: str
    title: str
    door: Door
    ask: Mapping[System, Callable[[Parameters], Request]] = field(repr=False)
    parameters: Callable[[Sequence[Any]], list[Parameters]] = field(repr=False)
    writes: Mapping[str, int] = field(default_factory=dict)
    connections: tuple[int, ...] = ()

    def systems(self, actor: Actor) -> tuple[System, ...]:
        """PostGraphile is asked as the admin only: it has no item rules of its own. There is no floor of
        writes; those of files name theirs.
        """
        known: tuple[System, ...] = ("causeway", "floor", "directus", "postgraphile")
        has_floor = not self.writes and self.door != "files"
        return tuple(
            name
            for name in known
            if (name in self.ask or (name == "floor" and has_floor))
            and (name != "postgraphile" or actor == "admin")
        )

    def requests(self, system: System, actor: Actor, keys: Sequence[Any]) -> list[Request]:
        """`keys`: articles that every actor may read; of workloads of files, keys of the system's files."""
        if system == "floor" and system not in self.ask:
            return [
                Request(path="/".join(["", self.name, actor, *map(str, given)]))
                for given in self.parameters(keys)
            ]
        return [self.ask[system](given) for given in self.parameters(keys)]


def _no_parameters(keys: Sequence[int]) -> list[Parameters]:
    return [()]


def _keys(keys: Sequence[int]) -> list[Parameters]:
    step = max(len(keys) // VARIANTS, 1)
    return [(key,) for key in keys[::step][:VARIANTS]]


def _filters(keys: Sequence[int]) -> list[Parameters]:
    """(least views, first letters of the author's name)"""
    given: list[Parameters] = [
        (views, letter) for views in range(30_000, 70_000, 2_000) for letter in "BCDEFGHIJ"
    ]
    return given[:VARIANTS]


def _rest(path: str, **query: str | int) -> Request:
    return Request(path=f"{path}?{urlencode(query, quote_via=quote, safe=',-*')}" if query else path)


def _graphql(document: str, **variables: Any) -> Request:
    body: dict[str, Any] = {"query": document}
    if variables:
        body["variables"] = variables
    return Request(path="/graphql", body=json.dumps(body).encode())


_ITEM: Final = "id,title,slug,status,views,rating,published_at,author,category"
_SIX: Final = "id,title,slug,status,views,published_at"
_NESTED: Final = (
    "id,title,status,author.id,author.name,category.id,category.name,tags.tags_id.id,tags.tags_id.name,"
    "comments.id,comments.author_name,comments.body"
)

_ITEM_GRAPHQL: Final = (
    "query ($id: ID!) { articles_by_id(id: $id) "
    "{ id title slug status views rating published_at author { id } category { id } } }"
)
_SIX_GRAPHQL: Final = '{ articles(limit: %d, sort: ["id"]) { id title slug status views published_at } }'
_NESTED_GRAPHQL: Final = (
    '{ articles(limit: 20, sort: ["id"]) { id title status author { id name } category { id name } '
    "tags { tags_id { id name } } comments { id author_name body } } }"
)

_ITEM_POSTGRAPHILE: Final = (
    "query ($id: Int!) { articles_by_id: articleByRowId(rowId: $id) { id: rowId title slug status views "
    "rating published_at: publishedAt author: authorByAuthor { id: rowId } "
    "category: categoryByCategory { id: rowId } } }"
)
_SIX_POSTGRAPHILE: Final = (
    "{ articles: allArticles(first: %d, orderBy: ROW_ID_ASC) "
    "{ nodes { id: rowId title slug status views published_at: publishedAt } } }"
)
_NESTED_POSTGRAPHILE: Final = (
    "{ articles: allArticles(first: 20, orderBy: ROW_ID_ASC) { nodes { id: rowId title status "
    "author: authorByAuthor { id: rowId name } category: categoryByCategory { id: rowId name } "
    "tags: articlesTagsByArticlesId { nodes { tags_id: tagByTagsId { id: rowId name } } } "
    "comments: commentsByArticle { nodes { id: rowId author_name: authorName body } } } } }"
)


def _filtered(given: Parameters) -> Request:
    views, letter = given
    conditions = {
        "_and": [
            {"status": {"_eq": "published"}},
            {"views": {"_gte": views}},
            {"author": {"name": {"_starts_with": letter}}},
        ]
    }
    return _rest(
        "/items/articles",
        filter=json.dumps(conditions, separators=(",", ":")),
        sort="-views,id",
        limit=20,
        fields="id,title,views,author.name",
        meta="total_count,filter_count",
    )


def _list(limit: int) -> Callable[[Parameters], Request]:
    return lambda given: _rest("/items/articles", limit=limit, sort="id", fields=_SIX)


def _aggregated(given: Parameters) -> Request:
    return Request(
        path="/items/articles?aggregate%5Bcount%5D=*&aggregate%5Bavg%5D=rating&aggregate%5Bmax%5D=views"
        "&groupBy%5B%5D=status&sort=status"
    )


def _one(
    name: str,
    title: str,
    ask: Callable[[Parameters], Request],
    parameters: Callable[[Sequence[int]], list[Parameters]] = _no_parameters,
) -> Workload:
    return Workload(
        name=name, title=title, door="rest", ask={"causeway": ask, "directus": ask}, parameters=parameters
    )


def _one_graphql(
    name: str,
    title: str,
    ask: Callable[[Parameters], Request],
    postgraphile: Callable[[Parameters], Request],
    parameters: Callable[[Sequence[int]], list[Parameters]] = _no_parameters,
) -> Workload:
    asked: dict[System, Callable[[Parameters], Request]] = {
        "causeway": ask,
        "directus": ask,
        "postgraphile": postgraphile,
    }
    return Workload(name=name, title=title, door="graphql", ask=asked, parameters=parameters)


WORKLOADS: Final[Mapping[str, Workload]] = {
    workload.name: workload
    for workload in (
        _one("by_key", "one by key", lambda given: _rest(f"/items/articles/{given[0]}", fields=_ITEM), _keys),
        _one_graphql(
            "by_key_graphql",
            "one by key, GraphQL",
            lambda given: _graphql(_ITEM_GRAPHQL, id=given[0]),
            lambda given: _graphql(_ITEM_POSTGRAPHILE, id=given[0]),
            _keys,
        ),
        _one("list", "list 20", _list(20)),
        _one_graphql(
            "list_graphql",
            "list 20, GraphQL",
            lambda given: _graphql(_SIX_GRAPHQL % 20),
            lambda given: _graphql(_SIX_POSTGRAPHILE % 20),
        ),
        _one(
            "nested",
            "nested, 20 with author, category, tags, comments",
            lambda given: _rest("/items/articles", limit=20, sort="id", fields=_NESTED),
        ),
        _one_graphql(
            "nested_graphql",
            "nested, GraphQL",
            lambda given: _graphql(_NESTED_GRAPHQL),
            lambda given: _graphql(_NESTED_POSTGRAPHILE),
        ),
        _one("filter", "filter, relational filter, sort, counts", _filtered, _filters),
        _one("aggregate", "aggregate by group", _aggregated),
        _one("rows", "1,000 rows x 6 fields", _list(1000)),
        _one_graphql(
            "rows_graphql",
            "1,000 x 6, GraphQL",
            lambda given: _graphql(_SIX_GRAPHQL % 1000),
            lambda given: _graphql(_SIX_POSTGRAPHILE % 1000),
        ),
    )
}
