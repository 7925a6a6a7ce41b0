"""Published flaws of writing, each as the requests that must fail; and that refusals tell nothing.

Ada may write some of it, Eve has no rights, the public leaves comments (see `tests.support.press`). Every
refusal is checked to have left the database as it was.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.support.lending import Lend
from tests.support.press import ADA, ADA_ID, EVE, EVE_ID, NOBODY, OWN, granted, graphql, seed_press
from tests.support.project import ADMIN_TOKEN, Site, change, code, data
from tests.support.writers import rows

#: stands for a key in the tables below
KEY: Final = "{key}"


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_press)


def with_key(value: Any, key: int) -> Any:
    return json.loads(json.dumps(value).replace(f'"{KEY}"', str(key)).replace(KEY, str(key)))


async def differences(site: Site, asked: Any, hidden: int) -> list[tuple[Any, ...]]:
    """The requests that are answered otherwise for a hidden item than for one that is not there."""
    found: list[tuple[Any, ...]] = []
    for method, target, *rest in asked:
        body, headers = (*rest, None, None)[:2]
        told = []
        for key in (hidden, NOBODY):
            answer = await site.ask(
                method, target.replace(KEY, str(key)), with_key(body, key), token=ADA, headers=headers
            )
            text = answer.body.decode().replace(f'"{key}"', "KEY").replace(f"/{key}", "/KEY")
            told.append((answer.status, text))
        if told[0] != told[1] or told[0][0] == 500:
            found.append((method, target, body, *told))
    return found


# --- which items, fields and collections there are ---------------------------------------------------------

ARTICLES: Final[tuple[tuple[Any, ...], ...]] = (
    ("PATCH", "/items/articles/{key}", {"title": "x"}),
    ("PATCH", "/items/articles/{key}", {}),
    ("PATCH", "/items/articles/{key}", {"secret": "x"}),
    ("PATCH", "/items/articles/{key}", {"nonsense": "x"}),
    ("PATCH", "/items/articles/{key}", {"title": None}),
    ("PATCH", "/items/articles/{key}", {"title": "far too long for a title"}),
    ("PATCH", "/items/articles/{key}", {"comments": []}),
    ("PATCH", "/items/articles/{key}", {"author": {"name": "x"}}),
    ("PATCH", "/items/articles/{key}", {"title": "x"}, {"if-match": '"1"'}),
    ("PATCH", "/items/articles/{key}?fields=id", {"title": "x"}, {"if-match": "*"}),
    ("PUT", "/items/articles/{key}", {"title": "x"}),
    ("PUT", "/items/articles/{key}", {"id": KEY}),
    ("PUT", "/items/articles/{key}", {}),
    ("DELETE", "/items/articles/{key}", None),
    ("DELETE", "/items/articles/{key}", None, {"if-match": "*"}),
    ("DELETE", "/items/articles/{key}", None, {"if-match": '"1"'}),
    ("DELETE", "/items/articles", [KEY]),
    ("DELETE", "/items/articles", [1, KEY]),
    ("DELETE", "/items/articles", {"query": {"filter": {"id": {"_eq": KEY}}}}, {"prefer": "max-affected=0"}),
    ("PATCH", "/items/articles", [{"id": 1, "title": "y"}, {"id": KEY, "title": "x"}]),
    ("PATCH", "/items/articles", [{"id": KEY, "title": "x"}, {"id": 1, "secret": "y"}]),
    ("PATCH", "/items/articles", {"keys": [1, KEY], "data": {"title": "x"}}),
    ("PATCH", "/items/articles", {"query": {"filter": {"id": {"_eq": KEY}}}, "data": {"title": "x"}}),
    ("PATCH", "/items/articles", {"query": {"filter": {"id": {"_eq": KEY}}}, "data": {"secret": "x"}}),
    ("POST", "/items/articles?on_conflict=id", {"id": KEY, "title": "x"}),
    ("PATCH", "/items/authors/1", {"articles": [KEY]}),
    ("PATCH", "/items/authors/1", {"articles": {"update": [{"id": KEY, "title": "x"}]}}),
    ("PATCH", "/items/authors/1", {"articles": {"delete": [KEY]}}),
    ("PATCH", "/items/authors/1", {"articles": {"connect": [KEY]}}),
    ("PATCH", "/items/authors/1", {"articles": [{"id": KEY}]}),
    ("PATCH", "/items/authors/1", {"articles": [{"id": KEY, "secret": "x"}]}),
    ("POST", "/items/comments", {"body": "x", "article": {"id": KEY, "title": "x"}}),
    ("POST", "/items/comments", {"body": "x", "article": {"update": {"id": KEY, "title": "x"}}}),
)  # fmt: skip
COMMENTS: Final = (
    ("PATCH", "/items/articles/1", {"comments": [1, KEY]}),
    ("PATCH", "/items/articles/1", {"comments": [1, {"id": KEY, "body": "x"}]}),
    ("PATCH", "/items/articles/1", {"comments": {"update": [{"id": KEY, "body": "x"}]}}),
    ("PATCH", "/items/articles/1", {"comments": {"connect": [KEY]}}),
    ("PATCH", "/items/articles/1", {"comments": {"disconnect": [KEY]}}),
    ("PATCH", "/items/articles/1", {"comments": {"delete": [KEY]}}),
    ("POST", "/items/articles", {"title": "x", "comments": [KEY]}),
    ("POST", "/items/articles", {"title": "x", "comments": [{"id": KEY, "body": "x"}]}),
    ("POST", "/items/articles", {"title": "x", "comments": {"update": [{"id": KEY, "body": "x"}]}}),
)
HEADINGS: Final = (
    ("PATCH", "/items/headings/{key}", {"text": "x"}),
    ("PUT", "/items/headings/{key}", {"text": "x"}),
    ("PATCH", "/items/articles/1", {"blocks": [{"collection": "headings", "item": {"id": KEY, "text": ""}}]}),
    ("POST", "/items/blocks", {"collection": "headings", "item": {"id": KEY, "text": "x"}}),
    ("POST", "/items/blocks", {"collection": "headings", "item": {"id": KEY, "owner": EVE_ID}}),
    ("POST", "/items/blocks", {"collection": "tags", "item": {"id": KEY, "name": "x"}}),
)  # fmt: skip


async def test_hidden_and_missing_items_are_refused_alike(site: Site) -> None:
    assert await differences(site, ARTICLES, 2) == []
    assert await differences(site, COMMENTS, 3) == []
    assert await differences(site, HEADINGS, 2) == []


async def test_by_graphql_too(site: Site) -> None:
    asked = [
        'mutation { update_articles_item(id: KEY, data: {title: "x"}) { id } }',
        'mutation { update_articles_items(ids: [1, KEY], data: {title: "x"}) { id } }',
        'mutation { update_articles_batch(data: [{id: KEY, title: "x"}]) { id } }',
        "mutation { delete_articles_item(id: KEY) { id } }",
        "mutation { delete_articles_items(ids: [KEY]) { ids } }",
        'mutation { update_authors_item(id: 1, data: {articles: [{id: KEY, title: "x"}]}) { id } }',
        "mutation { update_authors_item(id: 1, data: {articles_changes: {connect: [KEY]}}) { id } }",
        'mutation { update_comments_item(id: 1, data: {article: {id: KEY, title: "x"}}) { id } }',
        'mutation @transaction { a: create_comments_item(data: {body: "x"}) { id } '
        "b: delete_articles_item(id: KEY) { id } }",
    ]
    for query in asked:
        told = []
        for key in (2, NOBODY):
            answer = await graphql(site, query.replace("KEY", str(key)))
            body = json.loads(answer.body)
            for error in body["errors"]:
                error.pop("locations", None)  # keys are not of the same length
            told.append((answer.status, body))
        assert told[0] == told[1], query
        assert told[0][1]["errors"][0]["extensions"]["code"] == "FORBIDDEN", query


HIDDEN_NAMES: Final = (
    ("POST", "/items/articles", {"title": "x", "secret": "x"}),
    ("POST", "/items/articles", [{"title": "x"}, {"title": "x", "secret": "x"}]),
    ("POST", "/items/articles?on_conflict=secret", {"title": "x"}),
    ("POST", "/items/articles?on_conflict=secret", {"title": "x", "secret": "x"}),
    ("POST", "/items/articles?fields=secret", {"title": "x"}),
    ("POST", "/items/articles?fields=author.secret", {"title": "x"}),
    ("POST", "/items/articles", {"title": "x", "author": {"secret": "x"}}),
    ("POST", "/items/articles", {"title": "x", "comments": [{"body": "x", "secret": 1}]}),
    ("PATCH", "/items/articles/1", {"secret": "x"}),
    ("PATCH", "/items/articles/1?fields=id,secret", {"title": "x"}),
    ("PATCH", "/items/articles/1", {"author": {"id": 1, "secret": "x"}}),
    ("PATCH", "/items/articles/1", {"comments": {"update": [{"id": 1, "secret": "x"}]}}),
    ("PATCH", "/items/articles", {"keys": [1], "data": {"secret": "x"}}),
    ("PATCH", "/items/articles", [{"id": 1, "secret": "x"}]),
    ("PATCH", "/items/articles", {"query": {"filter": {"secret": {"_eq": "s1"}}}, "data": {"title": "x"}}),
    ("PATCH", "/items/articles", {"query": {"sort": ["secret"]}, "data": {"title": "x"}}),
    ("DELETE", "/items/articles", {"query": {"filter": {"secret": {"_eq": "s1"}}}}),
    ("DELETE", "/items/articles", {"query": {"filter": {"author": {"secret": {"_null": True}}}}}),
    ("PUT", "/items/articles/1", {"secret": "x"}),
)


async def test_hidden_and_missing_fields_are_refused_alike(site: Site) -> None:
    """`secret` stands for fields that are there and hidden; of articles, comments and authors."""
    for method, target, body in HIDDEN_NAMES:
        told = []
        for name, of_author, of_comment in (("secret", "email", "pinned"), ("absent", "absence", "absents")):
            place, text = target, json.dumps(body)
            place = place.replace("author.secret", f"author.{of_author}").replace("secret", name)
            if '"author": {' in text:
                text = text.replace("secret", of_author)
            elif '"comments"' in text:
                text = text.replace("secret", of_comment)
            answer = await site.ask(method, place, json.loads(text.replace("secret", name)), token=ADA)
            shown = answer.body.decode()
            for long, short in (("absents", "pinned"), ("absence", "email"), ("absent", "secret")):
                shown = shown.replace(long, short)
            told.append((answer.status, shown))
        assert told[0] == told[1], (method, target, body)
        # what cannot be read back is written all the same, and answered by nothing (protocol)
        unread = "?fields" in target and told[0] == (204, "")
        assert unread or told[0][0] in (400, 403), (method, target, body)


async def test_hidden_and_missing_collections_are_refused_alike(site: Site) -> None:
    asked: list[tuple[str, str, Any]] = [
        ("POST", "/items/vault", {"code": "x"}),
        ("POST", "/items/vault", [{}]),
        ("POST", "/items/vault?on_conflict=code", {"code": "open sesame"}),
        ("POST", "/items/vault?on_conflict=id", {"id": "not a number"}),
        ("PATCH", "/items/vault/1", {}),
        ("PATCH", "/items/vault/abc", {"code": "x"}),
        ("PATCH", "/items/vault", {"keys": [], "data": {}}),
        ("PATCH", "/items/vault", [{"id": 1}]),
        ("PATCH", "/items/vault", [{"code": 1}]),
        ("PATCH", "/items/vault", {"query": {"filter": {"code": {"_nnull": True}}}, "data": {}}),
        ("PUT", "/items/vault/1", {}),
        ("DELETE", "/items/vault/1", None),
        ("DELETE", "/items/vault/abc", None),
        ("DELETE", "/items/vault", [1]),
        ("DELETE", "/items/vault", ["abc"]),
        ("DELETE", "/items/vault", {"query": {}}),
        ("PATCH", "/items/articles/1", {"blocks": [{"collection": "vault", "item": {"id": 1}}]}),
        ("PATCH", "/items/articles/1", {"blocks": {"connect": [{"collection": "vault", "item": 1}]}}),
        ("PATCH", "/items/articles/1", {"vault": [{"code": "x"}]}),
        ("POST", "/utils/sort/vault", {"item": 1, "to": 1}),
    ]
    for method, target, body in asked:
        told = []
        for name in ("vault", "vaulx"):
            sent = json.loads(json.dumps(body).replace("vault", name))
            answer = await site.ask(method, target.replace("vault", name), sent, token=ADA)
            told.append((answer.status, answer.body.decode().replace("vaulx", "vault")))
        assert told[0] == told[1], (method, target, body)
        assert told[0][0] in (400, 403), (method, target, body)


async def test_graphql_names_what_the_caller_may_write_and_nothing_else(site: Site) -> None:
    for hidden, missing in (
        ("create_vault_item(data: {}) { id }", "create_vaulx_item(data: {}) { id }"),
        ("update_vault_items(ids: [1], data: {}) { id }", "update_vaulx_items(ids: [1], data: {}) { id }"),
        ("delete_vault_item(id: 1) { id }", "delete_vaulx_item(id: 1) { id }"),
        ("create_tags_item(data: {}) { id }", "create_tagx_item(data: {}) { id }"),
        ("delete_authors_item(id: 1) { id }", "delete_authorx_item(id: 1) { id }"),
        ('create_articles_item(data: {title: "x", secret: "x"}) { id }',
         'create_articles_item(data: {title: "x", secrex: "x"}) { id }'),
        ('update_articles_item(id: 1, data: {author: {id: 1, email: "x"}}) { id }',
         'update_articles_item(id: 1, data: {author: {id: 1, emaix: "x"}}) { id }'),
        ('update_articles_item(id: 1, data: {title: "x"}) { secret }',
         'update_articles_item(id: 1, data: {title: "x"}) { secrex }'),
    ):  # fmt: skip
        told = [await graphql(site, f"mutation {{ {text} }}") for text in (hidden, missing)]
        assert (told[0].status, code(told[0])) == (400, "GRAPHQL_VALIDATION"), hidden
        shown = told[1].body.decode()
        for long, short in (("vaulx", "vault"), ("secrex", "secret"), ("emaix", "email")):
            shown = shown.replace(long, short)
        shown = shown.replace("tagx", "tags").replace("authorx", "authors")
        assert told[0].body.decode() == shown
    query = "{ __schema { mutationType { fields { name } } types { name inputFields { name } } } }"
    schema = data(await graphql(site, query))["__schema"]
    names = {field["name"] for field in schema["mutationType"]["fields"]}
    assert not [name for name in names if "vault" in name or "home" in name]
    assert not names & {
        "create_tags_item",
        "create_authors_item",
        "delete_authors_item",
        "delete_headings_item",
    }
    given = {one["name"]: {field["name"] for field in one["inputFields"] or ()} for one in schema["types"]}
    assert "secret" not in given["create_articles_input"] | given["update_articles_input"]
    assert "status" not in given["update_articles_input"]


async def test_which_items_are_chosen_is_never_left_open(site: Site) -> None:
    """A list of keys that does not come is no list of all items."""
    many = "mutation ($ids: [ID]!) { delete_comments_items(ids: $ids) { ids } }"
    none: dict[str, Any] = {}
    for query, variables in (
        (many, none),
        (many, {"ids": None}),
        ("mutation ($ids: [ID]) { delete_comments_items(ids: $ids) { ids } }", {}),
        ("mutation { delete_comments_items { ids } }", {}),
        ("mutation { delete_comments_items(ids: null) { ids } }", {}),
        ('mutation ($ids: [ID]!) { update_comments_items(ids: $ids, data: {body: "x"}) { id } }', {}),
    ):
        answer = await graphql(site, query, ADMIN_TOKEN, **variables)
        assert (answer.status, code(answer)) == (400, "GRAPHQL_VALIDATION"), query
    for method, body in (
        ("DELETE", None), ("DELETE", {}), ("DELETE", {"keys": None}), ("DELETE", {"query": None}),
        ("DELETE", {"keys": {}}), ("DELETE", {"keys": [None]}), ("DELETE", {"filter": {}}), ("DELETE", "1"),
        ("PATCH", {"data": {"body": "x"}}), ("PATCH", {"keys": None, "data": {"body": "x"}}),
        ("PATCH", {"query": [], "data": {"body": "x"}}), ("PATCH", {"body": "x"}),
        ("PATCH", [{"body": "x"}]), ("PATCH", [{"id": None, "body": "x"}]),
    ):  # fmt: skip
        answer = await site.ask(method, "/items/comments", body, token=ADMIN_TOKEN)
        assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD"), (method, body)


# --- rules, fields, presets and validation -----------------------------------------------------------------


async def test_a_field_is_changed_only_where_its_own_rule_holds(site: Site) -> None:
    """GHSA-99vm-5v2h-h6r6 CVE-2025-27089: two policies do not lend each other their rules."""
    for key, field in ((1, "title"), (2, "status")):
        await granted(site, EVE_ID, "articles", "update", fields=field, rule={"id": {"_eq": key}})
    for method, target, body in (
        ("PATCH", "/items/articles/1", {"status": "x"}),
        ("PATCH", "/items/articles/1", {"title": "x", "status": "x"}),
        ("PATCH", "/items/articles/2", {"title": "x"}),
        ("PATCH", "/items/articles/3", {"title": "x"}),
        ("PATCH", "/items/articles", {"keys": [1, 2], "data": {"title": "x"}}),
        ("PATCH", "/items/articles", {"keys": [1, 2], "data": {"title": "x", "status": "x"}}),
        ("PATCH", "/items/articles", [{"id": 1, "title": "x"}, {"id": 2, "title": "x"}]),
        ("PUT", "/items/articles/2", {"title": "x"}),
    ):  # fmt: skip
        answer = await site.ask(method, target, body, token=EVE)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), (method, target, body)
    for query in (
        'update_articles_item(id: 1, data: {status: "x"})',
        'update_articles_items(ids: [1, 2], data: {title: "x"})',
        'update_articles_batch(data: [{id: 2, title: "x"}])',
    ):
        assert code(await graphql(site, f"mutation {{ {query} }}", EVE)) == "FORBIDDEN", query
    own = [{"id": 1, "title": "x"}, {"id": 2, "status": "x"}]
    assert (await site.ask("PATCH", "/items/articles", own, token=EVE)).status == 204
    assert await rows(site, "select title, status from articles order by id") == [
        ("x", "draft"), ("Two", "x"), ("Three", "published"),
    ]  # fmt: skip


async def test_a_batch_does_not_reach_past_the_rule(site: Site) -> None:
    """CVE-2022-46792: no item of the batch is changed where one of them is another's."""
    for batch in (
        [{"id": 1, "title": "x"}, {"id": 3, "title": "x"}],
        [{"id": 3, "title": "x"}],
        [{"id": "3", "title": "x"}, {"id": 1, "title": "x"}],
        [{"id": 1, "title": "x"}, {"id": 1, "title": "y"}, {"id": 2, "title": "z"}],
        [{"id": 1, "author": {"id": 2, "name": "x"}}],
        [{"id": 1, "comments": [{"id": 2, "body": "x"}]}],
    ):
        answer = await site.ask("PATCH", "/items/articles", batch, token=ADA)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), batch
        answer = await graphql(
            site,
            "mutation ($data: [update_articles_input!]) { update_articles_batch(data: $data) { id } }",
            data=batch,
        )
        assert json.loads(answer.body).get("data") in (None, {"update_articles_batch": None})
        assert code(answer) == "FORBIDDEN", batch
    for body in ({"keys": [1, 3], "data": {"title": "x"}}, {"keys": [3, 1, 1], "data": {}}):
        answer = await site.ask("PATCH", "/items/articles", body, token=ADA)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN")
    # a query chooses among what the caller sees, and what it chose must be his to change
    wide = {"query": {"filter": {"id": {"_gt": 0}}}, "data": {"title": "x"}}
    assert code(await site.ask("PATCH", "/items/articles", wide, token=ADA)) == "FORBIDDEN"
    assert code(await site.ask("DELETE", "/items/articles", {"query": {}}, token=ADA)) == "FORBIDDEN"


async def test_what_a_rule_presets_is_not_for_the_caller_to_set(site: Site) -> None:
    for method, target, body in (
        ("POST", "/items/articles", {"title": "x", "owner": EVE_ID}),
        ("POST", "/items/articles", {"title": "x", "owner": None}),
        ("POST", "/items/articles", {"title": "x", "comments": [{"body": "x", "owner": EVE_ID}]}),
        ("PATCH", "/items/articles/1", {"owner": EVE_ID}),
        ("PUT", f"/items/articles/{NOBODY}", {"title": "x"}),
        ("PUT", f"/items/comments/{NOBODY}", {"body": "x"}),
        ("POST", "/items/articles", {"id": NOBODY, "title": "x"}),
        ("PATCH", "/items/articles/1", {"comments": [1, {"id": NOBODY, "body": "x"}]}),
    ):  # fmt: skip
        answer = await site.ask(method, target, body, token=ADA)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), (method, target, body)
    nested = {"title": "x", "comments": [{"body": "y"}], "tags": [{"tag": 1}]}
    made = data(await site.ask("POST", "/items/articles?fields=id,owner,comments.owner", nested, token=ADA))
    assert (made["owner"], made["comments"]) == (ADA_ID, [{"owner": ADA_ID}])


async def test_every_validation_of_every_policy_holds_at_every_depth(site: Site) -> None:
    strict = {"body": {"_neq": "spam"}}
    await granted(site, ADA_ID, "comments", "create", "update", fields="body", validation=strict, rule=OWN)
    for method, target, body in (
        ("POST", "/items/articles", {"title": "x", "status": "published"}),
        ("POST", "/items/articles", [{"title": "x"}, {"title": "x", "status": "published"}]),
        ("PATCH", "/items/articles/1", {"title": ""}),
        ("PATCH", "/items/authors/1", {"articles": {"create": [{"title": "x", "status": "published"}]}}),
        ("POST", "/items/comments", {"body": "spam"}),
        ("PATCH", "/items/comments/1", {"body": "spam"}),
        ("PUT", "/items/comments/1", {"body": "spam"}),
        ("PATCH", "/items/articles/1", {"comments": {"create": [{"body": "spam"}]}}),
        ("PATCH", "/items/articles/1", {"comments": {"update": [{"id": 1, "body": "spam"}]}}),
    ):  # fmt: skip
        answer = await site.ask(method, target, body, token=ADA)
        assert (answer.status, code(answer)) == (400, "FAILED_VALIDATION"), (method, target, body)


@pytest.mark.parametrize("nothing", [[], "$CURRENT_USER.tags", "$CURRENT_ROLES"])
async def test_an_empty_list_in_a_rule_allows_no_write(site: Site, nothing: object) -> None:
    """GHSA-hxgm-ghmv-xjjm CVE-2024-39701, of changing and deleting, and of validation."""
    rule = {"status": {"_in": nothing}}
    await granted(site, EVE_ID, "articles", "update", "delete", "read", rule=rule)
    await granted(site, EVE_ID, "articles", "create", validation=rule)
    for method, target, body in (
        ("PATCH", "/items/articles/1", {"title": "x"}),
        ("PATCH", "/items/articles", {"keys": [1, 2], "data": {"title": "x"}}),
        ("DELETE", "/items/articles/1", None),
        ("DELETE", "/items/articles", [1, 2, 3]),
        ("POST", "/items/articles", {"title": "x", "status": "draft"}),
    ):  # fmt: skip
        answer = await site.ask(method, target, body, token=EVE)
        assert code(answer) in ("FORBIDDEN", "FAILED_VALIDATION"), (method, target, body)
    chosen = {"query": {"filter": {"id": {"_gt": 0}}}}
    assert (await site.ask("DELETE", "/items/articles", chosen, token=EVE)).status == 204
    assert len(await rows(site, "select id from articles")) == 3


async def test_rules_about_the_caller_hold_in_nested_steps(site: Site) -> None:
    for method, target, body in (
        ("PATCH", "/items/articles/1", {"comments": {"update": [{"id": 2, "body": "x"}]}}),
        ("PATCH", "/items/articles/1", {"comments": {"delete": [2]}}),
        ("PATCH", "/items/articles/1", {"comments": []}),
        ("PATCH", "/items/articles/1", {"comments": [1]}),
        ("PATCH", "/items/articles/1", {"comments": {"set": [1]}}),
        ("PATCH", "/items/articles/1", {"comments": None}),
        ("PATCH", "/items/articles/1", {"author": {"id": 2, "name": "x"}}),
        ("PATCH", "/items/articles/1", {"author": {"update": {"id": 2, "name": "x"}}}),
        ("PATCH", "/items/articles/1", {"author": {"name": "nobody may create authors"}}),
        ("PATCH", "/items/articles/1", {"tags": [{"tag": {"name": "nor tags"}}]}),
        ("PATCH", "/items/articles/1", {"tags": [{"tag": {"id": 1, "name": "nor change them"}}]}),
        ("PATCH", "/items/articles/1", {"tags": [{"id": 2, "article": {"id": 2, "title": "x"}}]}),
        ("POST", "/items/blocks", {"collection": "headings", "item": {"id": 2, "text": "x"}}),
        ("PATCH", "/items/authors/1", {"articles": {"update": [{"id": 3, "title": "x"}]}}),
        ("PATCH", "/items/authors/1", {"articles": {"update": [{"id": 1, "comments": {"delete": [2]}}]}}),
        ("PATCH", "/items/authors/2", {"articles": {"create": [{"title": "x"}]}}),
        ("POST", "/items/comments", {"body": "x", "article": {"id": 3, "title": "x"}}),
    ):  # fmt: skip
        answer = await site.ask(method, target, body, token=ADA)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), (method, target, body)


async def test_a_list_tells_nothing_to_who_may_not_change_its_items(site: Site) -> None:
    """Whether hidden items are in it, which, or none: comments and tags hang on the first two articles."""
    await granted(site, EVE_ID, "articles", "read", "update", fields="id,comments,tags")
    changes: tuple[Any, ...] = (
        [], None, [2], [3], {"delete": [2]}, {"disconnect": [2]}, {"set": []}, {"set": [2]}, {"connect": [2]},
    )  # fmt: skip
    for field in ("comments", "tags"):
        told = set()
        for key in (1, 2, 3):
            for value in changes:
                answer = await site.ask("PATCH", f"/items/articles/{key}", {field: value}, token=EVE)
                told.add((answer.status, answer.body))
        assert len(told) == 1
        assert "FORBIDDEN" in str(told)


async def test_links_to_what_the_caller_does_not_see(site: Site) -> None:
    """A key may be linked (protocol). What it leads to stays hidden, and is not changed by it."""
    body = {"author": 2, "blocks": [{"collection": "headings", "item": 2}]}
    read = "id,author.name,blocks.item:headings.text"
    await change(site.database, "update directus_permissions set permissions = $1 "
                 "where collection = 'authors' and action = 'read'", json.dumps(OWN))  # fmt: skip
    await site.project.epochs.bump_access()
    shown = data(await site.ask("PATCH", f"/items/articles/1?fields={read}", body, token=ADA))
    assert shown == {"id": 1, "author": None, "blocks": [{"item": None}]}
    for wrong in (
        {"blocks": [{"collection": "vault", "item": {"code": "x"}}]},
        {"blocks": [{"collection": "directus_users", "item": {"id": EVE_ID}}]},
        {"blocks": {"connect": [{"collection": "directus_users", "item": EVE_ID}]}},
    ):
        answer = await site.ask("PATCH", "/items/articles/1", wrong, token=ADA)
        assert answer.status == 400, wrong
    # a key beside a collection that is not allowed leads nowhere
    stored = {"blocks": [{"collection": "vault", "item": "1"}]}
    answer = await site.ask("PATCH", "/items/articles/1?fields=blocks.item", stored, token=ADMIN_TOKEN)
    assert b"sesame" not in answer.body
    answer = await site.ask("GET", "/items/articles/1?fields=blocks.item:vault.code", token=ADMIN_TOKEN)
    assert b"sesame" not in answer.body


# --- upserts, versions, repeated requests ------------------------------------------------------------------


async def test_upserts_find_nothing_out(site: Site) -> None:
    for target, body in (
        # another's, his own hidden from him: refused as a change, never told apart by the value
        ("/items/articles?on_conflict=code", {"code": "c2", "title": "x"}),
        ("/items/articles?on_conflict=code", {"code": "c3", "title": "x"}),
        ("/items/articles?on_conflict=code", [{"code": "new", "title": "x"}, {"code": "c2", "title": "x"}]),
        # who may not create tells nothing apart either
        ("/items/tags?on_conflict=name", {"name": "red"}),
        ("/items/tags?on_conflict=name", {"name": "blue"}),
        ("/items/headings?on_conflict=id", {"id": 1, "text": "x"}),
        ("/items/vault?on_conflict=code", {"code": "open sesame"}),
        # a field that may be created and not changed
        ("/items/articles?on_conflict=code", {"code": "c1", "title": "x"}),
    ):
        answer = await site.ask("POST", target, body, token=ADA)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), (target, body)
    for named in ("pin", "hush", "secret", "rank", "title", "absent", "code,title", "id,code"):
        answer = await site.ask("POST", f"/items/articles?on_conflict={named}", {"title": "x"}, token=ADA)
        assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD"), named
    # tokens are unique: an upsert by them would be a search for them
    for field in ("token", "password", "tfa_secret"):
        answer = await site.ask(
            "POST", f"/users?on_conflict={field}", {field: ADMIN_TOKEN}, token=ADMIN_TOKEN
        )
        assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD"), field


async def test_versions_of_items_are_told_to_who_reads_them(site: Site) -> None:
    """`If-Match` is compared with what the caller reads; without reading there is nothing to compare."""
    read = "/items/articles/3?fields=title"
    seen = (await site.ask("GET", read, token=ADA)).headers["etag"]
    # a version that matches gives no right to change
    answer = await site.ask("PATCH", read, {"title": "x"}, token=ADA, headers={"if-match": seen})
    assert (answer.status, code(answer)) == (403, "FORBIDDEN")
    answer = await site.ask("DELETE", read, token=ADA, headers={"if-match": seen})
    assert (answer.status, code(answer)) == (403, "FORBIDDEN")
    # versions of what only others see: neither guessed right nor wrong
    hidden = "/items/articles/1?fields=secret"
    right = (await site.ask("GET", hidden, token=ADMIN_TOKEN)).headers["etag"]
    for place, tag in ((hidden, right), (hidden, '"wrong"'), ("/items/articles/1?fields=absent", right)):
        answer = await site.ask("PATCH", place, {"title": "x"}, token=ADA, headers={"if-match": tag})
        assert (answer.status, code(answer)) == (412, "PRECONDITION_FAILED")
    await granted(site, EVE_ID, "articles", "update", "delete")
    for method in ("PATCH", "DELETE"):
        told = set()
        for tag in ("*", seen, '"x"'):
            for key in (1, NOBODY):
                answer = await site.ask(
                    method, f"/items/articles/{key}", {}, token=EVE, headers={"if-match": tag}
                )
                told.add((answer.status, code(answer)))
        assert len(told) == 1, (method, told)
        assert told <= {(403, "FORBIDDEN"), (412, "PRECONDITION_FAILED")}


async def test_answers_that_are_kept_are_for_who_asked(site: Site) -> None:
    """An `Idempotency-Key` of somebody else is a new key."""
    key = {"idempotency-key": "one"}
    body = {"body": "told once"}
    target = "/items/comments"
    mine = await site.ask("POST", target, body, token=ADA, headers=key)
    assert data(mine)["owner"] == ADA_ID
    assert (await site.ask("POST", target, body, token=ADA, headers=key)).body == mine.body
    assert data(await site.ask("POST", target, body, token=ADMIN_TOKEN, headers=key))["owner"] is None
    assert code(await site.ask("POST", target, {"nope": 1}, token=EVE, headers=key)) == "FORBIDDEN"
    # Eve comments as the public does: nothing is read back
    eve = await site.ask("POST", target, body, token=EVE, headers=key)
    assert (eve.status, eve.body) == (204, b"")
    public = await site.ask("POST", target, body, headers=key)
    assert (public.status, public.body) == (204, b"")
    told = await rows(site, "select count(*) from comments where body = 'told once'")
    assert told == [(4,)]
    # the same key for another request of the same caller
    answer = await site.ask("POST", target, {"body": "another"}, token=ADA, headers=key)
    assert (answer.status, code(answer)) == (422, "UNPROCESSABLE_CONTENT")
    # a refused request keeps no answer: when it is allowed later, it is done
    late = {"idempotency-key": "two"}
    assert (
        code(await site.ask("POST", "/items/tags", {"name": "blue"}, token=EVE, headers=late)) == "FORBIDDEN"
    )
    await granted(site, EVE_ID, "tags", "create")
    assert (await site.ask("POST", "/items/tags", {"name": "blue"}, token=EVE, headers=late)).status == 204
    assert await rows(site, "select count(*) from tags where name = 'blue'") == [(1,)]


async def test_the_public_writes_what_it_was_given_and_reads_nothing(site: Site) -> None:
    made = await site.ask("POST", "/items/comments", {"body": "hello"})
    assert (made.status, made.body) == (204, b"")
    assert await rows(site, "select body, article, owner from comments where id = 4") == [("hello", 3, None)]
    for method, target, body in (
        ("POST", "/items/comments", {"body": "x", "article": 1}),
        ("POST", "/items/comments", {"body": "x", "owner": ADA_ID}),
        ("POST", "/items/comments", {"body": "x", "id": 1}),
        ("POST", "/items/comments", {"body": ""}),
        ("POST", "/items/comments", {"body": None}),
        ("POST", "/items/comments", {"body": {"a": "b"}, "pinned": "x"}),
        ("POST", "/items/comments?on_conflict=id", {"id": 1, "body": "x"}),
        ("POST", "/items/comments?on_conflict=body", {"body": "mine"}),
        ("PATCH", "/items/comments/4", {"body": "x"}),
        ("PUT", "/items/comments/4", {"body": "x"}),
        ("DELETE", "/items/comments/4", None),
        ("PATCH", "/items/articles/1", {"comments": []}),
        ("POST", "/items/home", {"title": "x"}),
        ("PATCH", "/items/home", {"title": "x"}),
        ("POST", "/users", {"email": "x@example.com"}),
        ("PATCH", "/users/me", {"email": "x@example.com"}),
        ("POST", "/settings/owner", {"project_owner": "x@example.com", "org_name": "x"}),
        ("PATCH", "/settings", {"project_name": "x"}),
        ("POST", "/utils/revert/1", None),
        ("POST", "/utils/sort/comments", {"item": 1, "to": 2}),
    ):  # fmt: skip
        answer = await site.ask(method, target, body)
        assert answer.status in (400, 401, 403, 404), (method, target, body, answer.body)
