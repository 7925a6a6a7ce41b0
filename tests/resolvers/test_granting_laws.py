"""Whatever somebody writes who is no administrator: nobody may do more by it than he or the writer could.

Maud sends what chance has put together, to every route of rights. After each request that was taken, what
everybody may do is worked out from the rows and tried out, item by item, and compared with what he could do
before. Seeds are fixed: a failure comes again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any, Final, get_args

import pytest

from resolvers.covering import Held, read_places
from resolvers.permissions import AccessRules, Action, Grant
from resolvers.rules import merge_rules
from resolvers.sql.access import PermissionRow, PolicyRow
from tests.conftest import MakeDatabase
from tests.resolvers.test_covering import ADDRESSES, abilities
from tests.support.project import (
    Site,
    add_policy,
    add_role,
    add_user,
    change,
    grant,
    running,
    seed_system,
)
from tests.support.writers import rows

MAUD: Final = "the-token-of-maud"
REQUESTS: Final = 50
#: taken ones and refused ones, at the least; and how many may be asked for them
ENOUGH: Final = 8
MOST: Final = 10 * REQUESTS
RULES: Final = (None, {"x": {"_eq": 1}}, {"_and": [{"x": {"_eq": 1}}, {"y": {"_eq": 1}}]})
EVERYTHING: Final = AccessRules(
    admin=True,
    grants={(action, "things"): (Grant(fields=None),) for action in get_args(Action)},
)
#: of everybody: (address, what can be done there)
Abilities = frozenset[tuple[str, Any]]


def dice(chance: random.Random, *options: Any) -> Any:
    return chance.choice(options)


def permission(chance: random.Random) -> dict[str, Any]:
    return {
        "collection": "things",
        "action": dice(chance, "read", "delete"),
        "fields": dice(chance, ["*"], ["x"], ["x", "y"]),
        "permissions": chance.choice(RULES),
    }


def policy(chance: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {"name": "p", "permissions": [permission(chance)]}
    if chance.random() < 0.3:
        made[dice(chance, "admin_access", "app_access", "enforce_tfa")] = True
    if chance.random() < 0.3:
        made["ip_access"] = [chance.choice(ADDRESSES)]
    return made


def request(chance: random.Random, known: Mapping[str, list[Any]]) -> tuple[str, str, Any]:
    """Something that writes rights."""

    def some(kind: str) -> Any:
        return chance.choice(known[kind])

    given = dice(chance, {"policy": some("policies")}, {"policy": policy(chance)})
    kind = chance.randrange(12)
    if kind == 0:
        return (
            "PATCH",
            f"/users/{some('users')}",
            {"role": dice(chance, None, some("roles"), {"id": some("roles")})},
        )
    if kind == 1:
        return (
            "PATCH",
            f"/users/{some('users')}",
            {"policies": dice(chance, [], [given], {"create": [given]})},
        )
    if kind == 2:
        email = f"{chance.random()}@example.com"
        return (
            "POST",
            "/users",
            {"email": email, "role": some("roles"), "policies": dice(chance, [], [given])},
        )
    if kind == 3:
        return "PATCH", f"/roles/{some('roles')}", {"parent": dice(chance, None, some("roles"))}
    if kind == 4:
        return "PATCH", f"/roles/{some('roles')}", {"users": {"connect": [some("users")]}}
    if kind == 5:
        return (
            "PATCH",
            f"/roles/{some('roles')}",
            {"policies": dice(chance, [], [given], {"create": [given]})},
        )
    if kind == 6:
        holder = dice(chance, {"user": some("users")}, {"role": some("roles")}, {})
        return "POST", "/access", {**holder, **given}
    if kind == 7:
        changed = dice(chance, given, {"user": some("users")}, {"role": some("roles")})
        return "PATCH", f"/access/{some('access')}", changed
    if kind == 8:
        return "POST", "/permissions", {**permission(chance), "policy": some("policies")}
    if kind == 9:
        changed = {**permission(chance), "policy": some("policies")}
        name = chance.choice(sorted(changed))
        return "PATCH", f"/permissions/{some('permissions')}", {name: changed[name]}
    if kind == 10:
        flag = dice(chance, "admin_access", "app_access", "enforce_tfa")
        changed = dice(chance, {flag: dice(chance, True, False)}, {"ip_access": [chance.choice(ADDRESSES)]})
        return "PATCH", f"/policies/{some('policies')}", changed
    table = dice(chance, "access", "permissions", "policies", "roles")
    return "DELETE", f"/{table}/{some(table)}", None


async def keys(site: Site, seen: dict[str, int]) -> dict[str, list[Any]]:
    """Of each table in the order in which they came to be seen: what chance chooses does not hang on them."""
    found: dict[str, list[Any]] = {}
    for name in ("users", "roles", "policies", "access", "permissions"):
        there = [str(row[0]) for row in await rows(site, f"select id from directus_{name}")]
        for key in sorted(there):
            seen.setdefault(f"{name} {key}", len(seen))
        found[name] = sorted(there, key=lambda key, name=name: seen[f"{name} {key}"])  # type: ignore[misc]
    return found


async def everybody(site: Site) -> dict[str, Abilities]:
    """What each user and each role may do, and the public."""
    policies = {
        str(key): PolicyRow(
            id=str(key), ip_access=ip, admin=bool(admin), app=bool(app), enforce_tfa=bool(tfa)
        )
        for key, ip, admin, app, tfa in await rows(
            site, "select id, ip_access, admin_access, app_access, enforce_tfa from directus_policies"
        )
    }
    granted: dict[str, list[PermissionRow]] = {}
    for key, collection, action, rule, fields in await rows(
        site, "select policy, collection, action, permissions, fields from directus_permissions"
    ):
        text = rule.decode() if isinstance(rule, bytes) else rule
        row = PermissionRow(
            policy=str(key), collection=collection, action=action, permissions=text, fields=fields
        )
        granted.setdefault(str(key), []).append(row)
    parents = {str(key): parent for key, parent in await rows(site, "select id, parent from directus_roles")}
    access = await rows(site, 'select role, "user", policy from directus_access')

    def may(user: Any, role: Any) -> Abilities:
        held: list[Held] = []
        chain = set()
        above = role
        while above is not None and str(above) not in chain:
            chain.add(str(above))
            above = parents.get(str(above))
        for given_role, given_user, key in access:
            row = policies[str(key)]
            mine = (user is not None and str(given_user) == str(user)) or str(given_role) in chain
            public = given_role is None and given_user is None and role is None
            if mine:
                rules = merge_rules([row], granted.get(row.id, ()))
            elif public:
                rules = merge_rules([PolicyRow(id=row.id, public=True)], granted.get(row.id, ()))
            else:
                continue
            held.append(Held(places=read_places(row.ip_access), rules=rules))
        held = [Held(places=one.places, rules=EVERYTHING) if one.rules.admin else one for one in held]
        return frozenset(
            (address, one)
            for address in (*ADDRESSES, "elsewhere")
            for one in (*abilities(held, address), *flags(held, address))
        )

    found = {
        str(user): may(user, role) for user, role in await rows(site, "select id, role from directus_users")
    }
    found |= {f"role {key}": may(None, key) for key in parents}
    return {**found, "public": may(None, None)}


def flags(held: list[Held], address: str) -> list[Any]:
    here = [one.rules for one in held if one.places is None or address in one.places]
    found: list[Any] = []
    if any(rules.admin for rules in here):
        found.append("admin")
    if any(rules.app or rules.admin for rules in here):
        found.append("app")
    if not any(rules.enforce_tfa for rules in here):
        found.append("without a second factor")
    return found


@pytest.mark.parametrize("seed", [4, 7])
async def test_nobody_may_do_more_than_he_or_the_writer_could(make_database: MakeDatabase, seed: int) -> None:
    chance = random.Random(seed)
    async with running(await make_database(seed_system)) as site:
        base = site.database
        others = await add_role(base, "others")
        await add_role(base, "third", parent=others)
        maud = await add_user(base, "maud@example.com", token=MAUD)
        await manage(site, maud)
        strong = await add_policy(base, role=others, ip_access=ADDRESSES[0])
        await grant(base, strong, "things")
        await add_policy(base, user=await add_user(base, "bound@example.com"), enforce_tfa=True)
        await add_policy(base, public=True)
        await add_user(base, "other@example.com", role=others)
        await site.project.epochs.bump_access()
        before = await everybody(site)
        taken = refused = 0
        seen: dict[str, int] = {}
        # keys are made by the server, so that chance has a part in what is meant: more until it is enough
        while taken + refused < REQUESTS or min(taken, refused) < ENOUGH:
            assert taken + refused < MOST
            method, target, body = request(chance, await keys(site, seen))
            answer = await site.ask(method, target, body, token=MAUD)
            assert answer.status < 500, (method, target, body, answer.body)
            if answer.status >= 400:
                refused += 1
                continue
            taken += 1
            after = await everybody(site)
            own_before = before[maud] | before["public"]
            for who, now in after.items():
                former = before.get(who)
                more = now - own_before - (former if former is not None else frozenset())
                if former is None:
                    # who is new is not bound to anything yet
                    more = frozenset(one for one in more if one[1] != "without a second factor")
                assert not more, (method, target, body, who, sorted(map(str, more))[:5])
                if former is not None:
                    free = {one for one in now - former if one[1] == "without a second factor"}
                    assert not free, (method, target, body, who)
            before = after
            if not await manages(site):
                await manage(site, maud)
                before = await everybody(site)


async def manages(site: Site) -> bool:
    """She may have given herself another role, or none."""
    answer = await site.ask("PATCH", "/access?limit=0", {"query": {"limit": 0}, "data": {}}, token=MAUD)
    read = await site.ask("GET", "/permissions?limit=1", token=MAUD)
    return answer.status == 200 and read.status == 200 and bool(json.loads(read.body)["data"])


async def manage(site: Site, maud: str) -> None:
    """Behind the back of the server: she writes rights, and has a part of one collection."""
    base = site.database
    role = await add_role(base, "managers")
    own = await add_policy(base, role=role)
    await change(base, "update directus_users set role = $2 where id = $1", maud, role)
    for name in ("users", "roles", "policies", "access", "permissions"):
        for action in ("create", "read", "update", "delete"):
            await grant(base, own, f"directus_{name}", action)
    await grant(base, own, "things", fields="x", rule=RULES[1])
    await grant(base, own, "things", "delete")
    await site.project.epochs.bump_access()
