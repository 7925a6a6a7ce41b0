"""Class 1: wherever a field can be named, a hidden one is refused exactly as one that does not exist.

{filter, nested filter, quantifiers, many-to-any path, function, count, sort, group, aggregate, alias,
relation, nested arguments} x {unreadable, missing}; concealed fields take null and empty tests only.
"""

from __future__ import annotations

import pytest

from resolvers.permissions import AccessRules, Grant
from tests.support.blog import Blog

#: may read articles without `title`, authors without `email`, texts without `body`; no tags, no headings
READER = AccessRules(
    fingerprint="reader",
    grants={
        ("read", "articles"): (
            Grant(
                fields=frozenset({"id", "views", "author", "tags", "blocks", "secret", "published_at"}),
                rule={"status": {"_eq": "published"}},
            ),
        ),
        ("read", "authors"): (
            Grant(fields=frozenset({"id", "name", "articles"}), rule={"name": {"_neq": "Bob"}}),
        ),
        ("read", "articles_tags"): (Grant(fields=None),),
        ("read", "blocks"): (Grant(fields=None),),
        ("read", "texts"): (Grant(fields=frozenset({"id"})),),
    },
)

#: `{f}` is an unreadable field of articles, `{a}` of authors, `{t}` of texts
PLACES = {
    "field": "{{ articles {{ {f} }} }}",
    "alias": "{{ articles {{ x: {f} }} }}",
    "filter": "{{ articles(filter: {{{f}: {{_null: true}}}}) {{ id }} }}",
    "filter in logic": "{{ articles(filter: {{_or: [{{_and: [{{{f}: {{_eq: 1}}}}]}}]}}) {{ id }} }}",
    "nested filter": "{{ articles(filter: {{author: {{{a}: {{_eq: 1}}}}}}) {{ id }} }}",
    "some": "{{ authors(filter: {{articles: {{_some: {{{f}: {{_eq: 1}}}}}}}}) {{ id }} }}",
    "none": "{{ authors(filter: {{articles: {{_none: {{{f}: {{_eq: 1}}}}}}}}) {{ id }} }}",
    "any path": "{{ articles(filter: {{blocks: {{item__texts: {{{t}: {{_eq: 1}}}}}}}}) {{ id }} }}",
    "sort": '{{ articles(sort: ["{f}"]) {{ id }} }}',
    "sort down": '{{ articles(sort: ["-{f}"]) {{ id }} }}',
    "sort path": '{{ articles(sort: ["author.{a}"]) {{ id }} }}',
    "sort over many": '{{ authors(sort: ["articles.{f}"]) {{ id }} }}',
    "group": '{{ articles_aggregated(groupBy: ["{f}"]) {{ countAll }} }}',
    "group path": '{{ articles_aggregated(groupBy: ["author.{a}"]) {{ countAll }} }}',
    "aggregate": "{{ articles_aggregated {{ max {{ {f} }} }} }}",
    "count": "{{ articles_aggregated {{ count {{ {f} }} }} }}",
    "aggregate sort": '{{ articles_aggregated(groupBy: ["author"], sort: ["max.{f}"]) {{ countAll }} }}',
    "aggregate filter": "{{ articles_aggregated(filter: {{{f}: {{_null: true}}}}) {{ countAll }} }}",
    "relation field": "{{ articles {{ author {{ {a} }} }} }}",
    "relation filter": "{{ articles {{ author(filter: {{{a}: {{_null: true}}}}) {{ id }} }} }}",
    "list filter": "{{ authors {{ articles(filter: {{{f}: {{_null: true}}}}) {{ id }} }} }}",
    "list sort": '{{ authors {{ articles(sort: ["{f}"]) {{ id }} }} }}',
    "any field": "{{ articles {{ blocks {{ item {{ ... on texts {{ {t} }} }} }} }} }}",
    "function": "{{ articles {{ {f}_func {{ year }} }} }}",
    "function in filter": "{{ articles(filter: {{{f}_func: {{year: {{_eq: 1}}}}}}) {{ id }} }}",
    "function in sort": '{{ articles(sort: ["year({f})"]) {{ id }} }}',
    "function in group": '{{ articles_aggregated(groupBy: ["year({f})"]) {{ countAll }} }}',
}


@pytest.mark.parametrize("place", PLACES)
async def test_hidden_and_missing_fields_are_refused_alike(blog: Blog, place: str) -> None:
    hidden = await blog.read(PLACES[place].format(f="title", a="email", t="body"), READER)
    missing = await blog.read(PLACES[place].format(f="titleX", a="emailX", t="bodyX"), READER)
    ((_, refusal),) = hidden.items()
    ((_, other),) = missing.items()
    assert refusal.startswith("FORBIDDEN: ")
    named = {"titleX": "title", "emailX": "email", "bodyX": "body"}
    for long, short in named.items():
        other = other.replace(long, short)
    assert refusal == other
    assert blog.texts == []


@pytest.mark.parametrize(
    "query",
    [
        "{ tags { id } }",
        "{ nope { id } }",
        "{ articles { tags { tags_id { name } } } }",
        "{ articles(filter: {tags: {tags_id: {name: {_eq: 1}}}}) { id } }",
        '{ articles(sort: ["tags.tags_id.name"]) { id } }',
        "{ articles { blocks { item { ... on headings { text } } } } }",
        '{ articles(filter: {blocks: {item__headings: {text: {_eq: "H1"}}}}) { id } }',
        "{ tags_aggregated { countAll } }",
        "{ tags_by_id(id: 1) { id } }",
    ],
)
async def test_hidden_collections_are_refused_on_every_path(blog: Blog, query: str) -> None:
    ((_, refusal),) = (await blog.read(query, READER)).items()
    assert str(refusal).startswith("FORBIDDEN: ")
    assert blog.texts == []


@pytest.mark.parametrize(
    "operator", ["_eq", "_neq", "_starts_with", "_contains", "_in", "_nin", "_gt", "_between"]
)
async def test_concealed_fields_take_no_value(blog: Blog, operator: str) -> None:
    """GHSA-m5q3-8wgf-x8xf: filters must not spell a secret out, letter by letter."""
    found = await blog.read(
        "query ($f: JSON) { articles(filter: $f) { id } }",
        variables={"f": {"secret": {operator: ["s1", "s2"]}}},
    )
    assert found["articles"].startswith("INVALID_QUERY: ")


async def test_concealed_fields_stay_masked_under_an_alias(blog: Blog) -> None:
    """GHSA-p8v3-m643-4xqx."""
    found = await blog.read("{ articles(limit: 1) { h: secret author { articles { k: secret } } } }", READER)
    assert found["articles"] == [{"h": "**********", "author": {"articles": [{"k": "**********"}]}}]


async def test_filters_do_not_reach_past_the_rules_of_the_other_side(blog: Blog) -> None:
    """GHSA-2xcm-7h22-3m66: items the caller may not see answer no question, whatever the path."""
    found = await blog.read(
        '{ a: articles(filter: {author: {name: {_eq: "Bob"}}}) { id } '
        'b: articles(filter: {author: {name: {_starts_with: "B"}}}) { id } '
        'c: articles(sort: ["-author.name"]) { id author { name } } '
        'd: articles_aggregated(groupBy: ["author.name"]) { group countAll } '
        "e: authors(filter: {articles: {_some: {views: {_gt: 0}}}}) { id } "
        "f: articles(filter: {author: {articles: {id: {_eq: 3}}}}) { id } }",
        READER,
        wire="rest",
    )
    assert found["a"] == []
    assert found["b"] == []
    assert found["c"] == [{"id": 3, "author": None}, {"id": 1, "author": {"name": "Ada"}}]
    assert found["d"] == [
        {"group": {"author.name": "Ada"}, "countAll": 1},
        {"group": {"author.name": None}, "countAll": 1},
    ]
    assert found["e"] == [{"id": 1}]
    assert found["f"] == []


async def test_search_looks_only_into_readable_fields(blog: Blog) -> None:
    """GHSA-7wq3-jr35-275c and GHSA-8jpw-gpr4-8cmh."""
    found = await blog.read(
        '{ a: articles(search: "alpha") { id } b: articles_aggregated(search: "alpha") { countAll } '
        'c: articles(search: "s1") { id } d: articles(search: "10") { id } }',
        READER,
        wire="rest",
    )
    assert found == {"a": [], "b": [{"countAll": 0}], "c": [], "d": [{"id": 1}]}


async def test_counts_and_aggregates_obey_the_item_rule(blog: Blog) -> None:
    found = await blog.read(
        "{ articles_aggregated { countAll sum { views } } authors { tags: articles_func { count } } }", READER
    )
    assert found["articles_aggregated"] == [{"countAll": 2, "sum": {"views": 40}}]
    assert found["authors"] == [{"tags": {"count": 1}}]


@pytest.mark.parametrize("value", [[], "$CURRENT_USER.location", "$CURRENT_ROLES"])
async def test_an_empty_list_in_a_rule_grants_nothing(blog: Blog, value: object) -> None:
    """GHSA-hxgm-ghmv-xjjm. A rule that cannot be read any more grants nothing either."""
    rules = AccessRules(
        fingerprint=f"empty {value}",
        grants={("read", "articles"): (Grant(fields=None, rule={"status": {"_in": value}}),)},
    )
    assert (await blog.read("{ articles { id } }", rules))["articles"] == []


@pytest.mark.parametrize(
    "rule",
    [
        {"gone": {"_eq": 1}},
        {"status": {"_bogus": 1}},
        {"views": {"_eq": "abc"}},
        {"_or": []},
        {"author": {"gone": {"_eq": 1}}},
    ],
)
async def test_a_rule_that_means_nothing_grants_nothing(blog: Blog, rule: dict[str, object]) -> None:
    rules = AccessRules(
        fingerprint=f"broken {rule}", grants={("read", "articles"): (Grant(fields=None, rule=rule),)}
    )
    assert (await blog.read("{ articles { id } }", rules))["articles"] == []


async def test_policies_unite_per_item_and_per_field(blog: Blog) -> None:
    """GHSA-99vm-5v2h-h6r6: a field granted under one rule is not seen where only another rule holds."""
    rules = AccessRules(
        fingerprint="united",
        grants={
            ("read", "articles"): (
                Grant(fields=frozenset({"id", "title"}), rule={"id": {"_eq": 1}}),
                Grant(fields=frozenset({"id", "views"}), rule={"id": {"_eq": 3}}),
            )
        },
    )
    found = await blog.read(
        '{ a: articles { id title views } b: articles(filter: {title: {_eq: "gamma_x"}}) { id } '
        'c: articles(filter: {views: {_gt: 0}}) { id } d: articles(sort: ["-views", "id"]) { id } '
        "e: articles_aggregated { count { title views } max { views } } "
        's: articles(search: "gamma") { id } }',
        rules,
        wire="rest",
    )
    assert found == {
        "a": [{"id": 1, "title": "Alpha", "views": None}, {"id": 3, "title": None, "views": 30}],
        "b": [],
        "c": [{"id": 3}],
        "d": [{"id": 1}, {"id": 3}],
        "e": [{"count": {"title": 1, "views": 1}, "max": {"views": 30}}],
        "s": [],
    }


@pytest.mark.parametrize("fields", ["title author { id }", "author { id } title", "author { id name } title"])
async def test_a_rule_over_a_relation_does_not_share_the_callers_join(blog: Blog, fields: str) -> None:
    """Whether `title` and `author` are seen is decided on the author as it is, not as the caller sees it."""
    nameless: dict[str, object] = {"author": {"name": {"_null": True}}}
    for number, rule in enumerate((None, {"name": {"_eq": "Ada"}})):
        rules = AccessRules(
            fingerprint=f"joins {fields} {number}",
            grants={
                ("read", "authors"): (Grant(fields=None, rule=rule),),
                ("read", "articles"): (
                    Grant(fields=None, rule=nameless),
                    Grant(fields=frozenset({"id"})),
                ),
            },
        )
        found = await blog.read(f"{{ articles {{ id {fields} }} }}", rules)
        by_id = {item["id"]: item for item in found["articles"]}
        assert by_id["1"] == {"id": "1", "title": None, "author": None}
        assert by_id["3"] == {"id": "3", "title": None, "author": None}
        assert by_id["2"]["title"] == 'Be"ta 100%'
