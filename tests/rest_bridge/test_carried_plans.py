"""Plans and templates outlive a change of the schema where nothing that they were made from has changed, and
only there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

import pytest
from graphql import print_ast
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.bundle import Bundle, BundleHolder, Compiled
from resolvers.context import RequestContext
from resolvers.engine import Engine
from resolvers.operation import Operation
from resolvers.paging import Limits
from resolvers.permissions import NOTHING, UNRESTRICTED, AccessRules, Grant
from resolvers.sql.dialects.base import SqlDialect
from resolvers.sql.dialects.postgresql import PostgresqlSql
from resolvers.sql.dialects.sqlite import SqliteSql
from rest_bridge.bridge import Bridge
from rest_bridge.query import parse_query
from rest_bridge.query_string import parse_query_string
from schema_gen.database import Database
from schema_gen.errors import CausewayError
from schema_gen.model import Collection, Relation, SchemaSnapshot
from schema_gen.watched import WatchedSnapshot
from tests.rest_bridge.test_bridge import ADMIN, USER
from tests.support.blog import NOW, blog_snapshot, made_collection, operation
from tests.support.rest import encoded

DOCUMENTS: Final = (
    "{ tags { id name } }",
    "{ articles { id title author { name } tags { tags_id { name } } } }",
    "{ authors(sort: [\"-name\"]) { articles { title_func: id } } }",
    "{ lines_by_id(id: \"1,2\") { label } tags_aggregated { countAll } }",
    '{ articles(filter: {author: {name: {_eq: "x"}}}, search: "y") { id meta published_at_func { year } } }',
    "{ blocks { item { __typename ... on headings { text } ... on texts { body } } } }",
    "{ novel { id } }",
    "{ a: tags { novel } b: headings { id } }",
)  # fmt: skip
PATHS: Final = (
    ("tags", "fields=*.*"),
    ("articles", "fields=*,author.*,tags.tags_id.name&sort=author.name"),
    ("articles", "fields=id,novel"),
    ("blocks", "fields=*,item.*"),
    ("blocks", "fields=item:texts.*&meta=*"),
    ("headings", "filter[text][_contains]=x&search=y"),
    ("authors", "aggregate[count]=*&groupBy=year(born)"),
    ("authors", "fields=*.*.*"),
)
SEES: Final[AccessRules] = replace(
    NOTHING,
    grants={
        ("read", "articles"): (
            Grant(fields=frozenset({"id", "title"}), rule={"author": {"name": {"_eq": "x"}}}),
            Grant(fields=None, rule={"tags": {"tags_id": {"name": {"_nnull": True}}}}),
        ),
        ("read", "tags"): (Grant(fields=None),),
        ("read", "blocks"): (Grant(fields=None),),
        ("read", "texts"): (Grant(fields=None),),
    },
    fingerprint="sees",
)


class Served:
    """An engine and a bridge that plan, without a database behind them."""

    def __init__(self, bundle: Bundle, dialect: SqlDialect) -> None:
        async def load() -> SchemaSnapshot:
            return bundle.snapshot

        self.holder = BundleHolder(bundle, load)
        self.engine = Engine(cast(Database, None), self.holder, Limits(), dialect)
        self.bridge = Bridge(self.engine, self.holder)

    async def plan(self, document: str, rules: AccessRules = UNRESTRICTED) -> Compiled:
        return await self.compiled(operation(document), rules)

    async def compiled(self, asked: Operation, rules: AccessRules) -> Compiled:
        context = context_of(rules)
        return self.engine.known(asked, context) or await self.engine.compile(asked, context)

    def operation(self, path: tuple[str, str], rules: AccessRules = UNRESTRICTED) -> Operation:
        query = parse_query(parse_query_string(encoded(path[1])))
        bundle = self.holder.current
        home = bundle.snapshot.collections[path[0]]
        return self.bridge._template(bundle, home, "list", query, context_of(rules)).operation(query.values)

    async def told(self, rules: AccessRules) -> list[Any]:
        """What is planned for everything that is asked."""
        found: list[Any] = [compared(await self.plan(document, rules)) for document in DOCUMENTS]
        for path in PATHS:
            if path[0] not in self.holder.current.snapshot.collections:
                continue
            try:
                asked = self.operation(path, rules)
            except CausewayError as error:
                found.append(str(error))
            else:
                found.append((print_ast(asked.document), compared(await self.compiled(asked, rules))))
        return found


def context_of(rules: AccessRules) -> RequestContext:
    return RequestContext(actor=ADMIN if rules.admin else USER, rules=rules, now=NOW)


def compared(compiled: Compiled) -> Any:
    """All of a plan that has a value."""
    statement = compiled.statement
    return (
        None if statement is None else (statement.text, statement.keys, len(statement.encoders)),
        compiled.plan,
        [replace(root, error=None) for root in compiled.roots],
        [str(root.error) for root in compiled.roots],
        compiled.snapshot.version,
    )


# --- changes ------------------------------------------------------------------------------------------------

BLOG: Final = blog_snapshot("sqlite")
homes = st.sampled_from(sorted(BLOG.collections))


def with_homes(snapshot: SchemaSnapshot, homes: Mapping[str, Collection]) -> SchemaSnapshot:
    return replace(snapshot, collections={**snapshot.collections, **homes})


def names_field(relation: Relation, collection: str, field: str) -> bool:
    """A relation goes with its fields."""
    many = collection == relation.collection and field in (relation.field, relation.collection_field)
    return many or (collection == relation.related and field == relation.one_field)


@st.composite
def changed(draw: st.DrawFn, snapshot: SchemaSnapshot) -> SchemaSnapshot:
    name = draw(homes)
    home = snapshot.collections.get(name, BLOG.collections[name])
    kind = draw(st.sampled_from(["field", "less", "gone", "new", "flag", "relation", "unrelated", "any"]))
    if kind == "field":
        more = made_collection(name, ("novel", draw(st.sampled_from(["string", "json", "integer"])))).fields
        return with_homes(snapshot, {name: replace(home, fields={**home.fields, **more})})
    if kind == "less":
        gone = draw(st.sampled_from(sorted(home.fields)))
        if gone in home.primary_key:
            return snapshot
        fields = {field: entry for field, entry in home.fields.items() if field != gone}
        led = tuple(one for one in snapshot.relations if not names_field(one, name, gone))
        return replace(with_homes(snapshot, {name: replace(home, fields=fields)}), relations=led)
    if kind == "gone":
        left = {one: found for one, found in snapshot.collections.items() if one != name}
        return replace(snapshot, collections=left)
    if kind == "new":
        new = draw(st.sampled_from(["novel", "articles_filter", "tags_aggregated", "lines_by_id", "a b"]))
        return with_homes(snapshot, {new: made_collection(new, ("id", "integer"), ("name", "string"))})
    if kind == "flag":
        return with_homes(snapshot, {name: replace(home, singleton=not home.singleton)})
    if kind == "relation":
        relation = Relation(
            collection="headings", field="text", related=name, local=("text",), remote=("id",)
        )
        return replace(snapshot, relations=(*snapshot.relations, relation))
    if kind == "unrelated" and snapshot.relations:
        place = draw(st.integers(0, len(snapshot.relations) - 1))
        return replace(snapshot, relations=snapshot.relations[:place] + snapshot.relations[place + 1 :])
    relations = tuple(
        one if one.related else replace(one, allowed=(*one.allowed, name)) for one in snapshot.relations
    )
    return replace(snapshot, relations=relations)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), sql=st.sampled_from(("sqlite", "postgresql")), narrow=st.booleans())
def test_what_is_taken_over_is_what_would_be_made(data: st.DataObject, sql: str, narrow: bool) -> None:
    dialect: SqlDialect = SqliteSql() if sql == "sqlite" else PostgresqlSql()
    rules = SEES if narrow else UNRESTRICTED
    served = Served(Bundle(BLOG), dialect)

    async def follow() -> None:
        await served.told(rules)
        for version in (2, 3):
            before = served.holder.current
            after = replace(data.draw(changed(before.snapshot)), version=version)
            served.holder.current = Bundle(after, before=before)
            fresh = Served(Bundle(after), dialect)
            assert await served.told(rules) == await fresh.told(rules)

    asyncio.run(follow())


# --- what stays, and what does not --------------------------------------------------------------------------


@pytest.fixture
def served() -> Served:
    return Served(Bundle(BLOG), SqliteSql())


def change(served: Served, snapshot: SchemaSnapshot) -> None:
    before = served.holder.current
    after = replace(snapshot, version=before.snapshot.version + 1)
    served.holder.current = Bundle(after, before=before)


def more(name: str) -> Mapping[str, Collection]:
    home = BLOG.collections[name]
    fields = {**home.fields, **made_collection(name, ("novel", "string")).fields}
    return {name: replace(home, fields=fields)}


async def test_a_change_elsewhere_leaves_plans_and_templates(served: Served) -> None:
    document, path = DOCUMENTS[1], PATHS[1]
    plan, asked = await served.plan(document), served.operation(path)
    of_path = await served.compiled(asked, UNRESTRICTED)
    for name in ("texts", "lines"):
        change(served, with_homes(served.holder.current.snapshot, more(name)))
        now = await served.plan(document)
        assert now.statement is plan.statement
        assert now.snapshot is served.holder.current.snapshot
        assert served.operation(path).document is asked.document
        assert (await served.compiled(served.operation(path), UNRESTRICTED)).statement is of_path.statement


@pytest.mark.parametrize("name", ["articles", "authors", "tags", "articles_tags"])
async def test_a_change_of_what_it_reads_ends_a_plan(served: Served, name: str) -> None:
    plan, asked = await served.plan(DOCUMENTS[1]), served.operation(PATHS[1])
    change(served, with_homes(BLOG, more(name)))
    assert (await served.plan(DOCUMENTS[1])).statement is not plan.statement
    if name in ("articles", "authors"):
        assert served.operation(PATHS[1]).document is not asked.document


async def test_a_rule_is_part_of_what_a_plan_was_made_from(served: Served) -> None:
    """The rule of articles looks into authors and tags, of which the document says nothing."""
    document = "{ articles { id } }"
    plan = await served.plan(document, SEES)
    change(served, with_homes(BLOG, more("texts")))
    assert (await served.plan(document, SEES)).statement is plan.statement
    change(served, with_homes(served.holder.current.snapshot, more("authors")))
    assert (await served.plan(document, SEES)).statement is not plan.statement


async def test_a_refusal_ends_with_its_reason(served: Served) -> None:
    refused = await served.plan("{ novel { id } }")
    assert refused.roots[0].error is not None
    change(served, with_homes(BLOG, {"novel": made_collection("novel", ("id", "integer"))}))
    assert (await served.plan("{ novel { id } }")).roots[0].error is None


async def test_a_name_that_gave_way_ends_plans(served: Served) -> None:
    document = "{ tags_aggregated { countAll } }"
    before = await served.plan(document)
    change(
        served, with_homes(BLOG, {"tags_aggregated": made_collection("tags_aggregated", ("id", "integer"))})
    )
    assert (await served.plan(document)).statement != before.statement


def test_what_is_looked_up_is_told() -> None:
    watched = WatchedSnapshot(BLOG)
    assert watched.collections["tags"] is BLOG.collections["tags"]
    assert watched.collections.get("novel") is None
    assert "articles" in watched.collections
    assert watched.link("articles", "author") == BLOG.link("articles", "author")
    assert watched.link("tags", "name") is None
    told = watched.looked_up()
    assert set(told.collections) == {"tags", "novel", "articles"}
    assert told.stands_in(BLOG)
    assert not told.stands_in(with_homes(BLOG, {"novel": BLOG.collections["tags"]}))
    assert not told.stands_in(replace(BLOG, relations=BLOG.relations[1:]))


@pytest.mark.parametrize("look", ["relations", "links", "links_by_collection", "version", "leftovers"])
def test_who_looks_at_the_whole_rests_on_all_of_it(look: str) -> None:
    watched = WatchedSnapshot(BLOG)
    assert getattr(watched, look) == getattr(BLOG, look)
    assert not watched.looked_up().stands_in(BLOG)
    listing = WatchedSnapshot(BLOG)
    assert list(listing.collections) == list(BLOG.collections)
    assert not listing.looked_up().stands_in(BLOG)
