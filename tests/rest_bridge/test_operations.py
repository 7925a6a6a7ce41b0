"""Requests as the GraphQL operations they become."""

from __future__ import annotations

from typing import Any, Final

import pytest
from graphql import parse, print_ast, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from rest_bridge.operations import Template
from schema_gen.errors import CausewayError
from schema_gen.graphql.build import build_schema
from schema_gen.graphql.lazy import LazySchema
from schema_gen.graphql.view import Everything
from schema_gen.naming import Names
from tests.support.blog import blog_snapshot
from tests.support.rest import operation, readable, template, written

BLOG: Final = blog_snapshot("sqlite")


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ("fields=id,title", "{ id title }"),
        ("fields=title,id,title", "{ title id }"),
        # relations without fields of their own are keys
        ("fields=author", "{ author @key { __typename } }"),
        ("fields=tags", "{ tags @key { __typename } }"),
        ("fields=author.name,title", "{ author { name } title }"),
        ("fields=author,author.name", "{ author { name } }"),
        ("fields=tags.tags_id.name,tags.id", "{ tags { tags_id { name } id } }"),
        # many-to-any: every collection is a branch, those nobody asked of are keys
        ("fields=blocks.item", "{ blocks { item @key { __typename } } }"),
        ("fields=blocks.item:texts.body",
         "{ blocks { item { ... on headings @key { __typename } ... on texts { body } } } }"),
        ("fields=blocks.item.id",
         "{ blocks { item { ... on headings { id } ... on texts { id } } } }"),
        ("fields=blocks.item:nope.x",
         "{ blocks { item { ... on headings @key { __typename } ... on texts @key { __typename } } } }"),
        # functions
        ("fields=year(published_at),count(tags)",
         "{ published_at_year: published_at_func @lift { year } tags_count: tags_func @lift { count } }"),
        ("fields=count(author.articles)", "{ author { articles_count: articles_func @lift { count } } }"),
        ("fields=json(meta, a.b[0])", '{ meta_a_b_0_json: meta_func @lift { json(path: "a.b[0]") } }'),
        # aliases: those of plain fields stand last
        ("fields=heading,id&alias[heading]=title", "{ id heading: title }"),
        ("fields=writer.name,author&alias[writer]=author",
         "{ writer: author { name } author @key { __typename } }"),
        ("fields=when,id&alias[when]=year(published_at)", "{ id when: published_at_func @lift { year } }"),
        ("fields=a b,id&alias[a b]=title", '{ id as_1: title @as(name: "a b") }'),
        ("fields=__x,id&alias[__x]=title", '{ id as_1: title @as(name: "__x") }'),
        # an item with nothing to show is its key
        ("fields=title.nope", "@key { __typename }"),
        ("fields=nope.name", "@key { __typename }"),
        ("fields=heading&alias[heading]=title", "@key { __typename }"),
        ("fields=author.nope.name", "{ author @key { __typename } }"),
        # deep
        ("fields=tags.id&deep[tags][_limit]=2&deep[tags][_sort]=-id",
         '{ tags(sort: ["-id"], limit: 2) { id } }'),
        ("fields=tags&deep[tags][_offset]=1", "{ tags(offset: 1) @key { __typename } }"),
        ("fields=author.name&deep[author][_limit]=1", "{ author { name } }"),
        ("fields=t.id&alias[t]=tags&deep[t][_page]=2", "{ t: tags(page: 2) { id } }"),
        ("fields=id&deep[tags][_limit]=2", "{ id }"),
        ("fields=tags,author.id&deep[tags][_fields]=id&deep[author][_fields][]=name",
         "{ tags { id } author { id name } }"),
        ("fields=id&deep[tags][_fields]=id", "{ id }"),
        ("fields=tags.n,tags.id&deep[tags][_alias][n]=tags_id",
         "{ tags { id n: tags_id @key { __typename } } }"),
        ("fields=tags&deep[tags][_aggregate][count]=*&deep[tags][_aggregate][max]=id&deep[tags][_group]=tags_id",
         '{ tags @aggregated(groupBy: ["tags_id"], of: ["count", "max.id"]) { __typename } }'),
    ],
)  # fmt: skip
def test_selections(query: str, data: str) -> None:
    assert written(BLOG, query) == f"data: articles {data}"


@pytest.mark.parametrize(
    ("query", "text", "variables"),
    [
        ("sort=-id,author.name&limit=2&offset=4&fields=id",
         'data: articles(sort: ["-id", "author.name"], limit: 2, offset: 4) { id }', {}),
        ("limit=0&page=0&fields=id", "data: articles(limit: 0, page: 0) { id }", {}),
        ("limit=-1&fields=id", "data: articles(limit: -1) { id }", {}),
        ("sort=-heading&alias[heading]=title&fields=id", 'data: articles(sort: ["-title"]) { id }', {}),
        ("filter[status]=draft&search=x&fields=id",
         "query ($filter: articles_filter, $search: String) "
         "{ data: articles(filter: $filter, search: $search) { id }",
         {"filter": {"status": {"_eq": "draft"}}, "search": "x"}),
        ("fields=author.name,tags.id&deep[author][_filter][name]=Ada&deep[tags][_filter][id][_in]=1,2&filter[id]=1",
         "query ($filter: articles_filter, $filter_1: authors_filter, $filter_2: articles_tags_filter) "
         "{ data: articles(filter: $filter) "
         "{ author(filter: $filter_1) { name } tags(filter: $filter_2) { id } }",
         {"filter": {"id": {"_eq": "1"}}, "filter_1": {"name": {"_eq": "Ada"}},
          "filter_2": {"id": {"_in": ["1", "2"]}}}),
        # what nobody selects is not filtered, and not sent along
        ("fields=id&deep[tags][_filter][id]=1", "data: articles { id }", {}),
        ("fields=author&deep[author][_filter][name]=Ada",
         "data: articles { author @key { __typename } }", {}),
        ("fields=blocks.item:texts.id&deep[blocks][item:texts][_filter][body]=x",
         "query ($filter_0: JSON) { data: articles { blocks { item "
         "{ ... on headings @key { __typename } ... on texts @only(filter: $filter_0) { id } } } }",
         {"filter_0": {"body": {"_eq": "x"}}}),
        ("meta=*&filter[id]=1&fields=id",
         "query ($filter: articles_filter) { total_count: articles_aggregated @first @lift { countAll } "
         "filter_count: articles_aggregated(filter: $filter) @first @lift { countAll } "
         "data: articles(filter: $filter) { id }",
         {"filter": {"id": {"_eq": "1"}}}),
        ("aggregate[count]=*", "data: articles_aggregated { count: countAll }", {}),
        ("aggregate[countAll]=*", "data: articles_aggregated { countAll }", {}),
        ("aggregate[count]=id&aggregate[sum]=views,price",
         "data: articles_aggregated { count { id } sum { views price } }", {}),
        ("aggregate[count]=*,id", "data: articles_aggregated { count { id } }", {}),
        ("aggregate[count]=*&groupBy=status,year(published_at)&sort=-count&limit=3",
         'data: articles_aggregated(groupBy: ["status", "year(published_at)"], sort: ["-count"], limit: 3) '
         "{ group @lift count: countAll }", {}),
        ("groupBy=status", 'data: articles_aggregated(groupBy: ["status"]) { group @lift }', {}),
        ("aggregate[count]=*&groupBy=status&meta=filter_count",
         "filter_count: articles_aggregated @first @lift { countAll } "
         'data: articles_aggregated(groupBy: ["status"]) { group @lift count: countAll }', {}),
    ],
)  # fmt: skip
def test_roots_and_variables(query: str, text: str, variables: dict[str, Any]) -> None:
    assert written(BLOG, query) == text
    assert operation(BLOG, query).variables == variables


def test_one_item_and_own_rows() -> None:
    assert written(BLOG, "fields=id", verb="one") == "query ($id: ID!) { data: articles_by_id(id: $id) { id }"
    made, values = template(BLOG, "fields=id&filter[a]=1&limit=0&meta=*", verb="one")
    assert made.operation(values, "7").variables == {"id": "7"}


def test_wildcards_give_what_may_be_read() -> None:
    rules = readable(articles="id,title,author,tags,secret", authors="id,name", articles_tags=None)
    assert written(BLOG, "", rules=rules) == (
        "data: articles { id title author @key { __typename } tags @key { __typename } secret }"
    )
    assert written(BLOG, "fields=*.*", rules=rules) == (
        "data: articles { author { id name } tags { id articles_id @key { __typename } "
        "tags_id @key { __typename } } id title secret }"
    )
    # what lies behind a relation cannot be read: the relation is not followed
    hidden = readable(articles="id,author,tags")
    assert written(BLOG, "", rules=hidden) == "data: articles { id author @key { __typename } }"
    assert written(BLOG, "fields=*.*", rules=hidden) == "data: articles { id }"
    assert written(BLOG, "fields=author.name,tags", rules=hidden) == "data: articles @key { __typename }"
    assert written(BLOG, "fields=*&alias[t]=title&alias[i]=id", rules=hidden) == (
        "data: articles { id author @key { __typename } i: id }"
    )


def test_wildcards_of_other_kinds() -> None:
    assert written(BLOG, "fields=author.*") == (
        "data: articles { author { id name email born articles @key { __typename } } }"
    )
    assert written(BLOG, "fields=*.id", collection="articles_tags") == (
        "data: articles_tags { articles_id { id } tags_id { id } id }"
    )
    assert written(BLOG, "fields=blocks.item.*") == (
        "data: articles { blocks { item { ... on headings { id text } ... on texts { id body } } } }"
    )
    assert written(BLOG, "fields=t.*&alias[t]=tags") == (
        "data: articles { t: tags { id articles_id @key { __typename } tags_id @key { __typename } } }"
    )


def test_without_backlink_wildcards_do_not_turn_back() -> None:
    back = written(BLOG, "fields=*.*.*&backlink=false", collection="authors")
    assert back == (
        "data: authors { articles { tags { id articles_id @key { __typename } tags_id @key { __typename } } "
        "blocks { id articles_id @key { __typename } collection item @key { __typename } } "
        "id title status views rating published_at updated_at meta keywords featured price big "
        "author @key { __typename } secret } id name email born }"
    )
    explicit = written(BLOG, "fields=articles.author.name&backlink=false", collection="authors")
    assert explicit == "data: authors { articles { author { name } } }"


@pytest.mark.parametrize(
    ("query", "code", "reason"),
    [
        ("fields=nope", "FORBIDDEN",
         'field "nope" in collection "articles" or it does not exist. Queried in root.'),
        ("fields=email,nope", "FORBIDDEN",
         'fields "email", "nope" in collection "articles" or they do not exist. Queried in root.'),
        ("fields=author.nope", "FORBIDDEN",
         'field "nope" in collection "authors" or it does not exist. Queried in "author".'),
        ("fields=author.email,title.x", "FORBIDDEN",
         'field "email" in collection "authors" or it does not exist. Queried in "author".'),
        # the nearest level speaks first
        ("fields=author.nope,nope", "FORBIDDEN", 'field "nope" in collection "articles"'),
        ("fields=x&alias[x]=nope", "FORBIDDEN", 'field "nope" in collection "articles"'),
        ("fields=x&alias[x]=views", "FORBIDDEN", 'field "views" in collection "articles"'),
        ("fields=blocks.item:texts.nope", "FORBIDDEN",
         'field "nope" in collection "texts" or it does not exist. Queried in "blocks.item:texts".'),
        ("fields=year(views)", "FORBIDDEN", 'field "views" in collection "articles"'),
        ("fields=year(nope)", "FORBIDDEN", 'field "nope" in collection "articles"'),
        ("fields=bogus(title)", "INVALID_QUERY", 'Invalid function specified "bogus"'),
        ("fields=year(title)", "INVALID_QUERY", 'Invalid function specified "year"'),
        ("fields=count(author)", "INVALID_QUERY", 'Invalid function specified "count"'),
        ("fields=json(meta)", "INVALID_QUERY", "Invalid json() syntax: requires json(field, path) format"),
        ("fields=count(tags, x)", "INVALID_QUERY", "Invalid json() syntax"),
        ("aggregate[sum]=views", "FORBIDDEN", 'field "views" in collection "articles"'),
        ("aggregate[min]=*", "FORBIDDEN", 'field "*" in collection "articles"'),
        ("aggregate[count]=tags", "FORBIDDEN", 'field "tags" in collection "articles"'),
        ("aggregate[count]=year(published_at)", "FORBIDDEN",
         'field "year(published_at)" in collection "articles"'),
        ("fields=" + "author.articles." * 5 + "id", "INVALID_QUERY", "Max relational depth exceeded"),
        ("fields=" + "*." * 10 + "*", "INVALID_QUERY", "Max relational depth exceeded"),
    ],
)  # fmt: skip
def test_refusals(query: str, code: str, reason: str) -> None:
    rules = readable(
        articles="id,title,author,tags,blocks,meta,published_at", authors="id,name,articles",
        articles_tags=None, blocks=None, texts=None, headings=None,
    )  # fmt: skip
    with pytest.raises(CausewayError) as caught:
        written(BLOG, query, rules=rules)
    assert caught.value.code == code
    assert reason in str(caught.value.extensions["reason"])


def test_hidden_and_missing_fields_are_refused_alike() -> None:
    rules = readable(articles="id,author", authors="id")
    for spelled in ("{}", "id,{}", "author.{}", "count({})", "year({})", "json({}, a)"):
        told = []
        for collection_field in ("title", "nope"):
            with pytest.raises(CausewayError) as caught:
                written(BLOG, f"fields={spelled.format(collection_field)}", rules=rules)
            told.append(caught.value.message.replace(collection_field, "?"))
        assert told[0] == told[1]


def test_a_collection_that_may_not_be_read() -> None:
    for query in ("", "fields=id", "aggregate[count]=*", "groupBy=id"):
        with pytest.raises(
            CausewayError, match=r'collection "articles" or it does not exist\. Queried in root'
        ):
            written(BLOG, query, rules=readable(authors=None))


def test_a_wildcard_of_wildcards_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert written(BLOG, "fields=*.*.*.*")
    monkeypatch.setattr("rest_bridge.fields.MAX_NODES", 50)
    with pytest.raises(CausewayError, match="asks for more than 50 fields"):
        written(BLOG, "fields=*.*.*.*")


def test_names_that_graphql_cannot_spell() -> None:
    snapshot = _odd()
    assert written(snapshot, "", collection="Order Details") == (
        'data: Order_Details { id as_1: unit_price @as(name: "unit price") '
        'as_2: count_x_ @as(name: "count(x)") }'
    )
    assert written(snapshot, "aggregate[sum]=unit price", collection="Order Details") == (
        'data: Order_Details_aggregated { sum { as_1: unit_price @as(name: "unit price") } }'
    )


def _odd() -> Any:
    from_blog = BLOG.collections["tags"]
    price = BLOG.collections["articles"].fields["views"]
    fields = {
        "id": _renamed(from_blog.fields["id"], "id"),
        "unit price": _renamed(price, "unit price"),
        "count(x)": _renamed(price, "count(x)"),
    }
    home = type(from_blog)(name="Order Details", fields=fields, primary_key=("id",))
    return type(BLOG)(dialect="sqlite", collections={"Order Details": home})


def _renamed(field: Any, name: str) -> Any:
    return type(field)(collection="Order Details", name=name, type=field.type, column=field.column)


# --- laws ---------------------------------------------------------------------------------------------------

_PLAIN = st.sampled_from(
    ["id", "title", "status", "views", "published_at", "meta", "*", "author", "tags", "nope.x"]
)
_BELOW = st.sampled_from(
    ["author.name", "author.*", "author.articles.id", "author.articles.author.*", "tags.*",
     "tags.tags_id.name", "*.*", "*.*.*", "blocks.*", "blocks.item.*", "blocks.item:texts.body",
     "blocks.item:nope.x", "author.nope.x", "count(tags)", "year(published_at)", "json(meta, a.b)",
     "author.year(born)", "title.x"]
)  # fmt: skip
_ALIAS = st.sampled_from(
    ["", "&alias[h]=title", "&alias[a b]=title&alias[__t]=tags",
     "&alias[w]=author&alias[y]=year(published_at)", "&alias[title]=views&alias[id]=title"]
)  # fmt: skip
_DEEP = st.lists(
    st.sampled_from(
        ["&deep[tags][_limit]=1", "&deep[author][_filter][name]=x",
         "&deep[tags][_filter][id]=1&deep[tags][_search]=y", "&deep[author][articles][_sort]=-id",
         "&deep[author][articles][_filter][id]=1", "&deep[blocks][item:texts][_filter][body]=x",
         "&deep[tags][_aggregate][count]=id&deep[tags][_group]=tags_id", "&deep[tags][_alias][x]=id"]
    ), max_size=3, unique=True,
)  # fmt: skip
_ROOT = st.lists(
    st.sampled_from(
        ["&filter[id]=1", "&search=x", "&sort=-id,author.name", "&limit=2", "&page=2", "&offset=1", "&meta=*",
         "&backlink=false"]
    ), max_size=4, unique=True,
)  # fmt: skip
_AGGREGATE = st.sampled_from(
    ["aggregate[count]=*", "aggregate[count]=id,title&aggregate[sum]=views", "groupBy=status",
     "aggregate[countAll]=*&groupBy=year(published_at)&sort=-count", "aggregate[min]=views&groupBy=author"]
)  # fmt: skip


@st.composite
def queries(draw: st.DrawFn) -> str:
    root = "".join(draw(_ROOT))
    if draw(st.integers(0, 4)) == 0:
        return draw(_AGGREGATE) + root
    fields = draw(st.lists(st.one_of(_PLAIN, _BELOW), min_size=1, max_size=5))
    names = [name for name in ("h", "a b", "__t", "w.name", "y") if draw(st.booleans())]
    alias = draw(_ALIAS)
    used = [name for name in names if f"[{name.partition('.')[0]}]" in alias]
    return f"fields={','.join([*fields, *used])}{alias}{''.join(draw(_DEEP))}{root}"


@pytest.fixture(scope="module")
def internal_schema() -> LazySchema:
    return build_schema(BLOG, Names.of(BLOG), Everything(BLOG), "items", internal=True)


@settings(max_examples=150, deadline=None)
@given(queries(), st.sampled_from(["list", "one"]))
def test_every_operation_is_valid_graphql(internal_schema: LazySchema, query: str, verb: Any) -> None:
    """Against the internal schema, as made and as read back from its text."""
    made, _ = template(BLOG, query, verb=verb)
    assert validate(internal_schema, made.document) == []
    text = print_ast(made.document)
    again = parse(text)
    assert print_ast(again) == text
    assert validate(internal_schema, again) == []


@settings(max_examples=50, deadline=None)
@given(queries())
def test_equal_requests_make_equal_operations(query: str) -> None:
    first, second = (template(BLOG, query) for _ in range(2))
    assert print_ast(first[0].document) == print_ast(second[0].document)
    assert first[0].shape == second[0].shape
    assert _used(first[0]) == _used(second[0])


def _used(made: Template) -> list[str]:
    """Variables are those that the document declares."""
    declared = [entry.variable.name.value for entry in made.definition.variable_definitions or ()]
    assert {name for name, _ in made.variables} == set(declared)
    return declared
