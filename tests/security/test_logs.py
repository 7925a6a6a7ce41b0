"""Class 17: no token, password, cookie or request body in the log, in any style; stacks never leave the
server.

GHSA-2ccr-g2rv-h677 CVE-2024-28238, GHSA-vw58-ph65-6rxp CVE-2024-47822, GHSA-8vg2-wf3q-mwv7 CVE-2023-28443:
tokens in URLs and cookies. A real process is asked, and its whole output is read.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from schema_gen.database import open_database
from tests.conftest import MakeDatabase
from tests.support.newsroom import EDITOR_PASSWORD, EDITOR_TOKEN, seed_newsroom
from tests.support.project import ADMIN_TOKEN
from tests.support.server import NO_TLS, ROOT, SECRET, running_server

#: seconds after which something hangs
PATIENCE = 120

SIGNED = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.c2lnbmF0dXJl"
JSON_BODY = {"Content-Type": "application/json"}

#: way -> what is asked, with a secret of its own
WAYS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "parameter": lambda s: {"url": f"/items/articles?access_token={s}"},
    "parameter in other letters": lambda s: {"url": f"/items/articles?Access_Token={s}&limit=1"},
    "parameter spelled with percent signs": lambda s: {"url": f"/items/articles?access%5Ftoken={s}"},
    "parameter spelled so twice": lambda s: {"url": f"/items/articles?access%255Ftoken={s}"},
    "filter": lambda s: {"url": f"/users?filter[token][_eq]={s}"},
    "filter in JSON": lambda s: {"url": "/users", "params": {"filter": json.dumps({"tfa_secret": s})}},
    "link in a parameter": lambda s: {
        "url": "/auth/login/x",
        "params": {"redirect": f"https://a.b/?token={s}"},
    },
    "document in a parameter": lambda s: {
        "url": "/graphql/system",
        "params": {"query": f'mutation {{ auth_login(email: "a@b.cd", password: "{s}") {{ expires }} }}'},
    },
    "variables in a parameter": lambda s: {
        "url": "/graphql",
        "params": {"query": "{ x }", "variables": json.dumps({"password": s})},
    },
    "link to a file": lambda s: {"url": f"/assets/99999999-9999-4999-8999-999999999999?access_token={s}"},
    "code": lambda s: {"url": f"/users/me?otp={s}"},
    "verification link": lambda s: {"url": f"/users/register/verify-email?token={s}"},
    "bearer": lambda s: {"url": "/users/me", "headers": {"Authorization": f"Bearer {s}"}},
    "basic": lambda s: {"url": "/users/me", "headers": {"Authorization": f"Basic {s}"}},
    "cookie": lambda s: {"url": "/users/me", "headers": {"Cookie": f"directus_session_token={s}; other={s}"}},
    "refresh cookie": lambda s: {
        "method": "POST",
        "url": "/auth/refresh",
        "json": {"mode": "cookie"},
        "headers": {"Cookie": f"directus_refresh_token={s}"},
    },
    "referer": lambda s: {"url": "/server/ping", "headers": {"Referer": f"https://a.b/reset?token={s}"}},
    "user agent": lambda s: {"url": "/server/ping", "headers": {"User-Agent": f"Bearer {s}"}},
    "proxy": lambda s: {"url": "/server/ping", "headers": {"X-Forwarded-For": f"Bearer {s}"}},
    "login": lambda s: {"method": "POST", "url": "/auth/login", "json": {"email": "a@b.cd", "password": s}},
    "login without a sense": lambda s: {
        "method": "POST",
        "url": "/auth/login",
        "json": {"email": s, "mode": [s]},
    },
    "refresh": lambda s: {"method": "POST", "url": "/auth/refresh", "json": {"refresh_token": s}},
    "reset link": lambda s: {
        "method": "POST",
        "url": "/auth/password/request",
        "json": {"email": "editor@example.com", "reset_url": f"https://evil.example/?token={s}"},
    },
    "reset": lambda s: {"method": "POST", "url": "/auth/password/reset", "json": {"token": s, "password": s}},
    "new password": lambda s: {"method": "PATCH", "url": "/users/me", "json": {"password": s, "token": s}},
    "second factor": lambda s: {
        "method": "POST",
        "url": "/users/me/tfa/enable",
        "json": {"secret": s, "otp": s},
    },
    "body": lambda s: {"method": "POST", "url": "/items/articles", "json": {"title": s, "nowhere": s}},
    "half a body": lambda s: {
        "method": "POST",
        "url": "/auth/login",
        "content": f'{{"password": "{s}'.encode(),
        "headers": JSON_BODY,
    },
    "document": lambda s: {
        "method": "POST",
        "url": "/graphql/system",
        "json": {"query": f'mutation {{ auth_login(email: "a@b.cd", password: "{s}") {{ expires }} }}'},
    },
    "broken document": lambda s: {"method": "POST", "url": "/graphql", "json": {"query": f'{{ a(b: "{s}" '}},
}


@pytest.mark.parametrize("style", ["pretty", "raw"])
async def test_the_log_holds_no_secret(make_database: MakeDatabase, tmp_path: Path, style: str) -> None:
    url = await make_database(seed_newsroom)
    with running_server(url, tmp_path, LOG_STYLE=style, LOG_LEVEL="trace") as server:
        with httpx.Client(base_url=server.url, timeout=30, verify=NO_TLS) as client:
            account = {"email": "editor@example.com", "password": EDITOR_PASSWORD}
            issued = client.post("/auth/login", json=account).json()["data"]
            cookie = client.post("/auth/login", json={**account, "mode": "session"}).headers["set-cookie"]
            session = cookie.partition("=")[2].partition(";")[0]
            for token in (EDITOR_TOKEN, issued["access_token"], "a-wrong-but-secret-token"):
                client.get(f"/items/articles?access_token={token}&limit=1")
                client.get("/items/articles", headers={"Authorization": f"Bearer {token}"})
                client.get("/items/articles", params={"filter": json.dumps({"token": {"_eq": token}})})
                client.get(f"/items/articles?filter[password][_eq]={token}")
                client.get("/items/articles", headers={"Referer": f"http://x/?access_token={token}"})
            client.get("/items/articles", headers={"Cookie": f"directus_session_token={session}"})
            client.post("/auth/refresh", json={"refresh_token": issued["refresh_token"], "mode": "json"})
            client.post("/auth/login", json={"email": "editor@example.com", "password": "a-wrong-password"})
            client.post(
                "/auth/login",
                content=b'{"password": "half-a-bo',
                headers=JSON_BODY,
            )
            for number, way in enumerate(WAYS.values()):
                client.request(**{"method": "GET", **way(f"s3cr3t-{number}-of-this-way")})
            for place in (f"/items/articles/{SIGNED}", f"/items/articles?sort={SIGNED}", f"/x?{SIGNED}"):
                client.get(place)
        assert server.stop() == 0
        log = server.log
    assert log.count("--redacted--") >= 6
    assert [name for number, name in enumerate(WAYS) if f"s3cr3t-{number}-of-this-way" in log] == []
    assert SIGNED.rpartition(".")[2] not in log
    secrets = (
        EDITOR_TOKEN,
        EDITOR_PASSWORD,
        issued["access_token"],
        issued["refresh_token"],
        session,
        "a-wrong-but-secret-token",
        "a-wrong-password",
        "half-a-bo",
        SECRET,
        ADMIN_TOKEN,
    )
    assert [secret for secret in secrets if secret in log] == []
    assert url.rpartition("@")[0].rpartition(":")[2] not in log if "@" in url else True


async def test_an_unexpected_error_tells_its_stack_to_the_log_alone(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    url = await make_database(seed_newsroom)
    with running_server(url, tmp_path) as server:
        # a table that goes behind the server's back is what nobody planned for
        await drop_articles(url)
        answer = httpx.get(
            f"{server.url}/items/articles",
            headers={"Authorization": f"Bearer {ADMIN_TOKEN}", "X-Request-Id": "r-42"},
            verify=NO_TLS,
        )
        assert server.stop() == 0
        log = server.log
    assert answer.status_code >= 400
    assert answer.headers["x-request-id"] == "r-42"
    assert "Traceback" not in answer.text
    assert "sqlite" not in answer.text.lower()
    assert "relation" not in answer.text.lower()
    assert "select" not in answer.text.lower()
    if answer.status_code == 500:
        assert "request r-42: GET /items/articles failed" in log
        assert "Traceback" in log


async def drop_articles(url: str) -> None:
    database = await open_database(url)
    async with database.transaction() as transaction:
        await transaction.execute("drop table articles")
    await database.close()


_LONG_TEXTS = """
from gateway.observe import redacted_query, redacted_text
for piece in ("a", "token", "secret_", "eyJ", "eyJ.", "%3DeyJ", "Bearer ", "://", "password=", "otp '"):
    long = piece * (200_000 // len(piece))
    redacted_text(long), redacted_text(piece + " " * 200_000), redacted_query(long.encode())
"""


def test_no_text_keeps_the_log_busy() -> None:
    """What somebody sends is looked through in time that grows with its length, not with the square of it
    (then this would take hours).
    """
    subprocess.run([sys.executable, "-c", _LONG_TEXTS], check=True, timeout=PATIENCE, cwd=ROOT)
