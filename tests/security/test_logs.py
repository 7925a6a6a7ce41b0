"""Class 17: no token, password, cookie or request body in the log, in any style; stacks never leave the
server.

GHSA-2ccr-g2rv-h677 CVE-2024-28238, GHSA-vw58-ph65-6rxp CVE-2024-47822, GHSA-8vg2-wf3q-mwv7 CVE-2023-28443:
tokens in URLs and cookies. A real process is asked, and its whole output is read.
"""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from schema_gen.database import open_database
from tests.conftest import MakeDatabase
from tests.support.newsroom import EDITOR_PASSWORD, EDITOR_TOKEN, seed_newsroom
from tests.support.project import ADMIN_TOKEN
from tests.support.server import SECRET, running_server


@pytest.mark.parametrize("style", ["pretty", "raw"])
async def test_the_log_holds_no_secret(make_database: MakeDatabase, tmp_path: Path, style: str) -> None:
    url = await make_database(seed_newsroom)
    with running_server(url, tmp_path, LOG_STYLE=style, LOG_LEVEL="trace") as server:
        with httpx.Client(base_url=server.url, timeout=30) as client:
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
                headers={"Content-Type": "application/json"},
            )
        assert server.stop() == 0
        log = server.log
    assert log.count("--redacted--") >= 6
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
