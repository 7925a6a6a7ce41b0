"""The command line: what it does to a database, what it says, and with which exit code it ends."""

from __future__ import annotations

import asyncio
import io
import re
import sqlite3
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.cli import parser, run
from gateway.terminal import Terminal
from resolvers.secrets import Hasher
from resolvers.sql.moments import stored
from schema_gen.database import open_database
from tests.support.project import grant

FAST_HASH = {"HASH_MEMORY_COST": "8192", "HASH_TIME_COST": "1", "HASH_PARALLELISM": "1"}


@dataclass(frozen=True, kw_only=True)
class Said:
    code: int
    out: str
    err: str


Call = Callable[..., Said]


@pytest.fixture
def call(database_url: str, tmp_path: Path) -> Call:
    """Runs one command on the test's own database."""

    def called(*arguments: str, stdin: str = "", **environment: str) -> Said:
        out, err = io.StringIO(), io.StringIO()
        values = {"DB_CONNECTION_STRING": database_url, **FAST_HASH, **environment}
        terminal = Terminal(out=out, err=err, stdin=io.StringIO(stdin))
        return Said(code=run(arguments, values, tmp_path, terminal), out=out.getvalue(), err=err.getvalue())

    return called


def test_bootstrap_prints_a_generated_password_once(call: Call) -> None:
    first = call("bootstrap")
    assert first.code == 0
    assert "Administrator: admin@example.com" in first.out
    assert re.search(r"Password \(shown only now\): \S{16,}", first.out)
    second = call("bootstrap")
    assert (second.code, second.out) == (
        0,
        "The system tables are there already; nothing was changed.\n",
    )


def test_bootstrap_takes_the_administrator_from_the_environment(call: Call) -> None:
    said = call("bootstrap", ADMIN_EMAIL="me@example.org", ADMIN_PASSWORD="correct horse")
    assert said.out == "Made the system tables. Administrator: me@example.org\n"
    assert "correct horse" not in said.out + said.err


def test_roles_are_listed(call: Call) -> None:
    call("bootstrap", ADMIN_PASSWORD="correct horse")
    lines = call("roles", "list").out.splitlines()
    assert re.split(r"\s{2,}", lines[0]) == ["ROLE", "ACCESS", "USERS", "PARENT", "POLICIES", "ID"]
    assert re.split(r"\s{2,}", lines[1])[:5] == ["Administrator", "admin", "1", "-", "Administrator"]


async def in_thread(call: Call, *arguments: str, stdin: str = "", **environment: str) -> Said:
    """The commands have an event loop of their own, which a test with one cannot hold."""
    return await asyncio.to_thread(call, *arguments, stdin=stdin, **environment)


async def test_a_user_is_created_with_role_password_and_token(call: Call, database_url: str) -> None:
    await in_thread(call, "bootstrap", ADMIN_PASSWORD="correct horse")
    said = await in_thread(
        call,
        "users",
        "create",
        "Ada@Example.org",
        "--role",
        "Administrator",
        "--first-name",
        "Ada",
        "--static-token",
        "--password-stdin",
        stdin="a fine password\n",
    )
    assert said.code == 0, said.err
    token = said.out.rstrip().rpartition(" ")[2]
    assert len(token) == 32
    database = await open_database(database_url)
    try:
        rows = await database.fetch(
            "select password, token, status, role is not null from directus_users "
            "where email = 'ada@example.org'"
        )
    finally:
        await database.close()
    stored, stored_token, status, has_role = rows[0]
    assert (stored_token, status, bool(has_role)) == (token, "active", True)
    assert stored.startswith("$argon2id$")
    hasher = Hasher(threads=1)
    assert await hasher.verify(stored, "a fine password")
    hasher.close()


async def test_a_changed_password_ends_every_login(call: Call, database_url: str) -> None:
    await in_thread(call, "bootstrap", ADMIN_PASSWORD="correct horse")
    database = await open_database(database_url)
    try:
        async with database.transaction() as transaction:
            await transaction.execute(
                database.native(
                    'insert into directus_sessions (token, "user", expires) '
                    "select $1, id, current_timestamp from directus_users"
                ),
                ("1" * 64,),
            )
        said = await in_thread(
            call, "users", "passwd", "admin@example.com", "--password-stdin", stdin="a new password\n"
        )
        assert said.code == 0, said.err
        assert await database.fetch("select token from directus_sessions") == []
        rows = await database.fetch("select password from directus_users")
    finally:
        await database.close()
    hasher = Hasher(threads=1)
    assert await hasher.verify(rows[0][0], "a new password")
    hasher.close()


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "line"),
    [
        (
            ("users", "create", "admin@EXAMPLE.com", "--password-stdin"),
            "long enough",
            1,
            'Value "admin@example.com" for field "email" in collection "directus_users" has to be unique.',
        ),
        (
            ("users", "create", "b@example.com", "--role", "Nope", "--password-stdin"),
            "long enough",
            1,
            'There is no role "Nope"; there are: "Administrator"',
        ),
        (("users", "create", "b@example.com", "--password-stdin"), "short", 1, "at least 8 characters"),
        (
            ("users", "create", "nobody", "--password-stdin"),
            "long enough",
            1,
            '"email" must be a valid email',
        ),
        (("users", "passwd", "x@example.com", "--password-stdin"), "long enough", 1, "There is no user"),
        (("users", "passwd", "admin@example.com"), "", 2, "--password-stdin"),
    ],
)
def test_refusals_are_one_line(
    call: Call, arguments: tuple[str, ...], stdin: str, code: int, line: str
) -> None:
    call("bootstrap", ADMIN_PASSWORD="correct horse")
    said = call(*arguments, stdin=stdin)
    assert (said.code, said.out) == (code, "")
    assert line in said.err
    assert said.err.startswith("causeway: ")
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [("roles", "list"), ("users", "passwd", "a@b.c", "--password-stdin")])
def test_without_system_tables_it_says_what_to_run(call: Call, arguments: tuple[str, ...]) -> None:
    said = call(*arguments, stdin="long enough")
    assert said.code == 2
    assert said.err == "causeway: this database has no system tables; run `causeway bootstrap` first\n"


def test_introspect_shows_what_cannot_be_served_and_why(tmp_path: Path) -> None:
    path = tmp_path / "odd.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "create table authors (id integer primary key, name text not null);"
            "create table books (id integer primary key, author integer references authors (id));"
            "create table scraps (note text);"
            'create table "odd name" (id integer primary key, "2nd" text);'
        )
    connection.close()
    out = io.StringIO()
    values = {"DB_FILENAME": str(path)}
    assert run(["introspect"], values, tmp_path, Terminal(out=out, err=out)) == 0
    lines = [re.split(r"\s{2,}", line) for line in out.getvalue().splitlines()]
    assert lines[0] == ["COLLECTION", "KIND", "KEY", "FIELDS", "RELATIONS"]
    assert lines[1] == ["authors", "table", "id", "3", "books -> [books]"]
    assert lines[2] == ["books", "table", "id", "2", "author -> authors"]
    assert lines[5] == ["NOT SERVED", "WHY"]
    assert lines[6][0] == "scraps"
    assert "no primary key" in lines[6][1]
    assert lines[8] == ["NAME", "WHAT", "IN GRAPHQL"]
    assert lines[9][:2] == ["odd name", "collection"]
    assert lines[10][:2] == ["2nd", "field of odd name"]
    assert lines[-1] == ["sqlite: 3 collections, 7 fields, 1 thing not served"]


async def test_sdl_shows_what_somebody_sees(call: Call, database_url: str) -> None:
    await in_thread(call, "bootstrap", ADMIN_PASSWORD="correct horse")
    database = await open_database(database_url)
    try:
        async with database.transaction() as transaction:
            await transaction.execute("create table notes (id integer primary key, body varchar(90))")
        policies = await database.fetch("select policy from directus_access where role is null")
        await grant(database, str(policies[0][0]), "notes", fields="id")
    finally:
        await database.close()
    whole = await in_thread(call, "sdl")
    public = await in_thread(call, "sdl", "--as", "public")
    admin = await in_thread(call, "sdl", "--as", "ADMIN@example.com")
    system = await in_thread(call, "sdl", "--scope", "system")
    for said in (whole, public, admin, system):
        assert (said.code, said.err) == (0, "")
    assert "type notes {\n  id: ID!\n  body: String\n}" in whole.out
    assert admin.out == whole.out
    assert "type notes {\n  id: ID!\n}" in public.out
    assert "body" not in public.out
    assert "type directus_users {" in system.out
    nobody = await in_thread(call, "sdl", "--as", "nobody@example.com")
    assert (nobody.code, nobody.err) == (
        1,
        'causeway: Invalid payload. There is no user "nobody@example.com".\n',
    )


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("users",), ("serve", "--port", "x")])
def test_wrong_usage_is_code_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(arguments)
    assert ended.value.code == 2
    assert "usage: causeway" in capsys.readouterr().err


@pytest.mark.parametrize("options", [("--workers", "0"), ("--workers", "2", "--reload")])
def test_serve_refuses_numbers_that_make_no_sense(tmp_path: Path, options: tuple[str, ...]) -> None:
    err = io.StringIO()
    terminal = Terminal(out=err, err=err)
    assert run(["serve", *options], {"DB_FILENAME": "x.sqlite"}, tmp_path, terminal) == 2
    assert err.getvalue().startswith("causeway: --")
    assert not (tmp_path / "x.sqlite").exists()


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"causeway {project['version']}\n"


def test_old_history_is_taken_away(call: Call, database_url: str) -> None:
    call("bootstrap")

    async def add() -> None:
        database = await open_database(database_url)
        for number, moment in ((1, datetime(2020, 1, 1, tzinfo=UTC)), (2, datetime.now(UTC))):
            async with database.transaction() as transaction:
                await transaction.execute(
                    database.native(
                        "insert into directus_activity (id, action, timestamp, collection, item) "
                        "values ($1, 'login', $2, 'directus_users', 'x')"
                    ),
                    (number, stored(database, moment)),
                )
        await database.close()

    asyncio.run(add())
    said = call("history", "prune")
    assert said.code == 0
    assert re.search(r"activity +1\n", said.out)
    assert re.search(r"revisions +0\n", said.out)
    assert re.search(r"activity +0\n", call("history", "prune").out)
    assert re.search(r"activity +1\n", call("history", "prune", ACTIVITY_RETENTION="0").out)


@pytest.mark.parametrize("lang", ["typescript", "python"])
def test_types_are_alike_on_both_databases(call: Call, lang: str) -> None:
    call("bootstrap", ADMIN_PASSWORD="correct horse")
    said = call("types", "--lang", lang, "--collection", "directus_folders")
    assert said.code == 0
    assert said.out.endswith("}\n" if lang == "typescript" else "\n")
    if lang == "python":
        assert '    parent: "str | DirectusFolders | None"' in said.out.splitlines()


def test_types_are_written_to_a_file(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "types.py"
    said = call("types", "--lang", "python", "--output", str(file))
    assert (said.code, said.out, said.err) == (0, "", f"Wrote {file}\n")
    assert file.read_text(encoding="utf-8").startswith('"""Written by `causeway types')
    assert call("types", "--lang", "python", "--output", str(tmp_path / "no" / "x")).code == 2
    assert call("types", "--lang", "python", "--collection", "nope").code == 1
