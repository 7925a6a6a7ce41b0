"""`causeway demo` as a process: what it prints works when pasted, and a second run keeps everything."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.support.nursery import nursery
from tests.support.server import NO_TLS, ROOT, START_TIMEOUT

_GRAPHIQL: Final = re.compile(r"GraphiQL\s+(http://\S+)")
_ADMIN: Final = re.compile(r"Admin\s+(\S+)\s+(\S+)")


@contextmanager
def running_demo(directory: Path, **environment: str) -> Iterator[str]:
    """Gives what `causeway demo` printed until it was ready; ends it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    log_path = directory / f"demo-{time.monotonic_ns()}.log"
    log_path.touch()
    process = nursery().start(
        ["demo", "--port", "0"],
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        cwd=directory,
        streams=(Path(os.devnull), log_path, log_path),
    )
    try:
        deadline = time.monotonic() + START_TIMEOUT
        while "/auth/login" not in log_path.read_text():
            assert process.poll() is None, log_path.read_text()
            assert time.monotonic() < deadline, log_path.read_text()
            time.sleep(0.02)
        yield log_path.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def paste(line: str) -> httpx.Response:
    """Does what a shell and curl would do with the few options that the printed lines use."""
    words = iter(shlex.split(line)[1:])
    url, body, headers = "", None, {}
    for word in words:
        match word:
            case "-g":
                pass
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-d":
                body = next(words)
            case _:
                url = word
    return httpx.request(
        "GET" if body is None else "POST", url, content=body, headers=headers, timeout=30, verify=NO_TLS
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    directory = tmp_path_factory.mktemp("demo")
    with running_demo(directory) as printed:
        yield directory, printed


@pytest.fixture(scope="module")
def answers(demo: tuple[Path, str]) -> list[Any]:
    lines = [line for line in demo[1].splitlines() if line.strip().startswith("curl ")]
    assert len(lines) == 3
    responses = [paste(line) for line in lines]
    assert [response.status_code for response in responses] == [200, 200, 200]
    return [response.json() for response in responses]


def test_the_printed_requests_work(answers: list[Any]) -> None:
    rest, graphql, login = answers
    assert len(rest["data"]) == len(graphql["data"]["articles"]) == 3
    assert rest["data"][0].keys() == {"title", "author", "tags"}
    assert rest["data"] == graphql["data"]["articles"]
    assert login["data"]["access_token"]


def test_each_role_sees_what_its_rules_say(demo: tuple[Path, str]) -> None:
    directory, printed = demo
    found = _GRAPHIQL.search(printed)
    assert found
    address = found[1].removesuffix("/graphql")
    passwords = json.loads((directory / "data" / "demo.sqlite.logins").read_text())

    def client(email: str) -> httpx.Client:
        login = httpx.post(
            f"{address}/auth/login", json={"email": email, "password": passwords[email]}, verify=NO_TLS
        )
        token = login.json()["data"]["access_token"]
        return httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, verify=NO_TLS)

    def count(person: httpx.Client, collection: str) -> int:
        answer = person.get(f"/items/{collection}", params={"aggregate[count]": "*"})
        return int(answer.json()["data"][0]["count"])

    with (
        httpx.Client(base_url=address, verify=NO_TLS) as public,
        client("reader@example.com") as reader,
        client("editor@example.com") as editor,
        client("admin@example.com") as admin,
    ):
        published = count(public, "articles")
        assert published == count(reader, "articles") < count(editor, "articles") < count(admin, "articles")
        assert count(reader, "comments") < count(editor, "comments") == count(admin, "comments") == 3000
        asked = {"fields": "status,views,user_created", "limit": "-1"}
        assert public.get("/items/articles", params=asked).status_code == 403
        assert reader.get("/items/articles", params=asked).status_code == 403
        rows = editor.get("/items/articles", params=asked).json()["data"]
        # own drafts are there, and figures of own articles only
        assert {row["status"] for row in rows if row["user_created"] is None} == {"published"}
        assert "draft" in {row["status"] for row in rows}
        assert all((row["views"] is None) == (row["user_created"] is None) for row in rows)


def test_passwords_are_generated_and_kept_from_others(demo: tuple[Path, str]) -> None:
    directory, printed = demo
    kept = directory / "data" / "demo.sqlite.logins"
    assert kept.stat().st_mode & 0o077 == 0
    passwords = json.loads(kept.read_text())
    found = _ADMIN.search(printed)
    assert found
    assert passwords[found[1]] == found[2]
    assert len(set(passwords.values())) == 3


def copied(directory: Path, target: Path) -> None:
    """What a run has made, at another place, while it is still served."""
    made, copy = directory / "data", target / "data"
    copy.mkdir()
    with (
        closing(sqlite3.connect(made / "demo.sqlite")) as source,
        closing(sqlite3.connect(copy / "demo.sqlite")) as other,
    ):
        source.backup(other)
    for name in ("demo.sqlite.logins", "demo.sqlite.secret"):
        shutil.copy(made / name, copy / name)


def test_a_second_run_keeps_the_data_and_makes_nothing(demo: tuple[Path, str], tmp_path: Path) -> None:
    directory, first = demo
    copied(directory, tmp_path)
    with running_demo(
        tmp_path, DB_CLIENT="pg", DB_CONNECTION_STRING="postgresql://nowhere.invalid/x"
    ) as second:
        login = paste(next(line for line in second.splitlines() if "/auth/login" in line))
    assert "the demo site is there already" in second
    assert _ADMIN.findall(first) == _ADMIN.findall(second)
    assert login.status_code == 200


def test_what_is_not_known_is_not_invented(demo: tuple[Path, str], tmp_path: Path) -> None:
    """The file with the passwords is gone: the site is served, and no password is printed."""
    copied(demo[0], tmp_path)
    (tmp_path / "data" / "demo.sqlite.logins").unlink()
    with running_demo(tmp_path) as printed:
        assert "causeway users passwd" in printed
    assert not (tmp_path / "data" / "demo.sqlite.logins").exists()
