"""The union of policies: per item and per field, against a model that asks each rule by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolvers.context import Actor
from resolvers.permissions import NOTHING, UNRESTRICTED, AccessRules, Action, Gate, Grant
from schema_gen.errors import CausewayError
from tests.support.blog import Blog, blog_snapshot

FIELDS = ("title", "status", "views", "author", "tags", "meta")
ACTOR = Actor(kind="user", user="Alpha", role="draft", roles=("draft", "other"), policies=("p",))
GREEN = {"tags_id": {"name": {"_eq": "green"}}}
RULES: list[Mapping[str, Any] | None] = [
    None,
    {},
    {"status": {"_eq": "published"}},
    {"status": {"_eq": "draft"}},
    {"status": {"_in": []}},
    {"status": {"_nin": []}},
    {"status": {"_in": "$CURRENT_ROLES"}},
    {"views": {"_gt": 15}},
    {"views": {"_null": True}},
    {"title": {"_eq": "$CURRENT_USER"}},
    {"published_at": {"_lt": "$NOW"}},
    {"published_at": {"_lt": "$NOW(-2 years)"}},
    {"author": {"_null": True}},
    {"author": {"name": {"_eq": "Ada"}}},
    {"author": {"articles": {"_some": {"views": {"_gt": 15}}}}},
    {"tags": {"_some": GREEN}},
    {"tags": {"_none": GREEN}},
    {"_or": [{"id": {"_eq": 1}}, {"status": {"_eq": "draft"}}]},
    {"_and": [{"id": {"_neq": 1}}, {"author": {"_nnull": True}}]},
]

grants = st.lists(
    st.builds(
        Grant,
        fields=st.none() | st.frozensets(st.sampled_from(FIELDS)).map(lambda names: names | {"id"}),
        rule=st.sampled_from(RULES),
    ),
    min_size=1,
    max_size=4,
)
FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


AUTHOR_RULES: list[Mapping[str, Any] | None] = [
    None,
    {"name": {"_eq": "Ada"}},
    {"born": {"_null": True}},
    {"articles": {"_some": {"views": {"_gt": 15}}}},
    {"id": {"_in": []}},
]


def rules_of(given_grants: Sequence[Grant], authors: Mapping[str, Any] | None = None) -> AccessRules:
    own = tuple(given_grants)
    others = (Grant(fields=None),)
    everything: dict[tuple[Action, str], tuple[Grant, ...]] = {
        ("read", "tags"): others,
        ("read", "articles_tags"): others,
        ("read", "authors"): (Grant(fields=None, rule=authors),),
        ("read", "articles"): own,
    }
    # the fingerprint keys plans: it has to tell these apart
    return AccessRules(grants=everything, fingerprint=repr((own, authors)))


async def items(blog: Blog, rules: AccessRules, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """id -> the item, read under these rules; relations as ids."""
    spelled = {"author": "author { id }", "tags": "tags { id }"}
    asked = " ".join(spelled.get(name, name) for name in ("id", *names))
    found = await blog.read(f"{{ articles(limit: -1) {{ {asked} }} }}", rules, actor=ACTOR)
    assert isinstance(found["articles"], list), found
    return {item["id"]: item for item in found["articles"]}


async def meeting(blog: Blog, rule: Mapping[str, Any] | None, collection: str = "articles") -> set[str]:
    """The ids of the items that a rule by itself allows, asked as a filter by somebody who may see all."""
    query = f"query ($f: {collection}_filter) {{ {collection}(filter: $f, limit: -1) {{ id }} }}"
    found = await blog.read(query, UNRESTRICTED, variables={"f": rule or None}, actor=ACTOR)
    return {item["id"] for item in found[collection]}


def granting(own: Sequence[Grant], name: str) -> list[Grant]:
    return [grant for grant in own if grant.fields is None or name in grant.fields]


@FEW
@given(own=grants, order=st.permutations(FIELDS), authors=st.sampled_from(AUTHOR_RULES))
async def test_items_and_fields_are_those_of_the_rules_one_by_one(
    blog: Blog, own: list[Grant], order: list[str], authors: Mapping[str, Any] | None
) -> None:
    allowed = {name: granting(own, name) for name in order}
    names = [name for name in order if allowed[name]]
    seen = await items(blog, rules_of(own, authors), names)
    met = {id(grant): await meeting(blog, grant.rule) for grant in own}
    seen_authors = await meeting(blog, authors, "authors")
    assert set(seen) == set[str]().union(*met.values())
    whole = await items(blog, UNRESTRICTED, names)
    for key, item in seen.items():
        for name in names:
            visible = any(key in met[id(grant)] for grant in allowed[name])
            value = whole[key][name]
            if name == "author" and value is not None:
                visible = visible and value["id"] in seen_authors
            hidden: Any = [] if name == "tags" else None
            assert item[name] == (value if visible else hidden), (key, name)


@FEW
@given(own=grants, more=grants)
async def test_more_permission_never_removes_anything(
    blog: Blog, own: list[Grant], more: list[Grant]
) -> None:
    names = [name for name in FIELDS if granting(own, name)]
    before = await items(blog, rules_of(own), names)
    after = await items(blog, rules_of([*own, *more]), names)
    for key, item in before.items():
        for name, value in item.items():
            assert value in (None, []) or after[key][name] == value


@FEW
@given(own=grants)
async def test_counts_pages_and_search_see_no_more_than_the_list(blog: Blog, own: list[Grant]) -> None:
    rules = rules_of(own)
    seen = await items(blog, rules, [])
    query = """{ articles_aggregated { count { id } }
                 page: articles(sort: ["-id"], limit: 1) { id }
                 rest: articles(sort: ["-id"], offset: 1) { id }
                 found: articles(search: "a") { id } }"""
    found = await blog.read(query, rules, actor=ACTOR)
    assert found["articles_aggregated"] == [{"count": {"id": len(seen)}}]
    assert sorted(item["id"] for item in [*found["page"], *found["rest"]]) == sorted(seen)
    assert {item["id"] for item in found["found"]} <= set(seen)


@FEW
@given(own=grants, name=st.sampled_from(("title", "status", "views")))
async def test_a_value_that_is_not_seen_cannot_be_found_out(blog: Blog, own: list[Grant], name: str) -> None:
    """Filter, sort, group, min and max work on what the caller sees: null where the field is not granted."""
    if not granting(own, name):
        return
    rules = rules_of(own)
    seen = {key: item[name] for key, item in (await items(blog, rules, [name])).items()}
    for value in {"Alpha", "gamma_x", "published", "draft"} if name != "views" else {10, 30}:
        query = f"{{ articles(filter: {{ {name}: {{ _eq: {json.dumps(value)} }} }}) {{ id }} }}"
        found = await blog.read(query, rules, actor=ACTOR)
        assert {item["id"] for item in found["articles"]} == {k for k, v in seen.items() if v == value}
    query = f'{{ articles_aggregated(groupBy: ["{name}"]) {{ group }} }}'
    found = await blog.read(query, rules, actor=ACTOR)
    assert {row["group"][name] for row in found["articles_aggregated"]} == set(seen.values())
    query = f"{{ articles_aggregated {{ count {{ {name} }} countDistinct {{ {name} }} }} }}"
    found = await blog.read(query, rules, actor=ACTOR)
    values = [value for value in seen.values() if value is not None]
    assert found["articles_aggregated"] == [
        {"count": {name: len(values)}, "countDistinct": {name: len(set(values))}}
    ]


# --- the gate ------------------------------------------------------------------------------------------


def gate(*own: Grant) -> Gate:
    return Gate(rules_of(own), blog_snapshot("sqlite"))


def test_an_administrator_has_every_field_and_no_condition() -> None:
    scope = Gate(UNRESTRICTED, blog_snapshot("sqlite")).scope("delete", "articles")
    assert scope is not None
    assert scope.condition is None
    assert "secret" in scope.fields


def test_nothing_is_nothing() -> None:
    snapshot = blog_snapshot("sqlite")
    for name in (*snapshot.collections, "missing"):
        assert Gate(NOTHING, snapshot).scope("read", name) is None
    assert Gate(UNRESTRICTED, snapshot).scope("read", "missing") is None


def test_a_grant_is_for_its_action_only() -> None:
    for action in get_args(Action):
        scope = gate(Grant(fields=None)).scope(action, "articles")
        assert (scope is not None) == (action == "read")


def test_fields_that_do_not_exist_are_not_granted() -> None:
    scope = gate(Grant(fields=frozenset({"id", "gone"}))).scope("read", "articles")
    assert scope is not None
    assert scope.fields == {"id"}


def test_only_fields_under_a_narrower_rule_have_one_of_their_own() -> None:
    wide = Grant(fields=frozenset({"id", "title"}))
    narrow = Grant(fields=frozenset({"id", "status"}), rule={"id": {"_eq": 1}})
    scope = gate(wide, narrow).scope("read", "articles")
    assert scope is not None
    assert scope.condition is None
    assert set(scope.field_conditions) == {"status"}
    assert scope.grants == (wide, narrow)


@pytest.mark.parametrize(
    "rule", [{"gone": {"_eq": 1}}, {"author": {"gone": {"_eq": 1}}}, {"id": {"_bogus": 1}}]
)
async def test_a_rule_that_no_longer_fits_takes_nothing_from_the_others(
    blog: Blog, rule: Mapping[str, Any]
) -> None:
    """A deleted field must not turn a rule into no rule, nor shut everybody out."""
    good = Grant(fields=frozenset({"id"}), rule={"status": {"_eq": "draft"}})
    try:
        seen = await items(blog, rules_of([good, Grant(fields=frozenset({"id"}), rule=rule)]), [])
    except CausewayError as error:
        pytest.fail(f"the gate raised {error}")
    assert set(seen) == {"2"}
