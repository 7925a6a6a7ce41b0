"""Files that are imported from addresses, over REST and GraphQL, from a server that really listens."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from gateway.fetching.client import Bounds, Fetcher
from gateway.fetching.opening import reach_of
from gateway.uploads.importing import Imports
from resolvers.context import SYSTEM, RequestContext
from resolvers.permissions import UNRESTRICTED
from schema_gen.errors import CausewayError
from tests.conftest import MakeDatabase
from tests.support.asgi import Answer, Wire, http_scope
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add_policy,
    add_role,
    add_user,
    code,
    data,
    grant,
    running,
    seed_system,
)
from tests.support.web import Web, answer, redirect, web

PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
AS_SERVER: Final = RequestContext(actor=SYSTEM, rules=UNRESTRICTED, now=datetime.now(UTC))
PICTURE: Final = answer(PNG, "Content-Type: image/png")


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Web]:
    async with web() as opened:
        opened.answers["/some_name-x.png"] = PICTURE
        yield opened


@pytest.fixture
async def site(make_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[Site]:
    async with running(
        await make_database(seed_system),
        CAUSEWAY_IMPORT_ALLOW_LIST="127.0.0.1",
        STORAGE_LOCAL_ROOT=str(tmp_path / "uploads"),
        FILES_MAX_UPLOAD_SIZE="10kb",
        FILES_MIME_TYPE_ALLOW_LIST="image/*,text/plain",
    ) as opened:
        yield opened


async def importing(site: Site, payload: Any, *, query: str = "", token: str | None = ADMIN_TOKEN) -> Answer:
    return await site.ask("POST", f"/files/import{query}", payload, token=token)


def bytes_kept(tmp_path: Path) -> dict[str, bytes]:
    folder = tmp_path / "uploads"
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def kept_by(site: Site) -> set[str]:
    root = Path(dict(site.project.settings.storage)["LOCAL_ROOT"])
    return {path.name for path in root.rglob("*") if path.is_file()}


async def test_an_import(site: Site, server: Web, tmp_path: Path) -> None:
    """What is fetched is stored, told by its content, and called as it is where it came from."""
    made = data(await importing(site, {"url": server.url("/some_name-x.png")}))
    UUID(made["id"])
    known = ("storage", "filename_disk", "filename_download", "title", "type", "filesize", "folder")
    assert {name: made[name] for name in known} == {
        "storage": "local",
        "filename_disk": f"{made['id']}.png",
        "filename_download": "some_name-x.png",
        "title": "Some Name X",
        "type": "image/png",
        "filesize": len(PNG) if isinstance(made["filesize"], int) else str(len(PNG)),
        "folder": None,
    }
    assert made["uploaded_by"] is not None
    assert made["uploaded_on"] is not None
    assert bytes_kept(tmp_path) == {made["filename_disk"]: PNG}
    activity = data(await site.ask("GET", "/activity?filter[item]=" + made["id"], token=ADMIN_TOKEN))
    assert [(one["action"], one["collection"]) for one in activity] == [("create", "directus_files")]


async def test_what_is_said_of_it_and_what_is_asked_of_it(site: Site, server: Web) -> None:
    folder = data(await site.ask("POST", "/folders", {"name": "imported"}, token=ADMIN_TOKEN))["id"]
    said = {
        "title": "T",
        "filename_download": "mine.png",
        "folder": folder,
        "tags": ["a"],
        "type": "text/html",
    }
    asked = {"url": server.url("/some_name-x.png?x=1#f"), "data": said}
    query = "?fields=title,filename_download,folder.name,tags,type"
    assert data(await importing(site, asked, query=query)) == {
        "title": "T",
        "filename_download": "mine.png",
        "folder": {"name": "imported"},
        "tags": ["a"],
        "type": "image/png",
    }


async def test_over_graphql(site: Site, server: Web, tmp_path: Path) -> None:
    asked = {
        "query": """
            mutation ($url: String!, $data: create_directus_files_input) {
                one: import_file(url: $url, data: $data) { ...told folder { id } }
                two: import_file(url: $url) { ...told }
            }
            fragment told on directus_files { title type filesize uploaded_by { email } }
        """,
        "variables": {"url": server.url("/some_name-x.png"), "data": {"title": "G", "storage": "local"}},
    }
    told = json.loads((await site.ask("POST", "/graphql/system", asked, token=ADMIN_TOKEN)).body)
    shared = {"type": "image/png", "filesize": str(len(PNG)), "uploaded_by": {"email": "admin@example.com"}}
    assert told == {
        "data": {"one": {"title": "G", "folder": None, **shared}, "two": {"title": "Some Name X", **shared}}
    }
    assert sorted(bytes_kept(tmp_path).values()) == [PNG, PNG]


async def test_names_kinds_and_redirects(site: Site, server: Web) -> None:
    """The address that answered names the file; its bytes, not the server, say what it is."""
    server.answers["/from"] = redirect("/a%20b%C3%A9.png")
    server.answers["/a%20b%C3%A9.png"] = answer(PNG, "Content-Type: text/html; charset=utf-8")
    server.answers["/packed.txt"] = answer(gzip.compress(b"packed"), "Content-Encoding: gzip")
    server.answers["/"] = answer(b"just text", "Content-Type: text/plain")
    server.answers["/..%2f..%2fetc%2fpasswd"] = answer(b"text")
    server.answers["/empty.txt"] = answer(b"", "Content-Type: text/plain")
    for path, name, kind, size in (
        ("/from", "a bé.png", "image/png", len(PNG)),
        ("/packed.txt", "packed.txt", "text/plain", 6),
        ("/", "download", "text/plain", 9),
        ("/..%2f..%2fetc%2fpasswd", "passwd", "text/plain", 4),
        ("/empty.txt", "empty.txt", "text/plain", 0),
    ):
        made = data(await importing(site, {"url": server.url(path)}))
        assert (made["filename_download"], made["type"], int(made["filesize"])) == (name, kind, size)
        assert made["filename_disk"].startswith(made["id"])


async def test_what_is_refused_leaves_nothing(site: Site, server: Web, tmp_path: Path) -> None:
    server.answers["/cut.png"] = answer(PNG, "Content-Length: 1000")
    server.answers["/large.txt"] = answer(b"x" * 10_241)
    server.answers["/chunks.txt"] = answer(
        b"2801\r\n" + b"x" * 10_241 + b"\r\n0\r\n\r\n", "Transfer-Encoding: chunked"
    )
    server.answers["/bomb.txt"] = answer(gzip.compress(b"\0" * 3_000_000), "Content-Encoding: gzip")
    server.answers["/page.png"] = answer(
        b"<!doctype html><html><script>1</script></html>", "Content-Type: image/png"
    )
    server.answers["/loop"] = redirect("/loop")
    for said in (
        "201 Created",
        "204 No Content",
        "206 Partial Content",
        "304 Not Modified",
        "404 No",
        "500 No",
    ):
        content = b"" if said[:3] in ("204", "304") else PNG
        server.answers[f"/{said[:3]}"] = answer(content, status=said)
    for path, status, wanted in (
        ("/cut.png", 503, "SERVICE_UNAVAILABLE"),
        ("/large.txt", 413, "CONTENT_TOO_LARGE"),
        ("/chunks.txt", 413, "CONTENT_TOO_LARGE"),
        ("/bomb.txt", 413, "CONTENT_TOO_LARGE"),
        ("/page.png", 400, "INVALID_PAYLOAD"),
        ("/loop", 503, "SERVICE_UNAVAILABLE"),
        *((f"/{said}", 503, "SERVICE_UNAVAILABLE") for said in (201, 204, 206, 304, 404, 500)),
    ):
        found = await importing(site, {"url": server.url(path)})
        assert (found.status, code(found)) == (status, wanted), path
    # refused by the database alone, when everything is there already
    missing = {"folder": "11111111-1111-4111-8111-111111111119"}
    found = await importing(site, {"url": server.url("/some_name-x.png"), "data": missing})
    assert code(found) == "INVALID_FOREIGN_KEY"
    assert bytes_kept(tmp_path) == {}


async def test_a_server_that_falls_silent_leaves_nothing(sqlite_site: Site, server: Web) -> None:
    async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + PNG * 5000)
        await reader.read()

    async def here(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    server.answers["/hangs.png"] = hangs
    settings = sqlite_site.project.settings
    fetcher = Fetcher(reach_of(settings), here, Bounds(silence=0.1))
    before = kept_by(sqlite_site)
    with pytest.raises(CausewayError) as refused:
        await Imports(fetcher, sqlite_site.project.files).bring(
            {"url": server.url("/hangs.png")}, {}, AS_SERVER
        )
    assert refused.value.code == "SERVICE_UNAVAILABLE"
    assert kept_by(sqlite_site) == before


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({}, '"url" is required'),
        ([], '"value" must be of type object'),
        ([{"url": "http://a/"}], '"value" must be of type object'),
        ({"url": None}, '"url" must be a string'),
        ({"url": 5}, '"url" must be a string'),
        ({"url": ""}, '"url" is not allowed to be empty'),
        ({"url": "http://a/", "data": None}, '"data" must be of type object'),
        ({"url": "http://a/", "data": [{}]}, '"data" must be of type object'),
        ({"url": "http://a/", "more": 1}, '"more" is not allowed'),
    ],
)
async def test_wrong_bodies(sqlite_site: Site, payload: Any, reason: str) -> None:
    found = await importing(sqlite_site, payload)
    assert found.status == 400
    assert json.loads(found.body)["errors"][0]["extensions"] == {"reason": reason, "code": "INVALID_PAYLOAD"}


@pytest.fixture(scope="module")
async def sqlite_site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("importing")
    url = f"sqlite:///{folder / 'a.sqlite'}"
    await seed_system(url)
    async with running(
        url, CAUSEWAY_IMPORT_ALLOW_LIST="127.0.0.1", STORAGE_LOCAL_ROOT=str(folder / "uploads")
    ) as opened:
        yield opened


async def test_other_methods_are_those_of_a_file(sqlite_site: Site) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        found = await sqlite_site.ask(method, "/files/import", {}, token=ADMIN_TOKEN)
        assert (found.status, code(found)) == (403, "FORBIDDEN"), method
    found = await sqlite_site.ask("PUT", "/files/import", {}, token=ADMIN_TOKEN)
    assert (found.status, code(found)) == (404, "ROUTE_NOT_FOUND")


async def test_who_may_make_files_imports_them(sqlite_site: Site, server: Web) -> None:
    """Under the caller's rules: fields, presets, and what of the row is told."""
    site = sqlite_site
    role = await add_role(site.database, "importer")
    policy = await add_policy(site.database, role=role)
    await grant(
        site.database, policy, "directus_files", "create", fields="title", presets={"description": "preset"}
    )
    await add_user(site.database, "importer@example.com", role=role, token="importer", password="x")
    sent = {"url": server.url("/some_name-x.png"), "data": {"title": "Mine"}}
    found = await importing(site, sent, token="importer")
    assert (found.status, found.body) == (204, b"")
    (made,) = data(await site.ask("GET", "/files?filter[title]=Mine", token=ADMIN_TOKEN))
    assert (made["description"], made["filename_download"]) == ("preset", "some_name-x.png")
    await grant(site.database, policy, "directus_files", fields="id,title", rule={"title": {"_eq": "Mine"}})
    await site.project.epochs.bump_access()
    found = await importing(site, sent, token="importer")
    assert data(found).keys() == {"id", "title"}
    hidden = {"url": sent["url"], "data": {"title": "Other"}}
    assert (await importing(site, hidden, token="importer")).status in (204, 403)


async def test_a_repetition_gets_the_first_answer(sqlite_site: Site, server: Web) -> None:
    headers = {"idempotency-key": "once"}
    sent = {"url": server.url("/some_name-x.png")}

    async def ask() -> Answer:
        return await sqlite_site.ask("POST", "/files/import", sent, token=ADMIN_TOKEN, headers=headers)

    before = server.connections
    one, other = await asyncio.gather(ask(), ask())
    again = await ask()
    assert data(one)["id"] == data(other)["id"] == data(again)["id"]
    assert server.connections <= before + 2, "the last one is answered without fetching"
    sent["url"] += "?other"
    assert code(await ask()) == "UNPROCESSABLE_CONTENT"
    rows = data(await sqlite_site.ask("GET", "/files?fields=filename_disk&limit=-1", token=ADMIN_TOKEN))
    assert kept_by(sqlite_site) == {row["filename_disk"] for row in rows}


async def test_an_import_is_no_part_of_a_transaction(sqlite_site: Site, server: Web) -> None:
    before = server.connections
    text = f'mutation @transaction {{ import_file(url: "{server.url("/some_name-x.png")}") {{ id }} }}'
    found = await sqlite_site.ask("POST", "/graphql/system", {"query": text}, token=ADMIN_TOKEN)
    assert "errors" in json.loads(found.body)
    assert server.connections == before


async def test_a_client_that_leaves_ends_the_fetch(
    make_database: MakeDatabase, server: Web, tmp_path: Path
) -> None:
    begun, gone = asyncio.Event(), asyncio.Event()

    async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + PNG * 5000)
        begun.set()
        try:
            await reader.read()
        finally:
            gone.set()

    server.answers["/left.png"] = hangs
    async with running(
        await make_database(seed_system),
        CAUSEWAY_IMPORT_ALLOW_LIST="127.0.0.1",
        STORAGE_LOCAL_ROOT=str(tmp_path / "uploads"),
        PRESSURE_LIMITER_SAMPLE_INTERVAL="10",
    ) as site:
        sent = json.dumps({"url": server.url("/left.png")}).encode()
        wire = Wire().body(sent)
        headers = {"authorization": f"Bearer {ADMIN_TOKEN}", "content-type": "application/json"}
        scope = http_scope("POST", "/files/import", headers)
        task = asyncio.create_task(site.application(scope, wire.receive, wire.send))
        await asyncio.wait_for(begun.wait(), 10)
        wire.disconnect()
        await asyncio.wait_for(gone.wait(), 10)
        await task
        assert wire.sent == []
        assert data(await site.ask("GET", "/files", token=ADMIN_TOKEN)) == []
    assert bytes_kept(tmp_path) == {}


async def test_tables_that_change_meanwhile(site: Site, server: Web, tmp_path: Path) -> None:
    """Somebody else has changed the table: the request is run again on what it is now."""
    assert data(await site.ask("GET", "/files", token=ADMIN_TOKEN)) == []
    async with site.database.transaction() as transaction:
        await transaction.execute("ALTER TABLE directus_files RENAME COLUMN description TO described")
    made = data(await importing(site, {"url": server.url("/some_name-x.png")}))
    assert "described" in made
    assert "description" not in made
    assert bytes_kept(tmp_path) == {made["filename_disk"]: PNG}
