"""Credentials become an actor with rules; changes in the database are seen at once, or within a second."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from resolvers.actors import Access, Claims
from resolvers.context import PUBLIC
from resolvers.permissions import NOTHING, UNRESTRICTED
from resolvers.sessions import new_token
from resolvers.sql.moments import stored
from schema_gen.errors import CausewayError
from tests.support.lending import Lend
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add_policy,
    add_role,
    add_user,
    change,
    grant,
    running,
    seed_system,
)


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_system)


async def by_token(site: Site, token: str, ip: str | None = "192.0.2.1") -> Access:
    return await site.project.actors.by_token(token, token, ip)


async def refused(site: Site, token: str) -> bool:
    try:
        await by_token(site, token)
    except CausewayError as error:
        return error.code == "INVALID_CREDENTIALS"
    return False


async def test_admin_by_static_token(site: Site) -> None:
    access = await by_token(site, ADMIN_TOKEN)
    assert access.rules is UNRESTRICTED
    assert access.actor.kind == "user"
    assert access.actor.admin
    assert access.actor.app
    assert access.actor.roles == (access.actor.role,)
    assert len(access.actor.policies) == 1


@pytest.mark.parametrize("token", ["", "nobody's", "\x00", "a" * 300, "\ud800", "' or 1=1 --", "%"])
async def test_unknown_static_tokens(site: Site, token: str) -> None:
    assert await refused(site, token)


@pytest.mark.parametrize("status", ["suspended", "draft", "invited", "unverified", "archived"])
async def test_only_active_users_get_in(site: Site, status: str) -> None:
    await add_user(site.database, "ada@example.com", token="ada", status=status)
    assert await refused(site, "ada")


async def test_public_has_no_rights_to_begin_with(site: Site) -> None:
    access = await site.project.actors.public(None)
    assert access.actor.kind == "public"
    assert access.actor.user is None
    assert not access.rules.grants


async def test_public_policy_counts_for_users_without_role_only(site: Site) -> None:
    policy = await add_policy(site.database, public=True, admin_access=True, app_access=True)
    await grant(site.database, policy, "articles")
    role = await add_role(site.database, "reader")
    await add_user(site.database, "with@example.com", token="with", role=role)
    await add_user(site.database, "without@example.com", token="without")
    public = await site.project.actors.public(None)
    assert set(public.rules.grants) == {("read", "articles")}
    assert not public.actor.admin
    without = await by_token(site, "without")
    assert set(without.rules.grants) == {("read", "articles")}
    assert not without.actor.admin
    assert not without.actor.app
    assert (await by_token(site, "with")).rules.grants == {}


async def test_policies_of_the_role_its_ancestors_and_the_user_unite(site: Site) -> None:
    grand = await add_role(site.database, "grand")
    parent = await add_role(site.database, "parent", parent=grand)
    role = await add_role(site.database, "child", parent=parent)
    user = await add_user(site.database, "ada@example.com", token="ada", role=role)
    await grant(site.database, await add_policy(site.database, role=grand), "a")
    await grant(site.database, await add_policy(site.database, role=role), "b")
    await grant(site.database, await add_policy(site.database, user=user), "c")
    await grant(site.database, await add_policy(site.database), "of nobody")
    access = await by_token(site, "ada")
    assert access.actor.roles == (role, parent, grand)
    assert set(access.rules.grants) == {("read", "a"), ("read", "b"), ("read", "c")}
    assert len(access.actor.policies) == 3


async def test_a_circle_of_roles_ends(site: Site) -> None:
    first = await add_role(site.database, "first")
    second = await add_role(site.database, "second", parent=first)
    await change(site.database, "update directus_roles set parent = $1 where id = $2", second, first)
    await add_user(site.database, "ada@example.com", token="ada", role=first)
    assert (await by_token(site, "ada")).actor.roles == (first, second)


async def test_a_policy_holds_only_at_its_addresses(site: Site) -> None:
    user = await add_user(site.database, "ada@example.com", token="ada")
    await add_policy(site.database, user=user, admin_access=True, ip_access="10.0.0.0/8,192.0.2.7")
    for _ in range(2):  # the second time from memory
        assert (await by_token(site, "ada", "10.1.2.3")).actor.admin
        assert not (await by_token(site, "ada", "192.0.2.1")).actor.admin
        assert (await by_token(site, "ada", "192.0.2.7")).actor.admin
        assert not (await by_token(site, "ada", None)).actor.admin
    assert (await by_token(site, "ada", "192.0.2.1")).rules is NOTHING


async def test_equal_rights_have_equal_fingerprints(site: Site) -> None:
    for name in ("one", "two"):
        user = await add_user(site.database, f"{name}@example.com", token=name)
        policy = await add_policy(site.database, user=user)
        await grant(
            site.database, policy, "articles", fields="id,title", rule={"status": {"_eq": "published"}}
        )
    one, two = await by_token(site, "one"), await by_token(site, "two")
    assert one.rules.fingerprint == two.rules.fingerprint
    assert one.actor.policies != two.actor.policies


# --- memory ------------------------------------------------------------------------------------------


class Clock:
    """The time that memories are measured by; it goes on only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("resolvers.actors", "resolvers.rules"):
        monkeypatch.setattr(f"{module}.time", clock)
    return clock


def remembered(site: Site, key: str) -> Access | None:
    return site.project.actors.remembered(key, "192.0.2.1")


async def test_answers_are_remembered_until_something_changes(site: Site, clock: Clock) -> None:
    first = await by_token(site, ADMIN_TOKEN)
    clock.now += 0.99
    assert remembered(site, ADMIN_TOKEN) is first
    await site.project.epochs.bump_access()
    assert remembered(site, ADMIN_TOKEN) is None


async def test_a_change_told_of_is_seen_at_once(site: Site, clock: Clock) -> None:
    await add_user(site.database, "ada@example.com", token="ada")
    await by_token(site, "ada")
    await change(site.database, "update directus_users set status = 'suspended' where token = 'ada'")
    await site.project.epochs.bump_access()
    assert await refused(site, "ada")


async def test_a_change_behind_our_back_is_seen_within_a_second(site: Site, clock: Clock) -> None:
    user = await add_user(site.database, "ada@example.com", token="ada")
    policy = await add_policy(site.database, user=user)
    await grant(site.database, policy, "articles")
    before = await by_token(site, "ada")
    assert ("read", "articles") in before.rules.grants
    await change(site.database, "delete from directus_permissions")
    assert (await by_token(site, "ada")).rules is before.rules
    clock.now += 1
    assert remembered(site, "ada") is None
    assert (await by_token(site, "ada")).rules.grants == {}
    await change(site.database, "update directus_users set status = 'suspended' where token = 'ada'")
    clock.now += 1
    assert await refused(site, "ada")


async def test_rules_are_never_older_than_a_second_altogether(site: Site, clock: Clock) -> None:
    """Somebody who comes late in the life of remembered rules does not prolong it."""
    role = await add_role(site.database, "reader")
    await grant(site.database, await add_policy(site.database, role=role), "articles")
    for name in ("early", "late"):
        await add_user(site.database, f"{name}@example.com", token=name, role=role)
    await by_token(site, "early")
    clock.now += 0.9
    assert (await by_token(site, "late")).rules.grants
    await change(site.database, "delete from directus_permissions")
    clock.now += 0.1
    assert remembered(site, "late") is None
    assert (await by_token(site, "late")).rules.grants == {}


async def test_nothing_is_remembered_while_changes_may_be_missed(site: Site, clock: Clock) -> None:
    site.project.epochs.trusted = False
    await add_user(site.database, "ada@example.com", token="ada")
    await by_token(site, "ada")
    assert remembered(site, "ada") is None
    await change(site.database, "update directus_users set status = 'suspended' where token = 'ada'")
    assert await refused(site, "ada")


async def test_rules_that_did_not_change_stay_the_same_object(site: Site, clock: Clock) -> None:
    user = await add_user(site.database, "ada@example.com", token="ada")
    await grant(site.database, await add_policy(site.database, user=user), "articles")
    before = await by_token(site, "ada")
    clock.now += 1
    after = await by_token(site, "ada")
    assert after is not before
    assert after.rules is before.rules


async def test_many_at_once_ask_the_database_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    fetch = type(site.database).fetch

    async def counted(self: object, *args: object) -> object:
        nonlocal asked
        asked += 1
        return await fetch(site.database, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(type(site.database), "fetch", counted)
    await asyncio.gather(*(by_token(site, ADMIN_TOKEN) for _ in range(20)))
    assert asked == 1


# --- claims -------------------------------------------------------------------------------------------


def claims(user: str, **values: str) -> Claims:
    return Claims(user=user, expires=(datetime.now(UTC) + timedelta(minutes=5)).timestamp(), **values)


async def by_claims(site: Site, given: Claims) -> Access:
    return await site.project.actors.by_claims(uuid.uuid4().hex, given, None)


async def add_session(site: Site, user: str | None, *, life: float = 60.0, **values: str) -> str:
    token = new_token()
    row = {"token": token, "user": user, **values}
    expires = stored(site.database, datetime.now(UTC) + timedelta(seconds=life))
    names = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(f"${number}" for number in range(2, len(row) + 2))
    sql = f"insert into directus_sessions (expires, {names}) values ($1, {places})"
    await change(site.database, sql, expires, *row.values())
    return token


async def test_claims_of_a_user(site: Site) -> None:
    user = await add_user(site.database, "ada@example.com")
    assert (await by_claims(site, claims(user))).actor.user == user
    assert (await by_claims(site, claims(user.upper()))).actor.user == user


@pytest.mark.parametrize("user", ["11111111-1111-1111-1111-111111111111", "5", "", "x' or '1'='1"])
async def test_claims_of_nobody(site: Site, user: str) -> None:
    with pytest.raises(CausewayError, match="Invalid user credentials"):
        await by_claims(site, claims(user))


async def test_a_session_must_be_there_alive_and_of_that_user(site: Site) -> None:
    user = await add_user(site.database, "ada@example.com")
    other = await add_user(site.database, "eve@example.com")
    good = await add_session(site, user)
    assert (await by_claims(site, claims(user, session=good))).actor.login == good[:24]
    for session in (
        new_token(),
        "nope",
        "",
        await add_session(site, other),
        await add_session(site, None),
        await add_session(site, user, life=-1),
    ):
        with pytest.raises(CausewayError, match="Invalid user credentials"):
            await by_claims(site, claims(user, session=session))


async def test_an_answer_is_not_remembered_beyond_its_session(site: Site, clock: Clock) -> None:
    user = await add_user(site.database, "ada@example.com")
    short = await add_session(site, user, life=30)
    actors = site.project.actors
    await actors.by_claims("long", claims(user), "192.0.2.1")
    expires = (datetime.now(UTC) + timedelta(milliseconds=500)).timestamp()
    soon_over = Claims(user=user, expires=expires, session=short)
    await actors.by_claims("short", soon_over, "192.0.2.1")
    clock.now += 0.5
    assert remembered(site, "long") is not None
    assert remembered(site, "short") is None


async def test_the_login_a_token_came_from(site: Site) -> None:
    user = await add_user(site.database, "ada@example.com")
    other = await add_user(site.database, "eve@example.com")
    family = (await add_session(site, user))[:24]
    assert (await by_claims(site, claims(user, family=family))).actor.login == family
    for bad in (
        claims(user, family=new_token()[:24]),
        claims(user, family=""),
        claims(user, family="%"),
        claims(user, family=(await add_session(site, other))[:24]),
    ):
        with pytest.raises(CausewayError, match="Invalid user credentials"):
            await by_claims(site, bad)


# --- a database without system tables ------------------------------------------------------------------


async def test_without_system_tables_there_is_only_the_public(database_url: str) -> None:
    async with running(database_url) as site:
        assert not site.project.actors.installed
        access = await site.project.actors.public(None)
        assert access.actor == PUBLIC
        assert access.rules is NOTHING
        assert await refused(site, ADMIN_TOKEN)
        user = "11111111-1111-1111-1111-111111111111"
        with pytest.raises(CausewayError, match="Invalid user credentials"):
            await by_claims(site, claims(user))
