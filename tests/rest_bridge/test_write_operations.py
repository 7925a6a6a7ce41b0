"""Changes as the GraphQL mutations they become."""

from __future__ import annotations

from typing import Any, Final

import pytest
from graphql import get_variable_values, parse, print_ast, validate

from resolvers.permissions import NOTHING
from rest_bridge.bodies import Change
from schema_gen.errors import CausewayError
from schema_gen.graphql.build import build_schema
from schema_gen.graphql.lazy import LazySchema
from schema_gen.graphql.view import Everything
from schema_gen.naming import Names
from tests.support.blog import blog_snapshot
from tests.support.rest import on_one_line, readable, write_template

BLOG: Final = blog_snapshot("sqlite")
ITEM: Final = {"title": "A"}


def text(change: Change, query: str = "", **more: Any) -> tuple[str, dict[str, Any]]:
    _, operation = write_template(BLOG, change, query, **more)
    return on_one_line(operation).removeprefix("mutation ").removesuffix(" }"), dict(operation.variables)


@pytest.mark.parametrize(
    ("change", "query", "more", "expected"),
    [
        (Change(kind="create_item", payload=ITEM), "fields=id,author.name", {},
         "($payload: JSON!) { data: create_articles_item(payload: $payload) { id author { name } }"),
        (Change(kind="create_items", payload=[ITEM]), "fields=id&sort=-id&limit=1", {},
         "($payload: JSON!) "
         '{ data: create_articles_items(payload: $payload, sort: ["-id"], limit: 1) { id }'),
        (Change(kind="create_item", payload=ITEM), "fields=id&limit=1", {"on_conflict": ("slug",)},
         "($payload: JSON!, $on_conflict: [String!]) "
         "{ data: create_articles_item(payload: $payload, on_conflict: $on_conflict) { id }"),
        (Change(kind="update_item", key="7", payload=ITEM), "fields=id", {"if_match": ("a",)},
         "($id: JSON!, $payload: JSON!, $if_match: [String!]) "
         "{ data: update_articles_item(id: $id, payload: $payload, if_match: $if_match) { id }"),
        (Change(kind="update_item", key="7", payload=ITEM, upsert=True), "fields=id", {},
         "($id: JSON!, $payload: JSON!) "
         "{ data: update_articles_item(id: $id, payload: $payload, upsert: true) { id }"),
        (Change(kind="update_items", ids=[1], payload=ITEM), "fields=id&filter[views]=1",
         {"max_affected": 5},
         "($payload: JSON!, $ids: [JSON!], $max_affected: Int, $filter: articles_filter) "
         "{ data: update_articles_items(payload: $payload, ids: $ids, max_affected: $max_affected, "
         "filter: $filter) { id }"),
        (Change(kind="update_batch", payload=[{"id": 1}]), "fields=id&search=x", {},
         "($payload: JSON!, $search: String) "
         "{ data: update_articles_batch(payload: $payload, search: $search) { id }"),
        # a query chooses the items, the query string says what they look like
        (Change(kind="update_items", payload=ITEM,
                chosen={"filter": {"id": 1}, "sort": ["-when"], "limit": 2, "alias": {"when": "published_at"},
                        "fields": ["views"]}),
         "fields=id,when&filter[id]=2&sort=id&limit=9&alias[when]=title", {},
         "($payload: JSON!, $filter: articles_filter) "
         "{ data: update_articles_items"
         '(payload: $payload, filter: $filter, sort: ["-published_at"], limit: 2) { id when: title }'),
        (Change(kind="delete_items", ids=["1", 2]), "filter[id]=3&limit=1", {},
         "($ids: [JSON!]) { data: delete_articles_items(ids: $ids) { ids }"),
        (Change(kind="delete_items", chosen={"search": "x", "page": 2, "limit": 5}), "", {},
         "($search: String) "
         "{ data: delete_articles_items(search: $search, limit: 5, page: 2) { ids }"),
        (Change(kind="delete_item", key="7"), "fields=nope", {},
         "($id: JSON!) { data: delete_articles_item(id: $id) @key { __typename }"),
        # what a deletion is bound to is read
        (Change(kind="delete_item", key="7"), "fields=title", {"if_match": ("a",)},
         "($id: JSON!, $if_match: [String!]) "
         "{ data: delete_articles_item(id: $id, if_match: $if_match) { title }"),
        # as in a read, an item with nothing to show is its key
        (Change(kind="create_item", payload=ITEM), "fields=title.nope", {},
         "($payload: JSON!) { data: create_articles_item(payload: $payload) @key { __typename }"),
    ],
)  # fmt: skip
def test_operations(change: Change, query: str, more: dict[str, Any], expected: str) -> None:
    assert text(change, query, **more)[0] == expected


def test_values_are_variables() -> None:
    """Those of the query that chooses follow those of the query string."""
    chosen = Change(kind="update_items", payload=ITEM, chosen={"filter": {"id": 1}, "search": "x"})
    query = "fields=tags.id&deep[tags][_filter][id]=3&filter[id]=2&search=y"
    assert text(chosen, query, max_affected=1)[1] == {
        "payload": ITEM,
        "max_affected": 1,
        "filter": {"id": {"_eq": 1}},
        "search": "x",
        "filter_2": {"id": {"_eq": "3"}},
    }


@pytest.mark.parametrize(
    ("change", "query", "rules", "expected", "silent"),
    [
        # who may not read is told nothing, and writes all the same
        (Change(kind="create_item", payload=ITEM), "fields=id", NOTHING,
         "($payload: JSON!) { data: create_articles_item(payload: $payload)", True),
        (Change(kind="create_item", payload=ITEM), "fields=id,views", readable(articles="id,title"),
         "($payload: JSON!) { data: create_articles_item(payload: $payload) @key { __typename }", True),
        (Change(kind="create_item", payload=ITEM), "fields=*", readable(articles="id,title"),
         "($payload: JSON!) { data: create_articles_item(payload: $payload) { id title }", False),
        (Change(kind="delete_item", key="1"), "", NOTHING,
         "($id: JSON!) { data: delete_articles_item(id: $id)", True),
    ],
)  # fmt: skip
def test_what_may_not_be_read(change: Change, query: str, rules: Any, expected: str, silent: bool) -> None:
    made, operation = write_template(BLOG, change, query, rules=rules)
    assert on_one_line(operation) == f"mutation {expected} }}"
    assert made.silent == silent


@pytest.mark.parametrize(
    ("change", "query", "code"),
    [
        (Change(kind="create_item", payload=ITEM), "fields=count(title)", "INVALID_QUERY"),
        (Change(kind="create_item", payload=ITEM), "aggregate[count]=*", "INVALID_QUERY"),
        (Change(kind="update_items", ids=[1], payload=ITEM), "groupBy=title", "INVALID_QUERY"),
        (Change(kind="delete_items", chosen={"aggregate": {"count": "*"}}), "", "INVALID_QUERY"),
        (Change(kind="delete_items", chosen={"limit": "x"}), "", "INVALID_QUERY"),
        (Change(kind="update_singleton", payload=ITEM), "", "FORBIDDEN"),
    ],
)  # fmt: skip
def test_refused(change: Change, query: str, code: str) -> None:
    with pytest.raises(CausewayError) as refused:
        write_template(BLOG, change, query)
    assert refused.value.code == code


# --- against the internal schema ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def internal_schema() -> LazySchema:
    return build_schema(BLOG, Names.of(BLOG), Everything(BLOG), "items", internal=True)


CHANGES: Final[tuple[tuple[Change, dict[str, Any]], ...]] = (
    (Change(kind="create_item", payload=ITEM), {"on_conflict": ("title",)}),
    (Change(kind="create_items", payload=[ITEM]), {"on_conflict": ("title",)}),
    (Change(kind="update_item", key="7", payload=ITEM, upsert=True), {"if_match": ("a",)}),
    (Change(kind="update_items", ids=[1, "2"], payload=ITEM), {"max_affected": 5}),
    (
        Change(kind="update_items", payload=ITEM, chosen={"filter": {"id": 1}, "search": "x", "page": 2}),
        {"max_affected": 5},
    ),
    (Change(kind="update_batch", payload=[{"id": 1}]), {}),
    (Change(kind="delete_item", key="7"), {}),
    (Change(kind="delete_item", key="7"), {"if_match": ("a",)}),
    (Change(kind="delete_items", ids=[1]), {"max_affected": 5}),
    (Change(kind="delete_items", chosen={"filter": {"id": 1}, "sort": "-id", "limit": 3}), {}),
)
QUERIES: Final = (
    "",
    "fields=*.*",
    "fields=id,author.name,tags.tags_id.name,blocks.item:texts.body,year(published_at)&alias[k]=title",
    "fields=tags&deep[tags][_filter][id]=3&deep[tags][_limit]=1&filter[views]=1&search=x&sort=-id&limit=3",
    "fields=nope",
)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(("change", "more"), CHANGES)
def test_every_operation_is_valid_graphql(
    internal_schema: LazySchema, change: Change, more: dict[str, Any], query: str
) -> None:
    """As made and as read back from its text; the variables too."""
    _, operation = write_template(BLOG, change, query, **more)
    assert validate(internal_schema, operation.document) == []
    assert validate(internal_schema, parse(print_ast(operation.document))) == []
    definitions = operation.definition.variable_definitions or ()
    variables = {name: list(v) if isinstance(v, tuple) else v for name, v in operation.variables.items()}
    assert not isinstance(get_variable_values(internal_schema, definitions, variables), list)
