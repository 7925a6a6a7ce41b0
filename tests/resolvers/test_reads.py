"""What reads give, on both databases: shapes, filters, functions, pages, aggregates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import parse_value, value_from_ast_untyped

from tests.support.blog import Blog

ONE: dict[str, Any] = {
    "id": "1", "title": "Alpha", "status": "published", "views": 10, "rating": 1.5,
    "published_at": "2024-02-29T13:14:15", "updated_at": "2024-02-29T13:14:15.000Z",
    "meta": {"a": [1, 2, {"b": None}]}, "keywords": ["x", "y"], "featured": True, "price": 9.99, "big": "5",
    "secret": "**********", "author": {"id": "1", "name": "Ada"},
    "tags": [{"tags_id": {"name": "red"}}, {"tags_id": {"name": "green"}}],
}  # fmt: skip
TWO: dict[str, Any] = {
    "id": "2", "title": 'Be"ta 100%', "status": "draft", "views": None, "rating": None, "published_at": None,
    "updated_at": None, "meta": None, "keywords": [], "featured": False, "price": None,
    "big": "9007199254740993", "secret": "**********", "author": None, "tags": [],
}  # fmt: skip


async def test_every_type_has_its_wire_form(blog: Blog) -> None:
    fields = " ".join(name for name in ONE if name not in ("author", "tags"))
    relations = "author { id name } tags { tags_id { name } }"
    query = f'{{ articles(sort: ["id"], limit: 2) {{ {fields} {relations} }} }}'
    assert (await blog.read(query))["articles"] == [ONE, TWO]


async def test_rest_numbers_are_numbers_as_long_as_a_double_holds_them(blog: Blog) -> None:
    found = await blog.read("{ articles { id big price } }", wire="rest")
    assert found["articles"] == [
        {"id": 1, "big": 5, "price": 9.99},
        {"id": 2, "big": "9007199254740993", "price": None},
        {"id": 3, "big": 7, "price": 100.5},
    ]


FILTERS = [
    ('{title: {_contains: "100%"}}', [2]),
    ('{title: {_contains: "a_x"}}', [3]),
    ('{title: {_contains: "alpha"}}', []),
    ('{title: {_icontains: "ALPHA"}}', [1]),
    ('{title: {_ncontains: "a"}}', []),
    ('{title: {_starts_with: "Al"}}', [1]),
    ('{title: {_nstarts_with: "Al"}}', [2, 3]),
    ('{title: {_istarts_with: "ALP"}}', [1]),
    ('{title: {_ends_with: "_x"}}', [3]),
    ('{title: {_niends_with: "_X"}}', [1, 2]),
    ('{title: {_in: ["Alpha", "gamma_x", "none"]}}', [1, 3]),
    ('{title: {_nin: ["Alpha"]}}', [2, 3]),
    ("{title: {_in: []}}", []),
    ("{title: {_nin: []}}", [1, 2, 3]),
    ("{views: {_null: true}}", [2]),
    ("{views: {_null: false}}", [1, 3]),
    ("{views: {_nnull: true}}", [1, 3]),
    ("{views: {_eq: null}}", [2]),
    ("{views: {_gt: 10}}", [3]),
    ("{views: {_gt: 9.5}}", [1, 3]),
    ("{views: {_gte: 10.5}}", [3]),
    ("{views: {_lt: 10.5}}", [1]),
    ("{views: {_lte: 10}}", [1]),
    ("{views: {_eq: 10.5}}", []),
    ("{views: {_neq: 10}}", [3]),
    ("{views: {_between: [5, 20]}}", [1]),
    ("{views: {_nbetween: [5, 20]}}", [3]),
    ("{views: {_gt: 99999999999999999999}}", []),
    ("{big: {_eq: 9007199254740993}}", [2]),
    ("{price: {_eq: 9.99}}", [1]),
    ("{featured: {_eq: true}}", [1]),
    ("{featured: {_neq: true}}", [2]),
    ('{keywords: {_contains: "y"}}', [1]),
    ("{keywords: {_empty: true}}", [2, 3]),
    ("{keywords: {_nempty: true}}", [1]),
    ("{secret: {_null: true}}", [3]),
    ("{secret: {_nempty: true}}", [1, 2]),
    ('{published_at: {_gt: "2022-01-01"}}', [1]),
    ('{published_at: {_between: ["2020-01-01", "2022-01-01"]}}', [3]),
    ('{updated_at: {_lt: "$NOW(-1 year)"}}', [3]),
    ('{updated_at: {_gt: "$NOW(-6 months)"}}', [1]),
    ("{published_at_func: {year: {_eq: 2024}}}", [1]),
    ('{"year(published_at)": {_eq: 2024}}', [1]),
    ("{tags_func: {count: {_gt: 1}}}", [1]),
    ("{meta_func: {count: {_eq: 1}}}", [3]),
    ('{meta: {_json: {"a[0]": {_eq: 1}}}}', [1]),
    ('{"json(meta, a[0])": {_gt: 0}}', [1]),
    ('{author: {name: {_eq: "Ada"}}}', [1]),
    ("{author: {name: {_null: true}}}", [2]),
    ("{author: {_null: true}}", [2]),
    ("{author: {_in: [1, 2]}}", [1, 3]),
    ('{author: {articles: {tags: {tags_id: {name: {_eq: "red"}}}}}}', [1]),
    ('{tags: {tags_id: {name: {_eq: "green"}}}}', [1, 3]),
    ('{tags: {_some: {tags_id: {name: {_eq: "red"}}}}}', [1]),
    ('{tags: {_none: {tags_id: {name: {_eq: "red"}}}}}', [2, 3]),
    ("{tags: {_null: true}}", [2]),
    ('{blocks: {item__texts: {body: {_eq: "T1"}}}}', [1]),
    ('{blocks: {"item:headings": {text: {_eq: "T1"}}}}', []),
    ('{blocks: {collection: {_eq: "texts"}}}', [1]),
    ('{_or: [{id: {_eq: 1}}, {_and: [{views: {_eq: 30}}, {status: {_eq: "published"}}]}]}', [1, 3]),
    ("{_and: []}", [1, 2, 3]),
    ("{_or: []}", [1, 2, 3]),
    ("{id: 1}", [1]),
]


@pytest.mark.parametrize(("given", "expected"), FILTERS, ids=[given for given, _ in FILTERS])
async def test_filters(blog: Blog, given: str, expected: list[int]) -> None:
    """Each filter as a variable; the next test takes some as literals of the document."""
    filters = _read_filter(given)
    found = await blog.read(
        'query ($f: articles_filter) { articles(filter: $f, sort: ["id"]) { id } }',
        wire="rest",
        variables={"f": filters},
    )
    assert found["articles"] == [{"id": key} for key in expected]


@pytest.mark.parametrize(
    ("given", "expected"),
    [entry for entry in FILTERS if '"' not in entry[0].split(":")[0] and '{"' not in entry[0]],
)
async def test_filters_as_literals(blog: Blog, given: str, expected: list[int]) -> None:
    found = await blog.read(f'{{ articles(filter: {given}, sort: ["id"]) {{ id }} }}', wire="rest")
    assert found["articles"] == [{"id": key} for key in expected]


HIDDEN = (
    'FORBIDDEN: You don\'t have permission to access field "{}" in collection "{}" '
    "or it does not exist. Queried in {}."
)
REFUSED = [
    ("{views: {_contains: 1}}", 'INVALID_QUERY: Invalid query. "integer" field type does not'),
    ('{title: {_bogus: "a"}}', 'INVALID_QUERY: Invalid query. "string" field type does not'),
    ('{title: {eq: "a"}}', "FORBIDDEN: "),
    ('{views: {_eq: "abc"}}', "INVALID_QUERY: Invalid query. Invalid numeric value."),
    ('{title: {_contains: ""}}', "INVALID_QUERY: Invalid query. You can't filter for an empty string"),
    ("{nope: {_eq: 1}}", HIDDEN.format("nope", "articles", "root")),
    ("{author: {nope: {_eq: 1}}}", HIDDEN.format("nope", "authors", '"author"')),
    ('{secret: {_eq: "s1"}}', "INVALID_QUERY: "),
    ('{secret: {_starts_with: "s"}}', "INVALID_QUERY: "),
    ('{published_at: {_gt: "yesterday"}}', "INVALID_QUERY: "),
    ('{updated_at: {_gt: "$NOW(-1 fortnight)"}}', "INVALID_QUERY: "),
    ("{title_func: {year: {_eq: 1}}}", "INVALID_QUERY: "),
    ("{views: {_between: [1]}}", "INVALID_QUERY: "),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), REFUSED, ids=[given for given, _ in REFUSED])
async def test_what_is_wrong_is_refused_as_variable_and_as_literal(
    blog: Blog, given: str, expected: str
) -> None:
    as_variable = await blog.read(
        "query ($f: articles_filter) { articles(filter: $f) { id } }", variables={"f": _read_filter(given)}
    )
    as_literal = await blog.read(f"{{ articles(filter: {given}) {{ id }} }}")
    assert as_variable["articles"].startswith(expected)
    assert as_literal["articles"].startswith(expected)


async def test_relations_functions_and_any(blog: Blog) -> None:
    found = await blog.read(
        """{ articles_by_id(id: 1) {
            title
            x: author { n: name articles(limit: 1, sort: ["-id"]) { id } }
            published_at_func { year week weekday second }
            tags_func { count }
            meta_func { json(path: "a[1]") }
            blocks { collection item { __typename ... on headings { text } ... on texts { body } } } } }"""
    )
    assert found["articles_by_id"] == {
        "title": "Alpha",
        "x": {"n": "Ada", "articles": [{"id": "1"}]},
        "published_at_func": {"year": 2024, "week": 9, "weekday": 4, "second": 15},
        "tags_func": {"count": 2},
        "meta_func": {"json": 2},
        "blocks": [
            {"collection": "headings", "item": {"__typename": "headings", "text": "H1"}},
            {"collection": "texts", "item": {"__typename": "texts", "body": "T1"}},
            {"collection": "texts", "item": None},
        ],
    }


async def test_a_filter_on_a_to_one_item_empties_it_and_in_a_list_takes_its_parent_along(
    blog: Blog,
) -> None:
    found = await blog.read(
        '{ articles { id author(filter: {name: {_eq: "Ada"}}) { name } } '
        'tags: articles_by_id(id: 1) { tags { id tags_id(filter: {name: {_eq: "red"}}) { name } } } }',
        wire="rest",
    )
    assert found == {
        "articles": [
            {"id": 1, "author": {"name": "Ada"}},
            {"id": 2, "author": None},
            {"id": 3, "author": None},
        ],
        "tags": {"tags": [{"id": 1, "tags_id": {"name": "red"}}]},
    }


async def test_sort_puts_nulls_last_and_pages_are_stable(blog: Blog) -> None:
    found = await blog.read(
        '{ up: articles(sort: ["views"]) { id } '
        'down: articles(sort: ["-views"], limit: 2) { id author { name } } '
        'by: articles(sort: ["author.name", "-id"]) { id } page: articles(limit: 1, page: 2) { id } '
        "rest: articles(limit: -1, offset: 2) { id } none: articles(limit: 0) { id } "
        'count: articles(sort: ["-count(tags)"]) { id } '
        'many: articles(sort: ["tags.tags_id.name"]) { id } '
        'most: authors(sort: ["-articles.views"]) { id } }',
        wire="rest",
    )
    assert found == {
        "up": [{"id": 1}, {"id": 3}, {"id": 2}],
        "down": [{"id": 2, "author": None}, {"id": 3, "author": {"name": "Bob"}}],
        "by": [{"id": 1}, {"id": 3}, {"id": 2}],
        "page": [{"id": 2}],
        "rest": [{"id": 3}],
        "none": [],
        "count": [{"id": 1}, {"id": 3}, {"id": 2}],
        "many": [{"id": 1}, {"id": 3}, {"id": 2}],
        "most": [{"id": 2}, {"id": 1}],
    }


async def test_aggregates(blog: Blog) -> None:
    found = await blog.read(
        "{ articles_aggregated { countAll count { id secret } countDistinct { status } sum { views price } "
        "avg { rating } min { published_at title } max { views } sumDistinct { author } } }"
    )
    assert found["articles_aggregated"] == [
        {
            "countAll": 3,
            "count": {"id": 3, "secret": 2},
            "countDistinct": {"status": 2},
            "sum": {"views": 40, "price": 110.49},
            "avg": {"rating": 1.875},
            "min": {"published_at": "2021-01-01T00:00:00", "title": "Alpha"},
            "max": {"views": 30},
            "sumDistinct": {"author": 3},
        }
    ]


async def test_groups(blog: Blog) -> None:
    found = await blog.read(
        '{ articles_aggregated(groupBy: ["status", "year(published_at)"], '
        'sort: ["-count.id", "year(published_at)"]) '
        "{ group countAll sum { views } } }"
    )
    assert found["articles_aggregated"] == [
        {"group": {"status": "published", "published_at_year": 2021}, "countAll": 1, "sum": {"views": 30}},
        {"group": {"status": "published", "published_at_year": 2024}, "countAll": 1, "sum": {"views": 10}},
        {"group": {"status": "draft", "published_at_year": None}, "countAll": 1, "sum": {"views": None}},
    ]


@pytest.mark.parametrize(
    "query",
    [
        "{ articles_aggregated { min { secret } } }",
        "{ articles_aggregated { countDistinct { secret } } }",
        '{ articles_aggregated(groupBy: ["secret"]) { countAll } }',
        '{ articles(sort: ["secret"]) { id } }',
        "{ articles_aggregated { sum { title } } }",
        '{ articles_aggregated(groupBy: ["year(title)"]) { countAll } }',
    ],
)
async def test_concealed_and_unfit_fields_are_not_aggregated_grouped_or_sorted(
    blog: Blog, query: str
) -> None:
    (answer,) = (await blog.read(query)).values()
    assert str(answer).startswith("INVALID_QUERY: ")


async def test_json_is_sorted_as_text(blog: Blog) -> None:
    found = await blog.read(
        '{ up: articles(sort: ["meta", "id"]) { id meta } down: articles(sort: ["-meta", "-id"]) { id } '
        'far: comments(sort: ["article.meta", "id"]) { id } }',
        wire="rest",
    )
    texts = [None if row["meta"] is None else json.dumps(row["meta"]) for row in found["up"]]
    assert texts == sorted(text for text in texts if text is not None) + [None] * texts.count(None)
    assert [row["id"] for row in found["down"]] == [row["id"] for row in reversed(found["up"])]


async def test_search_looks_into_text_and_numbers_never_into_concealed_fields(blog: Blog) -> None:
    found = await blog.read(
        '{ text: articles(search: "ALPHA") { id } number: articles(search: "30") { id } '
        'secret: articles(search: "s1") { id } wild: articles(search: "%") { id } }',
        wire="rest",
    )
    assert found == {"text": [{"id": 1}], "number": [{"id": 3}], "secret": [], "wild": [{"id": 2}]}


async def test_composite_keys_have_an_encoded_and_an_object_form(blog: Blog) -> None:
    found = await blog.read(
        '{ a: lines_by_id(id: "1,2") { label } b: lines_by_id(key: {order_id: 2, number: 1}) { label } '
        'c: lines_by_id(id: "1") { label } d: lines_by_id(id: "1,x") { label } }'
    )
    assert found == {
        "a": {"label": "two"},
        "b": {"label": "three"},
        "c": "FORBIDDEN: You don't have permission to access this.",
        "d": "FORBIDDEN: You don't have permission to access this.",
    }


async def test_a_plan_remembers_structure_never_values(blog: Blog) -> None:
    """Each pair has one shape, or had better not: the second answer must not be the first one's."""

    async def keys(filters: Any, search: str | None = None) -> Any:
        query = 'query ($f: JSON, $s: String) { articles(filter: $f, search: $s, sort: ["id"]) { id } }'
        found = (await blog.read(query, wire="rest", variables={"f": filters, "s": search}))["articles"]
        return found if isinstance(found, str) else [entry["id"] for entry in found]

    assert await keys(None, "") == [1, 2, 3]
    assert await keys(None, "alpha") == [1]
    assert await keys({"views": {"_between": [0, 20]}}) == [1]
    assert (await keys({"views": {"_between": [0]}})).startswith("INVALID_QUERY")
    assert (await keys({"views": {"_between": [0, 20, 40]}})).startswith("INVALID_QUERY")
    assert await keys({"views": {"_between": "20,40"}}) == [3]
    assert await keys({"views": {"_between": {"0": 20, "1": 40}}}) == [3]
    assert await keys({"views": {"_null": "true"}}) == [2]
    assert await keys({"views": {"_null": "false"}}) == [1, 3]
    assert await keys({"meta": {"_json": {"a[0]": {"_in": [1]}}}}) == [1]
    assert await keys({"meta": {"_json": {"a[0]": {"_in": ["x"]}}}}) == []
    assert await keys({"meta": {"_json": {"a[0]": {"_in": [1]}}}}) == [1]
    assert await keys({"updated_at": {"_between": ["$NOW(-1 year)", "$NOW"]}}) == [1]
    assert await keys({"title": {"_in": ["$CURRENT_USER", "Alpha"]}}) == [1]
    assert await keys({"title": {"_in": ["Alpha", "gamma_x"]}}) == [1, 3]

    query = "query ($id: ID!) { lines_by_id(id: $id) { label } }"
    for key, label in (("1,1", "one"), ("1,2", "two"), ("2,1", "three")):
        assert (await blog.read(query, variables={"id": key}))["lines_by_id"] == {"label": label}
    assert str((await blog.read(query, variables={"id": "1"}))["lines_by_id"]).startswith("FORBIDDEN")
    by_key = "query ($a: Int, $k: JSON) { x: lines_by_id(key: {order_id: $a, number: 1}) { label } }"
    assert (await blog.read(by_key, variables={"a": 1}))["x"] == {"label": "one"}
    assert (await blog.read(by_key, variables={"a": 2}))["x"] == {"label": "three"}


async def test_rest_shapes(blog: Blog) -> None:
    found = await blog.read(
        """{ keys: articles @key { id } total: articles_aggregated @first @lift { countAll }
        rows: articles(limit: 1) { author @key { __typename } tags @key { __typename }
            published_at_year: published_at_func @lift { year } n: title @as(name: "a \\"name\\"") }
        by: articles_aggregated(groupBy: ["status"]) { group @lift count: countAll } }""",
        wire="rest",
    )
    assert found == {
        "keys": [1, 2, 3],
        "total": 3,
        "rows": [{"author": 1, "tags": [1, 2], "published_at_year": 2024, 'a "name"': "Alpha"}],
        "by": [{"status": "draft", "count": 1}, {"status": "published", "count": 2}],
    }


async def test_fragments_directives_aliases_and_typenames(blog: Blog) -> None:
    found = await blog.read(
        """query ($yes: Boolean!, $no: Boolean!) {
            __typename
            a: articles(limit: 1) {
                ...Head ... on articles { status @include(if: $no) } ... @skip(if: $yes) { views }
            }
        }
        fragment Head on articles { __typename ...Deep id @include(if: $yes) }
        fragment Deep on articles { author { ... { name } } }""",
        variables={"yes": True, "no": False},
    )
    assert found == {
        "__typename": "Query",
        "a": [{"__typename": "articles", "author": {"name": "Ada"}, "id": "1"}],
    }


async def test_one_statement_whatever_is_asked(blog: Blog) -> None:
    await blog.read(
        '{ a: articles(filter: {author: {name: {_eq: "Ada"}}}) { author { name } tags { tags_id { name } } } '
        "b: articles_aggregated { countAll } c: authors { articles { id } } }"
    )
    assert len(blog.texts) == 1


async def test_a_known_shape_is_not_planned_again(blog: Blog) -> None:
    query = "query ($f: articles_filter, $n: Int) { articles(filter: $f, limit: $n) { id } }"
    plans = blog.engine.holder.current.plans
    await blog.read(query, variables={"f": {"id": {"_eq": 1}}, "n": 1})
    assert len(plans) == 1
    await blog.read(query, variables={"f": {"id": {"_eq": 2}}, "n": 1})
    assert len(plans) == 1
    assert blog.texts[0] == blog.texts[1]
    await blog.read(query, variables={"f": {"id": {"_eq": 2}}, "n": 2})
    assert len(plans) == 2


async def test_a_root_that_fails_leaves_the_others_standing(blog: Blog) -> None:
    found = await blog.read(
        "query ($v: JSON) { good: tags { name } bad: articles(filter: {views: {_eq: $v}}) { id } "
        "gone: articles_by_id(id: 99) { id } }",
        variables={"v": "abc"},
    )
    assert found == {
        "good": [{"name": "red"}, {"name": "green"}],
        "bad": "INVALID_QUERY: Invalid query. Invalid numeric value.",
        "gone": "FORBIDDEN: You don't have permission to access this.",
    }


async def test_values_never_reach_the_text(blog: Blog) -> None:
    marker = "zz'\"; drop table articles; --\\"
    await blog.read(
        "query ($f: articles_filter, $s: String) { articles(filter: $f, search: $s) { id } }",
        variables={"f": {"title": {"_contains": marker}}, "s": marker},
    )
    assert "zz" not in blog.texts[0]
    assert (await blog.read("{ articles_aggregated { countAll } }"))["articles_aggregated"] == [
        {"countAll": 3}
    ]


def _read_filter(text: str) -> Any:
    """A filter in GraphQL notation, or with quoted keys, as plain data."""
    if '"json(' in text or '"year(' in text or '"item:' in text or '"a[0]"' in text:
        return _JSON[text]
    from_literal: Any = _literal(text)
    return from_literal


_JSON = {
    '{"json(meta, a[0])": {_gt: 0}}': {"json(meta, a[0])": {"_gt": 0}},
    '{"year(published_at)": {_eq: 2024}}': {"year(published_at)": {"_eq": 2024}},
    '{blocks: {"item:headings": {text: {_eq: "T1"}}}}': {
        "blocks": {"item:headings": {"text": {"_eq": "T1"}}}
    },
    '{meta: {_json: {"a[0]": {_eq: 1}}}}': {"meta": {"_json": {"a[0]": {"_eq": 1}}}},
}


def _literal(text: str) -> Any:
    return value_from_ast_untyped(parse_value(text))
