"""`POST /permissions/simulate` and `causeway can`: what administrators are told of rights, and why."""

from __future__ import annotations

import json
from itertools import product
from typing import Any, Final

import pytest

from tests.support.lending import Lend
from tests.support.press import ADA, ADA_ID, EVE, graphql, seed_press
from tests.support.project import ADMIN_TOKEN, Site, add_policy, add_user, change, code, data, grant

SIMULATE: Final = "/permissions/simulate"


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_press)


async def asked(site: Site, action: str, collection: str, **more: Any) -> Any:
    who = {} if {"user", "role", "public"} & more.keys() else {"user": "ada@example.com"}
    body = {"action": action, "collection": collection, **who, **more}
    return data(await site.ask("POST", SIMULATE, body, token=ADMIN_TOKEN))


async def test_an_item_that_meets_a_rule(site: Site) -> None:
    told = await asked(site, "update", "articles", item=1, field="title")
    assert (told["answer"], told["allowed"]) == ("yes", True)
    (permission,) = told["permissions"]
    assert permission["rule"] == {"owner": {"_eq": "$CURRENT_USER"}}
    assert permission["filled"] == {"owner": {"_eq": ADA_ID}}
    assert (permission["names_field"], permission["met"]) == (True, True)
    assert f"permission {permission['id']}" in told["because"]
    (policy,) = told["policies"]
    assert policy["applies"] is True
    assert [(way["through"], way["role"]["name"]) for way in policy["ways"]] == [("role", "writer")]
    assert told["validations"] == [{"title": {"_nempty": True}}]


ANSWERS: Final[tuple[tuple[str, str, dict[str, Any], str, str], ...]] = (
    ("update", "articles", {}, "some", "articles that meet a rule"),
    ("update", "articles", {"item": "3"}, "no", "the item meets no rule"),
    ("update", "articles", {"item": "77"}, "no", "there is no item 77"),
    ("update", "articles", {"item": "x"}, "no", "there is no item x"),
    ("update", "articles", {"field": "status"}, "no", 'names the field "status"'),
    ("read", "articles", {"item": "3", "field": "title"}, "yes", "permission"),
    ("read", "articles", {"item": "2"}, "no", "the item meets no rule"),
    ("read", "tags", {}, "yes", "of every item"),
    ("create", "articles", {}, "yes", "it may be created"),
    ("create", "articles", {"field": "owner"}, "no", "names the field"),
    ("read", "vault", {}, "no", "no policy that applies"),
    ("share", "articles", {}, "no", "no policy that applies"),
    ("create", "comments", {"public": True}, "yes", "it may be created"),
    ("read", "comments", {"public": True}, "no", "no policy that applies"),
    ("delete", "vault", {"user": "admin@example.com"}, "yes", "an administrator may do everything"),
    ("delete", "vault", {"user": "admin@example.com", "item": 9}, "no", "there is no item 9"),
    ("update", "articles", {"role": "writer", "item": "1"}, "no", "the item meets no rule"),
    ("read", "articles", {"role": "writer", "item": "3"}, "yes", "permission"),
)


async def test_answers(site: Site) -> None:
    for action, collection, more, answer, because in ANSWERS:
        told = await asked(site, action, collection, **more)
        assert told["answer"] == answer, told
        assert because in told["because"]


NONSENSE: Final[tuple[tuple[dict[str, Any], str], ...]] = (
    (
        {"collection": "artcles"},
        'There is no collection "artcles"; did you mean "articles"',
    ),
    ({"action": "raed"}, 'There is no action "raed"; did you mean "read"?'),
    ({"field": "titel"}, 'There is no field of articles "titel"; did you mean "title"?'),
    (
        {"user": "adda@example.com"},
        'There is no user "adda@example.com"; did you mean "ada@example.com"',
    ),
    ({"user": None, "role": "Writter"}, 'There is no role "Writter"; did you mean "writer"?'),
    ({"user": None}, 'One of "user", "role" and "public" has to be given'),
    ({"public": True}, 'One of "user", "role" and "public" has to be given'),
    ({"ip": "here"}, '"here" is no IP address'),
    ({"action": "delete", "field": "title"}, '"delete" is of whole items: it is not asked of a field'),
    ({"more": 1}, '"more" is not allowed'),
    ({"item": [1]}, '"item" must be a string'),
    ({"item": True}, '"item" must be a string'),
    ({"public": "yes"}, '"public" must be a boolean'),
    ({"collection": None}, '"collection" must be a string'),
)


async def test_questions_that_make_no_sense(site: Site) -> None:
    for body, reason in NONSENSE:
        sent = {"user": "ada@example.com", "action": "read", "collection": "articles", **body}
        answer = await site.ask("POST", SIMULATE, sent, token=ADMIN_TOKEN)
        assert code(answer) == "INVALID_PAYLOAD"
        assert json.loads(answer.body)["errors"][0]["extensions"]["reason"].startswith(reason)


async def test_only_administrators_are_told(site: Site) -> None:
    for token, collection in product((ADA, EVE, None), ("articles", "nothing")):
        body = {"user": "ada@example.com", "action": "read", "collection": collection}
        assert code(await site.ask("POST", SIMULATE, body, token=token)) == "FORBIDDEN"
        query = '{ permissions_simulate(public: true, action: "read", collection: "x") { answer } }'
        assert b"GRAPHQL_VALIDATION" in (await graphql(site, query, token, "/graphql/system")).body


async def test_graphql_tells_the_same(site: Site) -> None:
    query = """query ($user: String) { permissions_simulate(
        user: $user, action: "update", collection: "articles", item: 1
    ) { answer allowed because caller { email roles { name } } permissions { id met filled } } }"""
    answer = await graphql(site, query, ADMIN_TOKEN, "/graphql/system", user=ADA_ID)
    told = data(answer)["permissions_simulate"]
    assert (told["answer"], told["caller"]) == (
        "yes",
        {"email": "ada@example.com", "roles": [{"name": "writer"}]},
    )
    assert told["permissions"][0]["filled"] == {"owner": {"_eq": ADA_ID}}


async def test_addresses_and_broken_rows(site: Site) -> None:
    policy = await add_policy(site.database, user=ADA_ID, ip_access="10.0.0.0/8", name="At home")
    await grant(site.database, policy, "vault")
    told = await asked(site, "read", "vault")
    assert told["answer"] == "no"
    (at_home,) = [one for one in told["policies"] if one["name"] == "At home"]
    assert at_home["because"] == "it holds only for requests from 10.0.0.0/8"
    assert (await asked(site, "read", "vault", ip="10.1.2.3"))["answer"] == "yes"
    assert (await asked(site, "read", "vault", ip="192.0.2.1"))["answer"] == "no"
    await change(
        site.database, "update directus_permissions set permissions = '[1]' where collection = 'vault'"
    )
    await site.project.epochs.bump_access()
    told = await asked(site, "read", "vault", ip="10.1.2.3")
    assert (told["answer"], told["permissions"][0]["readable"]) == ("no", False)


async def test_suspended_users_may_nothing(site: Site) -> None:
    await add_user(site.database, "sus@example.com", status="suspended")
    told = await asked(site, "create", "comments", user="sus@example.com")
    assert told["because"] == "the user is suspended: no credentials of it are accepted"


async def test_what_apps_need_is_told_as_such(site: Site) -> None:
    user = await add_user(site.database, "app@example.com")
    await add_policy(site.database, user=user, app_access=True)
    told = await asked(site, "update", "directus_presets", user=user)
    assert (told["answer"], told["permissions"][0]["source"]) == ("some", "app")
    assert told["because"].endswith("by app access")
    assert told["caller"]["app"] is True
    told = await asked(site, "update", "directus_users", user="admin@example.com", field="tfa_secret")
    assert told["answer"] == "no"
    assert "manually" in told["because"]


async def test_a_second_factor_that_is_asked_for_and_not_there(site: Site) -> None:
    user = await add_user(site.database, "new@example.com")
    policy = await add_policy(site.database, user=user, enforce_tfa=True)
    await grant(site.database, policy, "vault")
    told = await asked(site, "read", "vault", user=user)
    assert (told["answer"], told["caller"]["waiting"]) == ("no", True)
    assert told["because"].startswith("a policy asks for a second factor")
    told = await asked(site, "read", "directus_users", user=user, item=user, field="email")
    assert (told["answer"], told["permissions"][0]["source"]) == ("yes", "setup")
    await change(site.database, "update directus_users set tfa_secret = 'x' where id = $1", user)
    assert (await asked(site, "read", "vault", user=user))["answer"] == "yes"


async def test_what_rules_alone_do_not_decide(site: Site) -> None:
    policy = await add_policy(site.database, user=ADA_ID)
    await grant(site.database, policy, "directus_users", "update")
    await site.project.epochs.bump_access()
    giving, charge = (
        "refused where somebody could do more by it than the caller may",
        "refused where no active administrator would be left",
    )
    admin = {"user": "admin@example.com"}
    assert (await asked(site, "update", "directus_users", field="role"))["cautions"] == [giving, charge]
    assert (await asked(site, "update", "directus_users", field="title"))["cautions"] == []
    assert (await asked(site, "update", "directus_users", field="role", **admin))["cautions"] == [charge]
    assert (await asked(site, "delete", "directus_policies", **admin))["cautions"] == [charge]
    assert (await asked(site, "update", "articles"))["cautions"] == []
    (masked,) = (await asked(site, "read", "directus_users", field="password", **admin))["cautions"]
    assert masked == "its value is never shown, it reads as **********"


async def test_nothing_is_written(site: Site) -> None:
    async def counts() -> list[Any]:
        tables = ("directus_activity", "directus_revisions", "directus_permissions")
        return [await site.database.fetch(f"select count(*) from {table}") for table in tables]

    before = await counts()
    await asked(site, "update", "articles", item=1, field="title")
    assert await counts() == before
