"""The workloads that write, in the words of REST: create, update, a batch of 1,000, a tree of eight items.

    WRITES["create"].requests("causeway", "admin", keys)      requests with `SERIAL` where each has its number
    WRITES["create"].writes                                   {"articles": 1, "directus_activity": 1, ...}

Activity and revisions are on, as they are by default. Every request writes values that no other has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from benchmarks.content import AUTHORS, CATEGORIES
from benchmarks.files import ALL_FILES, FILES
from benchmarks.workloads import SERIAL, WORKLOADS, Parameters, Request, Workload

#: items of a batch
BATCH: Final = 1000
#: one word for all of them on the command line
ALL: Final = "writes"

_TEXT: Final = "Lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam nonumy eirmod tempor. " * 4
_SHOWN: Final = "id,title,slug,status,views,author"


def _history(items: int, **rows: int) -> Mapping[str, int]:
    return {**rows, "directus_activity": items, "directus_revisions": items}


def _article(number: int, **more: Any) -> dict[str, Any]:
    return {
        "title": f"Title {SERIAL}",
        "slug": f"written-{SERIAL}-{number}",
        "status": "published",
        "views": number,
        "author": number % AUTHORS + 1,
        **more,
    }


def _body(payload: Any) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def _created(payload: Any) -> Callable[[Parameters], Request]:
    request = Request(path=f"/items/articles?fields={_SHOWN}", body=_body(payload))
    return lambda given: request


def _updated(given: Parameters) -> Request:
    (key,) = given
    payload = {"title": f"Changed {SERIAL}", "views": key, "status": "published"}
    return Request(path=f"/items/articles/{key}?fields={_SHOWN}", body=_body(payload), method="PATCH")


def _tree() -> dict[str, Any]:
    return _article(
        0,
        author={"name": f"Author {SERIAL}", "email": f"{SERIAL}@example.com"},
        tags=[{"tags_id": {"name": f"tag {number} {SERIAL}"}} for number in range(2)],
        comments=[{"author_name": "Ada", "body": f"Comment {number} {SERIAL}"} for number in range(2)],
    )


def _write(
    name: str,
    title: str,
    ask: Callable[[Parameters], Request],
    writes: Mapping[str, int],
    parameters: Callable[[Sequence[int]], list[Parameters]] = lambda keys: [()],
    connections: tuple[int, ...] = (),
) -> Workload:
    return Workload(
        name=name,
        title=title,
        door="rest",
        ask={"causeway": ask, "directus": ask},
        parameters=parameters,
        writes=writes,
        connections=connections,
    )


WRITES: Final[Mapping[str, Workload]] = {
    workload.name: workload
    for workload in (
        _write(
            "update",
            "update one by key",
            _updated,
            _history(1),
            WORKLOADS["by_key"].parameters,
        ),
        _write(
            "create",
            "create one",
            _created(_article(1, body=_TEXT, category=CATEGORIES)),
            _history(1, articles=1),
        ),
        _write(
            "create_nested",
            "create with author, 2 tags, 2 comments",
            _created(_tree()),
            _history(8, articles=1, authors=1, articles_tags=2, tags=2, comments=2),
        ),
        # a peer takes seconds for one: more at a time would only stand in line
        _write(
            "create_batch",
            "create 1,000 in one request",
            _created([_article(number) for number in range(BATCH)]),
            _history(BATCH, articles=BATCH),
            connections=(1,),
        ),
    )
}
EVERY: Final[Mapping[str, Workload]] = {**WORKLOADS, **WRITES, **FILES}
GROUPS: Final[Mapping[str, Mapping[str, Workload]]] = {ALL: WRITES, ALL_FILES: FILES}


def chosen(names: str) -> list[Workload]:
    """`list,writes` -> those workloads; all of them where none is named. Raises KeyError for other names."""
    found: dict[str, Workload] = {}
    for name in filter(None, names.split(",")):
        found |= GROUPS.get(name) or {name: EVERY[name]}
    return list((found or EVERY).values())
