"""Published flaws of login and sessions, each as the request that must fail (see the advisory named)."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher, Type

from resolvers.secrets import Hasher
from resolvers.sql.moments import moment_of, stored
from schema_gen.errors import service_unavailable
from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add_policy,
    add_role,
    add_user,
    change,
    code,
    data,
    grant,
    running,
    seed_system,
)

REFUSED = b'{"errors":[{"message":"Invalid user credentials.","extensions":{"code":"INVALID_CREDENTIALS"}}]}'
ADA = {"email": "ada@example.com", "password": "ada's password"}


async def with_ada(url: str) -> None:
    await seed_system(url)
    async with running(url) as site:
        await add_user(site.database, **ADA)


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(with_ada)) as running_site:
        yield running_site


async def post(site: Site, path: str, payload: object, cookie: str | None = None) -> Answer:
    return await site.ask("POST", path, payload, headers={"cookie": cookie} if cookie else {})


async def login(site: Site, **values: Any) -> Answer:
    return await post(site, "/auth/login", {**ADA, **values})


def cookie_of(answer: Answer) -> str:
    assert answer.status == 200, answer.body
    return answer.headers["set-cookie"].partition(";")[0]


async def gets_in(site: Site, *, token: str | None = None, cookie: str | None = None) -> bool:
    """Whether these credentials are still taken, asked where every user may go."""
    headers = {"cookie": cookie} if cookie else {}
    answer = await site.ask("GET", "/server/info", token=token, headers=headers)
    if answer.status == 401:
        assert code(answer) == "INVALID_CREDENTIALS"
        return False
    assert answer.status == 200
    return True


# --- GHSA-g65h-35f3-x2w3 CVE-2024-34709, GHSA-56p6-qw3c-fq2g CVE-2025-30351 ---------------------------


async def everything(site: Site) -> list[dict[str, str]]:
    """One of each kind of credentials that a login gives, all good."""
    as_json = data(await login(site))
    as_cookie = await login(site, mode="cookie")
    session = cookie_of(await login(site, mode="session"))
    await change(site.database, "update directus_users set token = 'static' where email = $1", ADA["email"])
    found = [
        {"token": as_json["access_token"]},
        {"token": data(as_cookie)["access_token"]},
        {"cookie": session},
        {"token": session.partition("=")[2]},
        {"token": "static"},
    ]
    for credentials in found:
        assert await gets_in(site, **credentials)
    return found


async def test_logout_ends_session_and_access_token_at_once(site: Site) -> None:
    as_json = data(await login(site))
    session = cookie_of(await login(site, mode="session"))
    assert await gets_in(site, token=as_json["access_token"])
    assert await gets_in(site, cookie=session)
    await post(site, "/auth/logout", {"refresh_token": as_json["refresh_token"]})
    assert not await gets_in(site, token=as_json["access_token"])
    assert await gets_in(site, cookie=session)
    await post(site, "/auth/logout", {"mode": "session"}, session)
    assert not await gets_in(site, cookie=session)
    assert not await gets_in(site, token=session.partition("=")[2])


async def test_logout_with_a_refreshed_token_ends_what_came_before(site: Site) -> None:
    first = data(await login(site))
    second = data(await post(site, "/auth/refresh", {"refresh_token": first["refresh_token"]}))
    session = cookie_of(await login(site, mode="session"))
    renewed = cookie_of(await post(site, "/auth/refresh", {"mode": "session"}, session))
    assert await gets_in(site, token=first["access_token"])
    assert await gets_in(site, cookie=session)
    await post(site, "/auth/logout", {"refresh_token": second["refresh_token"]})
    await post(site, "/auth/logout", {"mode": "session"}, renewed)
    for credentials in ({"token": first["access_token"]}, {"token": second["access_token"]}):
        assert not await gets_in(site, **credentials)
    for cookie in (session, renewed):
        assert not await gets_in(site, cookie=cookie)


async def test_a_refreshed_session_ends_after_the_grace_period(site: Site) -> None:
    began = datetime.now(UTC)
    old = cookie_of(await login(site, mode="session"))
    new = cookie_of(await post(site, "/auth/refresh", {"mode": "session"}, old))
    assert await gets_in(site, cookie=old)
    sql = "select expires from directus_sessions where next_token is not null"
    ((expires,),) = await site.database.fetch(sql)
    assert moment_of(expires) - began <= timedelta(seconds=10) + (datetime.now(UTC) - began)
    past = stored(site.database, began)
    await change(
        site.database, "update directus_sessions set expires = $1 where next_token is not null", past
    )
    await site.project.epochs.bump_access()
    assert not await gets_in(site, cookie=old)
    assert await gets_in(site, cookie=new)


async def ada_of(site: Site) -> str:
    sql = site.database.native("select cast(id as text) from directus_users where email = $1")
    ((user,),) = await site.database.fetch(sql, (ADA["email"],))
    return str(user)


async def test_a_changed_password_ends_every_login(site: Site) -> None:
    credentials = await everything(site)
    refresh_token = data(await login(site))["refresh_token"]
    path = f"/users/{await ada_of(site)}"
    assert (await site.ask("PATCH", path, {"password": "another"}, token=ADMIN_TOKEN)).status == 200
    for given in credentials[:-1]:
        assert not await gets_in(site, **given)
    assert await gets_in(site, **credentials[-1])
    assert (await refresh(site, refresh_token)).status == 401
    assert (await login(site)).status == 401
    assert (await login(site, password="another")).status == 200


async def may_change_herself(site: Site) -> None:
    policy = await add_policy(site.database, user=await ada_of(site))
    await grant(site.database, policy, "directus_users", "update", fields="password")


@pytest.mark.parametrize("way", ["session", "access token", "graphql", "static token"])
async def test_who_changes_the_own_password_stays_where_that_was_done(site: Site, way: str) -> None:
    await may_change_herself(site)
    credentials = await everything(site)
    place = {"session": 2, "graphql": 2, "access token": 0, "static token": 4}[way]
    mine = credentials[place]
    headers = {"cookie": mine["cookie"]} if "cookie" in mine else {}
    if way == "graphql":
        query = 'mutation { update_users_me(data: {password: "another"}) { id } }'
        changed = await site.ask(
            "POST", "/graphql/system", {"query": query}, token=mine.get("token"), headers=headers
        )
        assert "errors" not in json.loads(changed.body)
    else:
        changed = await site.ask(
            "PATCH", "/users/me", {"password": "another"}, token=mine.get("token"), headers=headers
        )
        assert changed.status == 204
    kept = [await gets_in(site, **given) for given in credentials]
    # the cookie and the token in it are one login; a static token is none
    assert kept == [place == 0, False, place == 2, place == 2, True]


async def test_no_login_begins_beside_a_change_of_the_password(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old password was right when it was checked, and is not when the login would be written down."""
    renewed = Hasher.renewed

    async def meanwhile(self: Hasher, stored_hash: str, secret: str) -> str | None:
        path = f"/users/{await ada_of(site)}"
        assert (await site.ask("PATCH", path, {"password": "another"}, token=ADMIN_TOKEN)).status == 200
        return await renewed(self, stored_hash, secret)

    monkeypatch.setattr(Hasher, "renewed", meanwhile)
    assert code(await login(site)) == "INVALID_CREDENTIALS"
    assert await site.database.fetch("select token from directus_sessions") == []


async def test_a_refresh_and_a_change_of_the_password_leave_no_login(site: Site) -> None:
    path = f"/users/{await ada_of(site)}"
    for number in range(5):
        password = ADA["password"] if number == 0 else f"password {number}"
        token = data(await login(site, password=password))["refresh_token"]
        changed, refreshed = await asyncio.gather(
            site.ask("PATCH", path, {"password": f"password {number + 1}"}, token=ADMIN_TOKEN),
            refresh(site, token),
        )
        assert changed.status == 200
        if refreshed.status == 200:
            assert not await gets_in(site, token=data(refreshed)["access_token"])
            assert (await refresh(site, data(refreshed)["refresh_token"])).status == 401
        assert await site.database.fetch("select token from directus_sessions") == []


async def test_suspension_ends_every_login(site: Site) -> None:
    credentials = await everything(site)
    refresh_token = data(await login(site))["refresh_token"]
    await change(
        site.database, "update directus_users set status = 'suspended' where email = $1", ADA["email"]
    )
    await site.project.epochs.bump_access()
    for given in credentials:
        assert not await gets_in(site, **given)
    answer = await post(site, "/auth/refresh", {"refresh_token": refresh_token})
    assert (answer.status, code(answer)) == (401, "INVALID_CREDENTIALS")


async def test_a_deleted_user_is_out(site: Site) -> None:
    credentials = await everything(site)
    await change(site.database, "delete from directus_users where email = $1", ADA["email"])
    await site.project.epochs.bump_access()
    for given in credentials:
        assert not await gets_in(site, **given)


async def test_rights_taken_away_are_gone_whatever_the_token_says(site: Site) -> None:
    role = await add_role(site.database, "boss")
    await add_policy(site.database, role=role, admin_access=True)
    await change(site.database, "update directus_users set role = $1 where email = $2", role, ADA["email"])
    token = data(await login(site))["access_token"]
    assert "version" in data(await site.ask("GET", "/server/info", token=token))
    await change(site.database, "update directus_users set role = null where email = $1", ADA["email"])
    await site.project.epochs.bump_access()
    assert "version" not in data(await site.ask("GET", "/server/info", token=token))


# --- GHSA-jgf4-vwc3-r46v CVE-2024-39896: nothing tells whether an address has an account --------------


async def test_refusals_are_alike(make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    verify = Hasher.verify

    async def counted(self: Hasher, stored: str, secret: str) -> bool:
        verified.append(stored.rsplit("$", 2)[0])
        return await verify(self, stored, secret)

    monkeypatch.setattr(Hasher, "verify", counted)
    async with running(await make_database(with_ada), LOGIN_STALL_TIME="150") as site:
        await add_user(site.database, "sso@example.com", password="p", provider="github")
        await add_user(site.database, "none@example.com")
        await add_user(site.database, "suspended@example.com", password="p", status="suspended")
        answers, times = [], []
        for email, password in (
            ("ada@example.com", "wrong"),
            ("unknown@example.com", "p"),
            ("sso@example.com", "p"),
            ("none@example.com", "p"),
            ("suspended@example.com", "p"),
            ("suspended@example.com", "wrong"),
            ("ada@example.com", "\ud800"),
        ):
            began = time.monotonic()
            answers.append(await login(site, email=email, password=password))
            times.append(time.monotonic() - began)
    assert {(answer.status, answer.body) for answer in answers} == {(401, REFUSED)}
    assert len({tuple(sorted(set(answer.headers) - {"x-request-id"})) for answer in answers}) == 1
    # the same work of the same cost for each, and none before the stall is over
    assert len(verified) == len(answers)
    assert len(set(verified)) == 1
    assert min(times) >= 0.15


async def test_a_wrong_code_takes_as_long_as_a_wrong_password(make_database: MakeDatabase) -> None:
    async with running(await make_database(with_ada), LOGIN_STALL_TIME="150") as site:
        await change(site.database, "update directus_users set tfa_secret = $1", pyotp.random_base32())
        began = time.monotonic()
        assert code(await login(site, otp="000000")) == "INVALID_OTP"
        assert time.monotonic() - began >= 0.15


async def test_logins_do_not_pile_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """More attempts than can be checked are sent away, not queued without end."""
    await change(site.database, "update directus_settings set auth_login_attempts = null")
    gate = threading.Event()

    def slow(self: Hasher, stored: str, secret: str) -> bool:
        gate.wait(30)
        return False

    monkeypatch.setattr(Hasher, "_verify", slow)
    attempts = [asyncio.create_task(login(site)) for _ in range(40)]
    while sum(task.done() for task in attempts) < 8:
        await asyncio.sleep(0.001)
    # one line for whatever is hashed: a new password has no place in it either
    path = f"/users/{await ada_of(site)}"
    busy = await site.ask("PATCH", path, {"password": "another"}, token=ADMIN_TOKEN)
    assert (busy.status, code(busy)) == (503, "SERVICE_UNAVAILABLE")
    gate.set()
    statuses = [(await task).status for task in attempts]
    assert statuses.count(503) == 8
    assert statuses.count(401) == 32
    busy = next(task.result() for task in attempts if task.result().status == 503)
    assert busy.headers["retry-after"] == "1"


async def test_long_passwords_count_to_the_last_byte(site: Site) -> None:
    """CVE-2025-25298 (bcrypt cuts at 72 bytes)."""
    path = f"/users/{await ada_of(site)}"
    for same in (72, 73, 4095):
        answer = await site.ask("PATCH", path, {"password": "x" * same + "a"}, token=ADMIN_TOKEN)
        assert answer.status == 200
        for wrong in ("x" * same + "b", "x" * same, "x" * same + "aa"):
            assert (await login(site, password=wrong)).status == 401
        assert (await login(site, password="x" * same + "a")).status == 200


async def test_halves_of_characters_are_no_password(site: Site) -> None:
    path = f"/users/{await ada_of(site)}"
    answer = await site.ask("PATCH", path, b'{"password": "p\\ud800"}', token=ADMIN_TOKEN)
    assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")
    for wrong in ("p", "p?", "p\ufffd"):
        assert (await login(site, password=wrong)).status == 401
    assert (await login(site)).status == 200


# --- hashes of another cost, and of others ------------------------------------------------------------

#: of "ada's password", as a Directus server of the default cost makes them, and other kinds that verify
THEIRS = {
    "argon2id": "$argon2id$v=19$m=4096,t=3,p=1$",
    "argon2i": "$argon2i$v=19$m=4096,t=3,p=1$",
    "argon2d": "$argon2d$v=19$m=4096,t=3,p=1$",
}
KINDS = {"argon2id": Type.ID, "argon2i": Type.I, "argon2d": Type.D}


async def stored_hash_of(site: Site) -> str:
    sql = site.database.native("select password from directus_users where email = $1")
    ((found,),) = await site.database.fetch(sql, (ADA["email"],))
    return str(found)


@pytest.mark.parametrize("kind", THEIRS)
async def test_a_hash_of_another_cost_is_made_anew(site: Site, kind: str) -> None:
    """At the login of whom it is, which is no change of the password: nothing ends, nothing is told."""
    before = await everything(site)
    refresh_token = data(await login(site))["refresh_token"]
    theirs = PasswordHasher(time_cost=3, memory_cost=4096, parallelism=1, type=KINDS[kind])
    old = theirs.hash(ADA["password"])
    assert old.startswith(THEIRS[kind])
    await change(site.database, "update directus_users set password = $1 where email = $2", old, ADA["email"])
    assert (await login(site, password="wrong")).status == 401
    assert await stored_hash_of(site) == old
    answers = await asyncio.gather(*(login(site) for _ in range(3)))
    assert [answer.status for answer in answers] == [200, 200, 200]
    made = await stored_hash_of(site)
    assert made.startswith("$argon2id$v=19$m=8192,t=1,p=1$")
    assert (await login(site)).status == 200
    assert await stored_hash_of(site) == made
    for given in before:
        assert await gets_in(site, **given)
    assert (await refresh(site, refresh_token)).status == 200
    for table in ("directus_revisions", "directus_activity where action = 'update'"):
        assert await site.database.fetch(f"select id from {table}") == []


async def test_a_full_line_keeps_nobody_out_who_is_right(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    old = PasswordHasher(time_cost=3, memory_cost=4096, parallelism=1).hash(ADA["password"])
    await change(site.database, "update directus_users set password = $1 where email = $2", old, ADA["email"])

    async def full(self: Hasher, secret: str) -> str:
        raise service_unavailable("api", "Under pressure", retry_after=1)

    monkeypatch.setattr(Hasher, "hash", full)
    assert (await login(site)).status == 200
    assert await stored_hash_of(site) == old


# --- section 7, class 6: refresh ----------------------------------------------------------------------


async def refresh(site: Site, token: str) -> Answer:
    return await post(site, "/auth/refresh", {"refresh_token": token})


async def test_two_refreshes_at_once_both_go_on(site: Site) -> None:
    shared = cookie_of(await login(site, mode="cookie"))
    answers = await asyncio.gather(
        *(post(site, "/auth/refresh", {"mode": "cookie"}, shared) for _ in range(5))
    )
    assert len({cookie_of(answer) for answer in answers}) == 1
    for answer in answers:
        assert await gets_in(site, token=data(answer)["access_token"])
    assert (await post(site, "/auth/refresh", {"mode": "cookie"}, cookie_of(answers[0]))).status == 200
    session = cookie_of(await login(site, mode="session"))
    for answer in await asyncio.gather(
        *(post(site, "/auth/refresh", {"mode": "session"}, session) for _ in range(3))
    ):
        assert await gets_in(site, cookie=cookie_of(answer))


async def test_a_used_token_of_a_payload_is_refused(site: Site) -> None:
    """A program that asks twice keeps the login that its first answer holds."""
    token = data(await login(site))["refresh_token"]
    answers = await asyncio.gather(*(refresh(site, token) for _ in range(5)))
    (good,) = [data(answer) for answer in answers if answer.status == 200]
    assert await gets_in(site, token=good["access_token"])
    assert (await refresh(site, token)).status == 401
    assert (await refresh(site, good["refresh_token"])).status == 200


@pytest.mark.parametrize("swept", [False, True])
async def test_a_used_token_that_comes_again_ends_the_login(make_database: MakeDatabase, swept: bool) -> None:
    """Who copied it, or whom it was copied from, is out; also when the old row has been swept away."""
    url = await make_database(with_ada)
    async with running(url, SESSION_REFRESH_GRACE_PERIOD="1ms") as site:
        stolen = data(await login(site))["refresh_token"]
        other = data(await login(site))
        current = data(await refresh(site, stolen))
        assert await gets_in(site, token=current["access_token"])
        await asyncio.sleep(0.01)
        if swept:
            await login(site)
        answer = await refresh(site, stolen)
        assert (answer.status, code(answer)) == (401, "INVALID_CREDENTIALS")
        assert (await refresh(site, current["refresh_token"])).status == 401
        assert not await gets_in(site, token=current["access_token"])
        assert await gets_in(site, token=other["access_token"])


async def test_a_used_cookie_that_comes_again_ends_the_login(make_database: MakeDatabase) -> None:
    """In both modes with cookies; within the grace period it is one of two tabs."""
    url = await make_database(with_ada)
    async with running(url, SESSION_REFRESH_GRACE_PERIOD="1h") as site:
        for mode in ("cookie", "session"):
            first = cookie_of(await login(site, mode=mode))
            second = cookie_of(await post(site, "/auth/refresh", {"mode": mode}, first))
            third = cookie_of(await post(site, "/auth/refresh", {"mode": mode}, second))
            # from any link of the chain to its end
            for used in (first, second):
                again = await post(site, "/auth/refresh", {"mode": mode}, used)
                assert again.status == 200
                if mode == "cookie":
                    assert cookie_of(again) == third
            past = stored(site.database, datetime.now(UTC) - timedelta(seconds=1))
            sql = "update directus_sessions set expires = $1 where next_token is not null"
            await change(site.database, sql, past)
            refused = await post(site, "/auth/refresh", {"mode": mode}, first)
            assert (refused.status, code(refused)) == (401, "INVALID_CREDENTIALS")
            assert "Max-Age=0" in refused.headers["set-cookie"]
            assert (await post(site, "/auth/refresh", {"mode": mode}, third)).status == 401
            assert await site.database.fetch("select token from directus_sessions") == []


async def test_a_token_of_one_mode_does_not_outlive_its_login_in_another(site: Site) -> None:
    """What is in a cookie, sent as a payload, is the same token: used up, and ended with the others."""
    cookie = cookie_of(await login(site, mode="cookie"))
    token = cookie.partition("=")[2]
    pair = data(await refresh(site, token))
    assert (await refresh(site, token)).status == 401
    again = await post(site, "/auth/refresh", {"mode": "cookie"}, cookie)
    assert cookie_of(again).partition("=")[2] == pair["refresh_token"]
    assert (await post(site, "/auth/logout", {"mode": "cookie"}, cookie_of(again))).status == 204
    assert not await gets_in(site, token=pair["access_token"])
    assert (await refresh(site, pair["refresh_token"])).status == 401


@pytest.mark.parametrize("late", [False, True])
async def test_a_login_that_a_directus_server_began(make_database: MakeDatabase, late: bool) -> None:
    """Its tokens have no family; they go on as ours, and one that comes again too late ends what followed."""
    url = await make_database(with_ada)
    async with running(url, SESSION_REFRESH_GRACE_PERIOD="1ms" if late else "10s") as site:
        theirs = "uw503uidN5cg2CkMnnmIntq-5vjbZMsVTS-qFOedtu-2oFNTqT0Qv8wDBdkqwg_P"
        ours = data(await login(site))["refresh_token"]
        await change(site.database, "update directus_sessions set token = $1 where token = $2", theirs, ours)
        first = data(await refresh(site, theirs))
        await asyncio.sleep(0.01)
        assert (await refresh(site, theirs)).status == 401
        assert await gets_in(site, token=first["access_token"]) is not late
        assert (await refresh(site, first["refresh_token"])).status == (401 if late else 200)


async def test_guesses_end_nothing(site: Site) -> None:
    before = site.project.epochs.access
    token = data(await login(site))["refresh_token"]
    for guess in ("0" * 64, token[::-1], "%", "_" * 64, token[:24], token[:24] + "%"):
        assert (await refresh(site, guess)).status == 401
    assert site.project.epochs.access == before
    assert (await refresh(site, token)).status == 200


async def test_refresh_never_raises_rights(site: Site) -> None:
    token = data(await login(site))["refresh_token"]
    pair = data(await refresh(site, token))
    assert "version" not in data(await site.ask("GET", "/server/info", token=pair["access_token"]))


async def test_the_sessions_of_shares_and_clients_are_no_logins(site: Site) -> None:
    share, client = "11111111-1111-1111-1111-111111111111", "client"
    for sql, *values in (
        ("insert into directus_collections (collection) values ('articles')",),
        ("insert into directus_shares (id, collection, item) values ($1, 'articles', '1')", share),
        (
            "insert into directus_oauth_clients (client_id, client_name, redirect_uris, grant_types, "
            "token_endpoint_auth_method, registration_type, date_created) "
            "values ($1, 'x', '[]', '[]', 'none', 'dcr', $2)",
            client,
            stored(site.database, datetime.now(UTC)),
        ),
    ):
        await change(site.database, sql, *values)
    for column, value in (("share", share), ("oauth_client", client)):
        token = data(await login(site))["refresh_token"]
        session = cookie_of(await login(site, mode="session"))
        await change(site.database, f"update directus_sessions set {column} = $1", value)
        assert (await refresh(site, token)).status == 401
        assert not await gets_in(site, cookie=session)
        await change(site.database, "delete from directus_sessions")


async def test_the_cookie_changes_at_login(site: Site) -> None:
    """Session fixation: a cookie somebody planted never becomes the user's."""
    planted = cookie_of(await login(site, mode="session"))
    answer = await post(site, "/auth/login", {**ADA, "mode": "session"}, planted)
    assert cookie_of(answer) != planted


async def test_tokens_are_not_alike(site: Site) -> None:
    tokens = [data(await login(site))["refresh_token"] for _ in range(10)]
    assert len({token[:24] for token in tokens}) == len({token[24:] for token in tokens}) == 10


# --- headers and texts --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/auth", "/auth/login", "/auth/refresh", "/auth/logout", "/auth/nope"])
async def test_headers_of_auth_routes(site: Site, path: str) -> None:
    """GHSA-8m32-p958-jg99 CVE-2026-35408 (opener), GHSA-cff8-x7jv-4fm8 CVE-2024-45596 (cache); class 19."""
    for answer in (await site.ask("GET", path), await post(site, path, ADA)):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin-allow-popups"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"]
        assert not {"server", "x-powered-by"} & set(answer.headers)


async def test_refusals_hold_no_secret(site: Site) -> None:
    """Class 17: neither password nor token comes back, whatever is wrong with the request."""
    secret = "correct-horse-battery"
    for payload in (
        {"email": "ada@example.com", "password": secret},
        {"email": 5, "password": secret},
        {"refresh_token": secret},
        {"password": [secret]},
    ):
        for path in ("/auth/login", "/auth/refresh", "/auth/logout"):
            assert secret.encode() not in (await post(site, path, payload)).body
    answer = await site.ask("GET", f"/server/info?access_token={secret}")
    assert answer.status == 401
    assert secret not in json.dumps([answer.body.decode(), dict(answer.headers)])


async def test_a_stored_hash_is_no_password_and_no_token(site: Site) -> None:
    rows = await site.database.fetch("select password from directus_users")
    for (stored_hash,) in rows:
        assert (await login(site, password=stored_hash)).status == 401
        assert not await gets_in(site, token=stored_hash)
    assert await gets_in(site, token=ADMIN_TOKEN)
