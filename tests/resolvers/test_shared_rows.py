"""Counts beside a page: the rows are looked for once where the page is sorted out of all of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.blog import Blog

COUNT = "count: articles_aggregated{filter} @first @lift {{ countAll }}"
PAGE = "articles({filter}{page}) {{ id title author {{ name }} }}"


def query(condition: str, page: str) -> str:
    both = f"(filter: {condition})" if condition else ""
    inner = f"filter: {condition}, " if condition else ""
    return f"{{ {COUNT.format(filter=both)} {PAGE.format(filter=inner, page=page)} }}"


def works(blog: Blog) -> int:
    """How often the last statement looks for articles by their filter."""
    return blog.texts[-1].count(".status") - blog.texts[-1].count(".status AS")


PAGES: list[tuple[str, str, int, list[int]]] = [
    ('{status: {_eq: "published"}}', 'sort: ["-views"], limit: 1', 2, [3]),
    ('{status: {_eq: "published"}}', 'sort: ["-views"], limit: 1, offset: 1', 2, [1]),
    ('{status: {_eq: "published"}}', 'sort: ["-views"], limit: 1, offset: 5', 2, []),
    ('{status: {_neq: "archived"}}', 'sort: ["views", "-id"], limit: 2', 3, [1, 3]),
    ('{status: {_neq: "archived"}}', 'sort: ["-author.name", "-id"]', 3, [2, 3, 1]),
    ('{_and: [{status: {_nnull: true}}, {author: {name: {_eq: "Bob"}}}]}', 'sort: ["title"]', 1, [3]),
    ('{status: {_nnull: true}, tags: {tags_id: {name: {_eq: "green"}}}}', 'sort: ["-title"]', 2, [3, 1]),
    ('{status: {_eq: "none"}}', 'sort: ["title"]', 0, []),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "page", "count", "found"), PAGES)
async def test_page_and_count(condition: str, page: str, count: int, found: list[int], blog: Blog) -> None:
    answer = await blog.read(query(condition, page), wire="rest")
    assert answer["count"] == count
    assert [item["id"] for item in answer["articles"]] == found
    names = {1: {"name": "Ada"}, 2: None, 3: {"name": "Bob"}}
    assert [item["author"] for item in answer["articles"]] == [names[key] for key in found]


@pytest.mark.parametrize(
    ("condition", "page", "times"),
    [
        ('{status: {_eq: "published"}}', 'sort: ["-views"], limit: 1', 1),
        ('{status: {_eq: "published"}}', 'sort: ["title"]', 1),
        # the key orders the page, or there is none: it ends early, or is all
        ('{status: {_eq: "published"}}', 'sort: ["-id"], limit: 1', 2),
        ('{status: {_eq: "published"}}', 'sort: ["title"], limit: -1', 2),
        ('{status: {_eq: "published"}}', 'sort: ["title"], limit: 0', 2),
    ],
)
async def test_the_filter_is_evaluated_once_where_that_pays(
    condition: str, page: str, times: int, blog: Blog
) -> None:
    await blog.read(query(condition, page))
    assert works(blog) == times
    assert len(blog.texts) == 1


async def test_counts_of_other_rows_stay_their_own(blog: Blog) -> None:
    found = await blog.read(
        "{ all: articles_aggregated @first @lift { countAll } other: articles_aggregated(filter: {status: "
        '{_eq: "draft"}}) @first @lift { countAll } same: articles_aggregated(filter: {status: {_eq: '
        '"published"}}) { countAll __typename } articles(filter: {status: {_eq: "published"}}, '
        'sort: ["title"]) { id } }',
        wire="rest",
    )
    assert found == {
        "all": 3,
        "other": 1,
        "same": [{"countAll": 2, "__typename": "articles_aggregated"}],
        "articles": [{"id": 1}, {"id": 3}],
    }


async def test_equal_counts_are_one(blog: Blog) -> None:
    count = "articles_aggregated(filter: {views: {_gt: 1}}) @first @lift { countAll }"
    found: dict[str, Any] = await blog.read(
        f"{{ total: {count} filtered: {count} articles(limit: 1) {{ id }} }}"
    )
    assert (found["total"], found["filtered"]) == (2, 2)
    assert blog.texts[-1].count(".views") == 1


async def test_composite_keys(blog: Blog) -> None:
    condition = '(filter: {label: {_neq: "two"}}'
    found = await blog.read(
        f'{{ lines_aggregated{condition}) {{ countAll }} lines{condition}, sort: ["-label"]) {{ label }} }}'
    )
    assert found["lines_aggregated"] == [{"countAll": 2}]
    assert found["lines"] == [{"label": "three"}, {"label": "one"}]
