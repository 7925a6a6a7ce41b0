"""`/assets/:id`: rights, headers, parts, conditions, and zips of several files."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.auth import authenticate
from resolvers.files.rows import FileRows
from tests.conftest import MakeDatabase
from tests.support.asgi import Answer, Wire, http_scope
from tests.support.files import DATE, add_file, file_site, parts
from tests.support.lending import Lend
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add,
    add_policy,
    add_user,
    change,
    code,
    grant,
    running,
    seed_system,
)

NOBODY = "99999999-9999-4999-8999-999999999999"
TEXT = b"0123456789"


@pytest.fixture
async def site(lend: Lend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with file_site(lend, tmp_path_factory.getbasetemp() / "files") as opened:
        yield opened


async def get(site: Site, path: str, token: str | None = ADMIN_TOKEN, **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await site.ask("GET", f"/assets/{path}", token=token, headers=sent)


async def test_a_file(site: Site) -> None:
    key = await add_file(site, "note.txt", TEXT, "text/plain")
    for path in (key, f"{key}.txt", f"{key}.png", f"{key}/", key.upper()):
        answer = await get(site, path)
        assert (answer.status, answer.body) == (200, TEXT), path
        assert {
            name: value
            for name, value in answer.headers.items()
            if name not in ("x-request-id", "etag", "x-powered-by")
        } == {
            "content-type": "text/plain; charset=utf-8",
            "content-length": "10",
            "content-disposition": 'inline; filename="note.txt"',
            "content-security-policy": "default-src 'none'; sandbox",
            "accept-ranges": "bytes",
            "cache-control": "private, max-age=2592000",
            "last-modified": DATE,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin-allow-popups",
        }
    head = await site.ask("HEAD", f"/assets/{key}", token=ADMIN_TOKEN)
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "10")
    assert head.headers["etag"] == answer.headers["etag"]
    options = await site.ask("OPTIONS", f"/assets/{key}")
    assert (options.status, options.headers["allow"]) == (200, "GET,HEAD")


async def test_names(site: Site) -> None:
    key = await add_file(site, 'Übung "1".txt', TEXT, "text/plain")
    expected = "filename=\"_bung _1_.txt\"; filename*=UTF-8''%C3%9Cbung%20%221%22.txt"
    for query in ("?download", "?download=", "?download=true", "?download=false"):
        told = (await get(site, f"{key}{query}")).headers["content-disposition"]
        assert told == f"attachment; {expected}"
    told = (await get(site, f"{key}/any%20name.txt")).headers["content-disposition"]
    assert told == 'inline; filename="any name.txt"'


async def test_parts(site: Site) -> None:
    key = await add_file(site, "note.txt", TEXT, "text/plain")
    answer = await get(site, key, range="bytes=2-5")
    assert (answer.status, answer.body) == (206, b"2345")
    assert (answer.headers["content-range"], answer.headers["content-length"]) == ("bytes 2-5/10", "4")
    refused = await get(site, key, range="bytes=50-60")
    assert (refused.status, code(refused)) == (416, "RANGE_NOT_SATISFIABLE")
    assert refused.headers["content-range"] == "bytes */10"
    # parts of other bytes than the client has are of no use
    assert (await get(site, key, range="bytes=2-5", if_range='"other"')).status == 200
    assert (await get(site, key, range="bytes=2-5", if_range=answer.headers["etag"])).status == 206
    head = await site.ask("HEAD", f"/assets/{key}", token=ADMIN_TOKEN, headers={"range": "bytes=2-5"})
    assert (head.status, head.headers["content-length"]) == (200, "10")


async def test_a_large_file(site: Site) -> None:
    content = bytes(range(256)) * 3000
    key = await add_file(site, "a.bin", content, None)
    answer = await get(site, key)
    assert (answer.status, answer.body == content) == (200, True)
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["content-disposition"] == 'attachment; filename="a.bin"'
    answer = await get(site, key, range="bytes=1000-600999")
    assert (answer.status, answer.body == content[1000:601_000]) == (206, True)
    answer = await get(site, await add_file(site, "empty", b"", "text/plain"))
    assert (answer.status, answer.body) == (200, b"")


async def test_who_has_it_already(site: Site) -> None:
    key = await add_file(site, "note.txt", TEXT, "text/plain")
    first = await get(site, key)
    tag = first.headers["etag"]
    for headers in ({"if_none_match": tag}, {"if_none_match": f'"x", W/{tag}'}, {"if_modified_since": DATE}):
        answer = await get(site, key, **headers)
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
        assert answer.headers["cache-control"] == first.headers["cache-control"]
    assert (await get(site, key, if_none_match='"x"')).status == 200
    # not without a right
    assert (await get(site, key, None, if_none_match=tag)).status == 403


async def test_what_is_not_there(site: Site) -> None:
    ghost = await add_file(site, "g.txt", None, "text/plain")
    record = await add_file(site, "g.txt", None, "text/plain", filename_disk=None)
    elsewhere = await add_file(site, "g.txt", TEXT, "text/plain", storage="gone")
    for key in (ghost, record, elsewhere):
        answer = await get(site, key)
        assert (answer.status, code(answer)) == (503, "SERVICE_UNAVAILABLE"), key
    for path in (NOBODY, "nonsense", "files", "%00", "..%2f..%2fetc%2fpasswd"):
        answer = await get(site, path)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), path
    assert (await get(site, "")).status == 404
    assert (await get(site, f"{ghost}/a/b")).status == 404
    assert (await site.ask("DELETE", f"/assets/{ghost}", token=ADMIN_TOKEN)).status == 404


async def test_rights(site: Site) -> None:
    seen = await add_file(site, "note.txt", TEXT, "text/plain")
    hidden = await add_file(site, "note.txt", TEXT, "text/plain")
    for token, fields in (("all", "*"), ("some", "id,title"), ("none", None)):
        user = await add_user(site.database, f"{token}@example.com", token=token)
        policy = await add_policy(site.database, user=user)
        await grant(site.database, policy, "directus_files", fields=fields, rule={"id": {"_eq": seen}})
    await add_user(site.database, "other@example.com", token="other")
    answer = await get(site, seen, "all")
    assert (answer.status, answer.body) == (200, TEXT)
    assert answer.headers["content-disposition"] == 'inline; filename="note.txt"'
    for token in ("some", "none"):
        answer = await get(site, seen, token)
        assert (answer.status, answer.body) == (200, TEXT)
        assert answer.headers["content-disposition"] == f'inline; filename="{seen}"'
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert "last-modified" not in answer.headers
    for token in ("all", "some", "none"):
        one, other = await get(site, hidden, token), await get(site, NOBODY, token)
        assert (one.status, one.body) == (other.status, other.body) == (403, one.body)
    for refused in (await get(site, seen, "other"), await get(site, seen, None)):
        assert (refused.status, code(refused)) == (403, "FORBIDDEN")
    assert (await get(site, seen, "wrong")).status == 401


async def test_everybody(site: Site) -> None:
    shown = await add_file(site, "a.txt", TEXT, "text/plain")
    other = await add_file(site, "b.txt", TEXT, "text/plain")
    policy = await add_policy(site.database, public=True)
    await grant(site.database, policy, "directus_files", rule={"id": {"_eq": shown}})
    assert (await get(site, shown, None)).headers["cache-control"] == "public, max-age=2592000"
    assert (await get(site, shown)).headers["cache-control"] == "private, max-age=2592000"
    assert (await get(site, other, None)).status == 403


async def test_what_the_settings_show(site: Site) -> None:
    logo = await add_file(site, "a.txt", TEXT, "text/plain")
    await add_user(site.database, "other@example.com", token="other")
    assert (await get(site, logo, None)).status == 403
    for field in ("project_logo", "public_foreground", "public_background", "public_favicon"):
        assert (await site.ask("PATCH", "/settings", {field: logo}, token=ADMIN_TOKEN)).status == 200
        for token in (None, "other"):
            answer = await get(site, logo, token)
            assert (answer.status, answer.body) == (200, TEXT), field
        assert (await site.ask("PATCH", "/settings", {field: None}, token=ADMIN_TOKEN)).status == 200
        for token in (None, "other"):
            assert (await get(site, logo, token)).status == 403


async def test_terms_and_policy_of_the_settings(make_database: MakeDatabase, tmp_path: Path) -> None:
    values = {
        "ASSETS_CACHE_TTL": "1h",
        "ASSETS_CACHE_REVALIDATE": "true",
        "ASSETS_CONTENT_SECURITY_POLICY_DIRECTIVES__IMG_SRC": "'self'",
        "STORAGE_LOCAL_ROOT": str(tmp_path / "up"),
    }
    async with running(await make_database(seed_system), **values) as site:
        answer = await get(site, await add_file(site, "a.txt", TEXT, "text/plain"))
    assert answer.headers["cache-control"] == "private, max-age=0, must-revalidate"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox; img-src 'self'"


async def test_other_bytes_came_meanwhile(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row was read, then the file was replaced and its old bytes were removed."""
    key = await add_file(site, "a.txt", b"old", "text/plain")
    location = site.project.assets.storage.default
    await location.write("new.txt", parts(b"new"))
    rows = site.project.assets.rows
    reading = rows.one

    async def replaced(*given: Any, **named: Any) -> Any:
        row = await reading(*given, **named)
        await change(site.database, "update directus_files set filename_disk = 'new.txt' where id = $1", key)
        await location.remove([f"{key}.txt"])
        return row

    monkeypatch.setattr(rows, "one", replaced)
    answer = await get(site, key)
    assert (answer.status, answer.body) == (200, b"new")


def entries(answer: Answer) -> dict[str, bytes]:
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def zipped(site: Site, ids: object, token: str | None = ADMIN_TOKEN) -> Answer:
    return await site.ask("POST", "/assets/files", {"ids": ids}, token=token)


async def test_several_files(site: Site) -> None:
    content = bytes(range(256)) * 3000
    keys = [
        await add_file(site, "note.txt", TEXT, "text/plain"),
        await add_file(site, "note.txt", b"second", "text/plain"),
        await add_file(site, "../a.png", content, "image/png"),
        await add_file(site, "gone.txt", None, "text/plain", filename_disk=None),
    ]
    answer = await zipped(site, [*keys, keys[0], NOBODY])
    assert entries(answer) == {"note.txt": TEXT, "note (1).txt": b"second", ".._a.png": content}
    name = answer.headers["content-disposition"]
    assert name.startswith('attachment; filename="files-')
    assert name.endswith('.zip"')
    assert "content-length" not in answer.headers
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        info = archive.getinfo("note.txt")
    assert (info.date_time, info.external_attr >> 16) == ((2026, 3, 14, 9, 30, 0), 0o100644)


NO_FILES: Final[tuple[tuple[object, str], ...]] = (
    ({}, 'Invalid input: expected array, received undefined at "ids"'),
    (None, 'Invalid input: expected array, received undefined at "ids"'),
    ({"ids": None}, 'Invalid input: expected array, received null at "ids"'),
    ({"ids": NOBODY}, 'Invalid input: expected array, received string at "ids"'),
    ({"ids": []}, 'Too small: expected array to have >=1 items at "ids"'),
    ({"ids": ["x"]}, '"id" must be a uuid at "ids[0]"'),
    ({"ids": [NOBODY, 1]}, 'Invalid input: expected string, received number at "ids[1]"'),
    ([NOBODY], "Invalid input: expected object, received array"),
)


async def test_what_names_no_files(site: Site) -> None:
    for body, reason in NO_FILES:
        answer = await site.ask("POST", "/assets/files", body, token=ADMIN_TOKEN)
        assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD"), body
        assert json.loads(answer.body)["errors"][0]["extensions"]["reason"] == f"Validation error: {reason}"


async def test_zips_hold_what_the_caller_may_see(site: Site) -> None:
    top = await add(site.database, "directus_folders", name="Top")
    seen = await add_file(site, "seen.txt", TEXT, "text/plain", folder=top)
    hidden = await add_file(site, "hidden.txt", TEXT, "text/plain", folder=top)
    for token, folders in (("both", True), ("files", False)):
        user = await add_user(site.database, f"{token}@example.com", token=token)
        policy = await add_policy(site.database, user=user)
        await grant(site.database, policy, "directus_files", fields="id", rule={"id": {"_eq": seen}})
        if folders:
            await grant(site.database, policy, "directus_folders", fields="id")
    assert entries(await zipped(site, [seen, hidden], "both")) == {f"{seen}.txt": TEXT}
    for ids in ([hidden], [NOBODY]):
        refused = await zipped(site, ids, "both")
        assert (refused.status, code(refused)) == (400, "INVALID_PAYLOAD")
    found = entries(await site.ask("POST", f"/assets/folder/{top}", token="both"))
    assert found == {f"{top}/": b"", f"{top}/{seen}.txt": TEXT}
    for caller in ("files", None):
        refused = await site.ask("POST", f"/assets/folder/{top}", token=caller)
        assert (refused.status, code(refused)) == (403, "FORBIDDEN")
    one, other = [await site.ask("POST", f"/assets/folder/{key}", token="files") for key in (top, NOBODY)]
    assert one.body == other.body


async def test_rows_are_read_page_by_page(site: Site) -> None:
    top = await add(site.database, "directus_folders", name="Top")
    keys = [await add_file(site, f"{n}.txt", None, "text/plain", folder=top) for n in range(5)]
    project = site.project
    rows = FileRows(project.engine.execute, lambda: project.holder.current.snapshot, page=2)
    admin = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    context = await authenticate(project, admin, b"", None)
    assert [row.id for row in await rows.many(keys, context)] == keys
    assert {row.id for row in (await rows.tree(top, context)).files} == set(keys)


async def test_a_folder(site: Site) -> None:
    top = await add(site.database, "directus_folders", name="Top")
    sub = await add(site.database, "directus_folders", name="../Sub", parent=top)
    await add(site.database, "directus_folders", name="Empty", parent=top)
    await add_file(site, "a.txt", TEXT, "text/plain", folder=top)
    await add_file(site, "b.txt", b"b", "text/plain", folder=sub)
    await add_file(site, "elsewhere.txt", b"b", "text/plain")
    answer = await site.ask("POST", f"/assets/folder/{top}", token=ADMIN_TOKEN)
    assert entries(answer) == {
        "Top/": b"",
        "Top/a.txt": TEXT,
        "Top/.._Sub/": b"",
        "Top/.._Sub/b.txt": b"b",
        "Top/Empty/": b"",
    }
    assert answer.headers["content-disposition"].startswith('attachment; filename="folder-Top-')
    # a circle that was made behind the back ends
    await change(site.database, "update directus_folders set parent = $1 where id = $2", sub, top)
    assert len(entries(await site.ask("POST", f"/assets/folder/{top}", token=ADMIN_TOKEN))) == 5
    empty = await add(site.database, "directus_folders", name="Nothing")
    for key in (empty, NOBODY, "nonsense"):
        refused = await site.ask("POST", f"/assets/folder/{key}", token=ADMIN_TOKEN)
        assert (refused.status, code(refused)) == (400, "INVALID_PAYLOAD")


async def test_a_zip_is_sent_while_it_is_made(site: Site) -> None:
    """Large files and many small ones: no more than a piece is held."""
    large, small = os.urandom(1_000_000), os.urandom(60_000)
    texts = b"hello world " * 50_000
    keys = [await add_file(site, f"{n}.bin", small, None) for n in range(12)]
    keys += [await add_file(site, "l.bin", large, None), await add_file(site, "t.txt", texts, "text/plain")]
    body = json.dumps({"ids": keys}).encode()
    sent = {"authorization": f"Bearer {ADMIN_TOKEN}", "content-type": "application/json"}
    wire = Wire().body(body)
    scope = http_scope("POST", "/assets/files", {**sent, "content-length": str(len(body))})
    await site.application(scope, wire.receive, wire.send)
    found = entries(wire.answer)
    assert (found["l.bin"] == large, found["t.txt"] == texts, len(found)) == (True, True, 14)
    pieces = [len(message["body"]) for message in wire.sent[1:]]
    assert max(pieces) < 700_000
    assert len(pieces) > 5
    with zipfile.ZipFile(io.BytesIO(wire.answer.body)) as archive:
        assert archive.getinfo("t.txt").compress_size < len(texts) / 50


async def test_a_zip_without_bytes(site: Site) -> None:
    ghost = await add_file(site, "g.txt", None, "text/plain")
    refused = await zipped(site, [ghost])
    assert (refused.status, code(refused)) == (503, "SERVICE_UNAVAILABLE")
    whole = await add_file(site, "a.png", os.urandom(600_000), "image/png")
    # half a zip must not look like a whole one
    with pytest.raises(AssertionError, match="broke off"):
        await zipped(site, [whole, ghost])
