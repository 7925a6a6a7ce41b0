"""`causeway users`, `roles`, `policies` and `can`, beside a server that runs on the same database."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from gateway.cli import run
from gateway.terminal import Terminal
from tests.conftest import MakeDatabase
from tests.support.press import ADA, ADA_ID, seed_press
from tests.support.project import ADMIN_EMAIL, Site, change, code, data, running

FAST_HASH: Final = {"HASH_MEMORY_COST": "8192", "HASH_TIME_COST": "1", "HASH_PARALLELISM": "1"}
EMAIL: Final = "ada@example.com"
PASSWORD: Final = "the password of ada"


@dataclass(frozen=True, kw_only=True)
class Said:
    code: int
    out: str
    err: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """A server, and the command line on its database."""

    site: Site
    url: str
    directory: Path

    async def call(self, *arguments: str, stdin: str = "") -> Said:
        """In a thread: commands have an event loop of their own."""
        out, err = io.StringIO(), io.StringIO()
        values = {"DB_CONNECTION_STRING": self.url, **FAST_HASH}
        terminal = Terminal(out=out, err=err, stdin=io.StringIO(stdin))
        code = await asyncio.to_thread(run, arguments, values, self.directory, terminal)
        return Said(code=code, out=out.getvalue(), err=err.getvalue())

    async def login(self, password: str) -> int:
        sent = {"email": EMAIL, "password": password}
        return (await self.site.ask("POST", "/auth/login", sent)).status

    async def status(self, token: str) -> int:
        return (await self.site.ask("GET", "/users/me", token=token)).status


@pytest.fixture
async def place(make_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[Place]:
    url = await make_database(seed_press)
    async with running(url, CAUSEWAY_ACCESS_TTL="60s") as site:
        yield Place(site=site, url=url, directory=tmp_path)


async def logged_in(place: Place) -> str:
    """An access token of Ada, who has a password from here on."""
    assert (await place.call("users", "passwd", EMAIL, "--password-stdin", stdin=f"{PASSWORD}\n")).code == 0
    answer = await place.site.ask("POST", "/auth/login", {"email": EMAIL, "password": PASSWORD})
    token: str = data(answer)["access_token"]
    return token


async def test_who_is_suspended_is_out_at_once(place: Place) -> None:
    token = await logged_in(place)
    assert (await place.status(token), await place.status(ADA)) == (200, 200)
    said = await place.call("users", "suspend", EMAIL.upper())
    assert (said.code, said.out) == (0, f"{EMAIL.upper()} is suspended.\n")
    assert (await place.status(token), await place.status(ADA)) == (401, 401)
    assert await place.login(PASSWORD) == 401
    again = await place.call("users", "suspend", EMAIL)
    assert (again.code, again.out) == (0, f"{EMAIL} is suspended already; nothing was changed.\n")
    assert (await place.call("users", "activate", EMAIL)).out == f"{EMAIL} is active.\n"
    # the login has ended, the token that does not expire has not
    assert (await place.status(token), await place.status(ADA)) == (401, 200)
    assert await place.login(PASSWORD) == 200


async def test_the_last_administrator_stays(place: Place) -> None:
    said = await place.call("users", "suspend", ADMIN_EMAIL)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("causeway: ")
    assert "last admin" in said.err
    rows = await place.site.database.fetch(
        "select status from directus_users where email = 'admin@example.com'"
    )
    assert rows[0][0] == "active"


async def test_a_new_password_is_made_or_read(place: Place) -> None:
    token = await logged_in(place)
    said = await place.call("users", "passwd", EMAIL, "--generate")
    made = re.search(r"Password \(shown only now\): (\S{20})$", said.out.strip())
    assert made is not None
    assert await place.status(token) == 401
    assert (await place.login(PASSWORD), await place.login(made[1])) == (401, 200)
    await change(place.site.database, "update directus_settings set auth_password_policy = '/[0-9]{3}/'")
    refused = await place.call("users", "passwd", EMAIL, "--password-stdin", stdin="long enough\n")
    assert (refused.code, refused.out) == (1, "")
    assert "password" in refused.err
    assert await place.login(made[1]) == 200


async def test_a_token_is_told_once_and_taken_away(place: Place) -> None:
    assert await place.status(ADA) == 200
    token = (await place.call("users", "token", EMAIL)).out.rstrip().rpartition(" ")[2]
    assert len(token) == 32
    assert (await place.status(ADA), await place.status(token)) == (401, 200)
    said = await place.call("users", "token", EMAIL, "--revoke")
    assert (said.code, said.out) == (0, f"{EMAIL} has no static token.\n")
    assert await place.status(token) == 401


async def test_who_lost_the_second_factor(place: Place) -> None:
    token = await logged_in(place)
    none = await place.call("users", "tfa-reset", EMAIL)
    assert none.out == f"{EMAIL} has no second factor; nothing was changed.\n"
    assert await place.status(token) == 200
    await change(place.site.database, "update directus_users set tfa_secret = 'JBSW' where id = $1", ADA_ID)
    assert (await place.call("users", "tfa-reset", EMAIL)).code == 0
    assert await place.status(token) == 401
    assert await place.login(PASSWORD) == 200


async def test_a_user_and_a_role(place: Place) -> None:
    made = await place.call("roles", "create", "Readers", "--parent", "writer", "--policy", "Writers")
    assert made.code == 0, made.err
    again = await place.call("roles", "create", "Readers")
    assert again.code == 0
    assert "nothing was changed" in again.out
    said = await place.call("users", "create", "new@example.com", "--role", "Readers", "--generate")
    assert said.code == 0, said.err
    password = said.out.rstrip().rpartition(" ")[2]
    sent = {"email": "new@example.com", "password": password}
    assert (await place.site.ask("POST", "/auth/login", sent)).status == 200
    told = [re.split(r"\s{2,}", line) for line in (await place.call("roles", "list")).out.splitlines()]
    assert ["Readers", "-", "1", "writer", "Writers"] in [line[:5] for line in told]
    for arguments, line in (
        (("roles", "create", "X", "--parent", "nobody"), 'There is no role "nobody"; there are: '),
        (("roles", "create", "X", "--policy", "nothing"), 'There is no policy "nothing"; there are: '),
        (("users", "create", "new@example.com", "--generate"), "has to be unique"),
        (("users", "token", "nobody@example.com"), "There is no user"),
    ):
        refused = await place.call(*arguments)
        assert (refused.code, refused.out) == (1, ""), arguments
        assert line in refused.err
    # the history says that it happened, and that nobody who logs in did it
    rows = await place.site.database.fetch(
        "select \"user\" from directus_activity where collection = 'directus_roles' and action = 'create'"
    )
    assert [row[0] for row in rows] == [None]


async def test_lists(place: Place) -> None:
    await change(
        place.site.database, "update directus_policies set ip_access = '10.0.0.0/8' where name = 'Writers'"
    )
    users = [re.split(r"\s{2,}", line) for line in (await place.call("users", "list")).out.splitlines()]
    assert users[0] == ["EMAIL", "NAME", "STATUS", "ROLE", "2ND FACTOR", "TOKEN", "LAST ACCESS", "ID"]
    ada = [EMAIL, "-", "active", "writer", "-", "yes", "-", ADA_ID]
    assert ada in users
    lines = (await place.call("policies", "list")).out.splitlines()
    policies = [re.split(r"\s{2,}", line) for line in lines]
    assert policies[0][:4] == ["POLICY", "ACCESS", "2ND FACTOR", "ADDRESSES"]
    (writers,) = [line for line in policies if line[0] == "Writers"]
    assert writers[1:4] == ["-", "-", "10.0.0.0/8"]
    assert writers[5] == "writer"
    assert "public" in {line[5] for line in policies}


async def test_can(place: Place) -> None:
    yes = await place.call("can", EMAIL, "update", "articles", "--item", "1", "--field", "title")
    assert (yes.code, yes.out.partition(":")[0]) == (0, "yes")
    some = await place.call("can", EMAIL, "update", "articles")
    assert (some.code, some.out.partition(":")[0]) == (0, "for some items")
    no = await place.call("can", "public", "delete", "articles", "--json")
    assert no.code == 1
    told = json.loads(no.out)
    assert (told["answer"], told["caller"]["kind"]) == ("no", "public")
    role = await place.call("can", "role:writer", "read", "tags")
    assert (role.code, role.out.partition(":")[0]) == (0, "yes")
    for arguments, line in (
        (("nobody@example.com", "read", "articles"), 'There is no user "nobody@example.com"'),
        ((EMAIL, "reed", "articles"), 'There is no action "reed"; did you mean "read"?'),
        ((EMAIL, "read", "articels"), 'There is no collection "articels"; did you mean "articles"'),
        ((EMAIL, "read", "articles", "--field", "titel"), 'did you mean "title"'),
        (("role:writters", "read", "articles"), 'There is no role "writters"; did you mean "writer"?'),
    ):
        wrong = await place.call("can", *arguments)
        assert (wrong.code, wrong.out) == (2, ""), arguments
        assert line in wrong.err
        assert len(wrong.err.splitlines()) == 1


async def test_nothing_is_remembered_of_what_was_refused(place: Place) -> None:
    """A password that is typed twice differently, or not at all, changes nothing."""
    said = await place.call("users", "passwd", EMAIL)
    assert (said.code, said.out) == (2, "")
    both = ("users", "passwd", EMAIL, "--generate", "--password-stdin")
    with pytest.raises(SystemExit):
        await place.call(*both)
    assert (
        code(await place.site.ask("POST", "/auth/login", {"email": EMAIL, "password": "x"}))
        == "INVALID_CREDENTIALS"
    )
