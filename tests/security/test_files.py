"""Files that come in: nothing is stored for who may not, nothing is where the sender wants it, forms are
bounded. Named after the advisories about other servers.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, MutableMapping
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.support.asgi import Wire, http_scope
from tests.support.filing import Files, filing
from tests.support.forms import HEADERS, field, file, form
from tests.support.project import ADMIN_TOKEN, add_policy, add_user, code, data, grant
from tests.support.session import TestRun

TEXT: Final = file("a.txt", b"hello")
PLACES: Final = ("../x.php", "/etc/x.php", "..\\x.php", ".", "..", "x\0.php", "%2e%2e/x.php", "", "other.txt")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def files(
    request: pytest.FixtureRequest, test_run: TestRun, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Files]:
    async with filing(request.param, test_run, tmp_path_factory.mktemp("files")) as opened:
        yield opened


async def _caller(files: Files, *actions: str, **more: Any) -> str:
    token = uuid4().hex
    user = await add_user(files.site.database, f"{token}@example.com", token=token)
    policy = await add_policy(files.site.database, user=user)
    for action in actions:
        await grant(files.site.database, policy, "directus_files", action, **more)
    await files.site.project.epochs.bump_access()
    return token


def _disk(files: Files) -> dict[str, bytes]:
    """Every file below the places of the server, wherever a name may have led."""
    found = (path for path in files.root.rglob("*") if path.is_file() and ".sqlite" not in path.name)
    return {str(path.relative_to(files.root)): path.read_bytes() for path in found}


async def test_a_refused_form_writes_no_byte(files: Files) -> None:
    """GHSA-mv33-9f6j-pfmc: the bytes were written before somebody asked whether they may be."""
    one = await files.upload(TEXT)
    before = _disk(files)
    nobody, reader = None, await _caller(files, "read")
    for token in (nobody, reader):
        for place in PLACES:
            parts = (field("filename_disk", place), file("x.php", b"<?php evil();"))
            for method, target in (("PATCH", f"/files/{one['id']}"), ("POST", "/files")):
                answer = await files.send(method, target, *parts, token=token)
                assert (answer.status, code(answer)) == (403, "FORBIDDEN")
    assert _disk(files) == before


async def test_names_in_storage_are_the_server_s(files: Files) -> None:
    """GHSA-393c-p46r-7c95: who could set them had the bytes of other people's files."""
    mine, other = await files.upload(TEXT), await files.upload(file("secret.txt", b"secret"))
    before = _disk(files)
    for token in (ADMIN_TOKEN, await _caller(files, "create", "read", "update")):
        for name, value in (
            ("filename_disk", other["filename_disk"]),
            *(("filename_disk", place) for place in PLACES),
            ("uploaded_by", None),
            ("uploaded_on", "2020-01-01T00:00:00Z"),
            ("storage", "second"),
            ("filesize", 1),
            ("tus_id", "x"),
            ("tus_data", {"id": "x"}),
        ):
            answer = await files.site.ask("PATCH", f"/files/{mine['id']}", {name: value}, token=token)
            assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD"), name
            if name != "storage":
                record = {"storage": "local", "filename_download": "a.txt", "type": "text/plain", name: value}
                answer = await files.site.ask("POST", "/files", record, token=token)
                assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD"), name
            if isinstance(value, str) and (name != "storage" or token != ADMIN_TOKEN):
                answer = await files.send(
                    "PATCH", f"/files/{mine['id']}", field(name, value), TEXT, token=token
                )
                assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD"), name
    told = await files.graphql(
        f'mutation {{ update_files_item(id: "{mine["id"]}", data: {{ filename_disk: '
        f'"{other["filename_disk"]}" }}) {{ id }} }}'
    )
    assert told["errors"][0]["extensions"]["code"] in ("INVALID_PAYLOAD", "GRAPHQL_VALIDATION")
    assert _disk(files) == before


@pytest.mark.parametrize("name", [".", "..", "../uploads", "/", "x/..", "\\", "x\ny", "x" * 250])
async def test_a_row_that_names_no_file_ends_nothing(files: Files, name: str) -> None:
    """GHSA-77qm-wvqq-fg79: a directory in the place of a file ended the process."""
    record = {"storage": "local", "filename_download": "a.txt", "type": "text/plain"}
    key = data(await files.site.ask("POST", "/files", record, token=ADMIN_TOKEN))["id"]
    async with files.site.database.transaction() as transaction:
        text = files.site.database.native("update directus_files set filename_disk = $1 where id = $2")
        await transaction.execute(text, (name, key))
    before = _disk(files)
    answer = await files.site.ask("GET", f"/assets/{key}", token=ADMIN_TOKEN)
    assert answer.status in (403, 404, 503)
    assert (await files.site.ask("DELETE", f"/files/{key}", token=ADMIN_TOKEN)).status == 204
    assert _disk(files) == before
    assert (await files.upload(TEXT))["title"] == "A"


@pytest.mark.parametrize(
    "name",
    [
        "x.php",
        "x.phtml",
        "x.php.jpg",
        ".htaccess",
        "x.cgi",
        "x.py",
        "x.sh",
        "x.exe",
        "../../x.php",
        "x.php\0.jpg",
    ],
)
async def test_any_extension_is_stored_inert(files: Files, name: str) -> None:
    """CVE-2019-13979: an upload became code. Here nothing in the directory of files is ever run."""
    one = await files.upload(file(name, b"#!/bin/sh\necho <?php evil(); ?>", "image/jpeg"))
    path = files.root / "uploads" / one["filename_disk"]
    assert path.parent == files.root / "uploads"
    assert path.name.partition(".")[0] == one["id"]
    assert not path.stat().st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    assert not one["type"].startswith("image/")
    answer = await files.site.ask("GET", f"/assets/{one['id']}", token=ADMIN_TOKEN)
    assert answer.status == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.body == b"#!/bin/sh\necho <?php evil(); ?>"


async def test_names_that_lead_elsewhere_stay_names(files: Files) -> None:
    """Class 13, of what is sent: a path is no name, and no name is a path."""
    before = set(_disk(files))
    for name in (
        "../../../etc/passwd",
        "..\\..\\x.txt",
        "/abs.txt",
        "C:\\x.txt",
        "a/../../b.txt",
        "%2e%2e%2fx.txt",
    ):
        extended = "".join(f"%{byte:02x}" for byte in name.encode())
        head = f"Content-Disposition: form-data; name=f; filename*=utf-8''{extended}"
        other = f"--BOUNDARY\r\n{head}\r\n\r\nx\r\n"
        for part in (file(name, b"x"), other.encode()):
            one = await files.upload(part)
            assert "/" not in one["filename_download"]
            assert "\\" not in one["filename_download"]
            new = set(_disk(files)) - before
            assert f"uploads/{one['filename_disk']}" in new
            before |= new
    assert all(name.count("/") == 1 for name in before)


@pytest.mark.parametrize("kind", ["too many parts", "a part that does not end", "headers without end"])
async def test_forms_are_refused_early(files: Files, kind: str) -> None:
    """CVE-2024-47874, CVE-2023-30798: parts without number, text without end."""
    before = _disk(files)
    piece = b"x" * 65_536
    if kind == "too many parts":
        begin, piece = b"", field("t", "x") * 500
    elif kind == "a part that does not end":
        begin = form(field("t", ""), end=b"")[:-2]
    else:
        begin = b"--BOUNDARY\r\nContent-Disposition: form-data; "
    taken = 0

    async def receive() -> MutableMapping[str, Any]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": begin if taken == 1 else piece, "more_body": taken < 800}

    wire = Wire()
    headers = {**HEADERS, "authorization": f"Bearer {ADMIN_TOKEN}", "content-length": str(50 * 1024**2)}
    await files.site.application(http_scope("POST", "/files", headers), receive, wire.send)
    assert wire.answer.status == 413
    # of 50 MB no more than a payload may have
    assert taken < 30
    assert _disk(files) == before


async def test_others_are_served_while_a_file_comes_in(files: Files) -> None:
    """CVE-2025-54121: one upload held everybody up."""
    body = form(file("big.bin", bytes(range(256)) * 40_000))
    half = len(body) // 2
    wire = Wire()
    for start in range(0, half, 65_536):
        part = body[start : min(start + 65_536, half)]
        wire.incoming.put_nowait({"type": "http.request", "body": part, "more_body": True})
    headers = {**HEADERS, "authorization": f"Bearer {ADMIN_TOKEN}"}
    coming = asyncio.create_task(
        files.site.application(http_scope("POST", "/files?fields=filesize", headers), wire.receive, wire.send)
    )
    while not wire.incoming.empty():
        assert (await files.site.ask("GET", "/server/ping")).status == 200
        assert (await files.site.ask("GET", "/files?limit=1", token=ADMIN_TOKEN)).status == 200
    small = await files.upload(TEXT)
    assert files.bytes_of(small) == b"hello"
    assert not coming.done()
    wire.incoming.put_nowait({"type": "http.request", "body": body[half:], "more_body": False})
    await coming
    assert int(data(wire.answer)["filesize"]) == 256 * 40_000
