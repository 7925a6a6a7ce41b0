"""Files are given to those who may have them, and to nobody for more than they cost.

GHSA-77qm-wvqq-fg79 CVE-2022-36031: names on disk that lead elsewhere. GHSA-7vcx-mhxq-9j96: sizes without end.
GHSA-rv78-qqrq-73m5 CVE-2025-30350, GHSA-j8xj-7jff-46mx CVE-2025-30225: requests that leave files open.
GHSA-xmjj-3c76-5w84 CVE-2022-24814, CVE-2022-22116, CVE-2022-22117: files that run in the origin.
CVE-2025-62727 GHSA-7f5h-v6xp-fcq8: thousands of ranges. Class 13: names inside zips.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from tests.support.asgi import Answer, Wire, http_scope
from tests.support.files import add_file, directory_of, file_site, held_open
from tests.support.lending import Lend
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add,
    add_policy,
    add_user,
    code,
    grant,
)

SECRET = b"nobody's business"


@pytest.fixture
async def site(lend: Lend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with file_site(lend, tmp_path_factory.getbasetemp() / "files") as opened:
        yield opened


async def get(site: Site, path: str, token: str | None = ADMIN_TOKEN, **headers: str) -> Answer:
    return await site.ask("GET", f"/assets/{path}", token=token, headers=headers)


async def test_names_on_disk_lead_nowhere_else(site: Site, tmp_path: Path) -> None:
    """Rows of a database that another server has filled."""
    (tmp_path / "secret.txt").write_bytes(SECRET)
    up = directory_of(site)
    (up / "folder").mkdir(parents=True, exist_ok=True)
    for name in ("link.txt", "pipe.txt"):
        (up / name).unlink(missing_ok=True)
    (up / "folder" / "inside.txt").write_bytes(SECRET)
    (up / "link.txt").symlink_to(tmp_path / "secret.txt")
    os.mkfifo(up / "pipe.txt")
    for disk in (
        *(".", "..", "", "/", "folder", "folder/inside.txt", "../secret.txt", "..\\secret.txt", "link.txt"),
        *("/etc/passwd", "/proc/self/environ", "pipe.txt", "x" * 255, "file:///etc/passwd", "./link.txt"),
    ):
        key = await add_file(site, "a.txt", None, "text/plain", filename_disk=disk)
        image = await add_file(site, "a.png", None, "image/png", filename_disk=disk)
        for answer in (await get(site, key), await get(site, f"{image}?width=5")):
            assert answer.status in (403, 503), disk
            assert SECRET not in answer.body
        refused = await site.ask("POST", "/assets/files", {"ids": [key]}, token=ADMIN_TOKEN)
        assert refused.status in (403, 503), disk
    good = await add_file(site, "a.txt", b"good", "text/plain")
    assert (await get(site, good)).body == b"good"


async def test_images_have_a_largest_size(site: Site) -> None:
    key = await add_file(site, "a.png", b"never looked at", "image/png", width=30, height=20)
    for query in ("width=100000&height=100000", "width=6001", 'transforms=[["resize",{"width":100000}]]'):
        refused = await get(site, f"{key}?{query}")
        assert (refused.status, code(refused)) == (400, "ILLEGAL_ASSET_TRANSFORMATION"), query


async def test_no_request_leaves_a_file_open(site: Site) -> None:
    key = await add_file(site, "a.png", bytes(2_000_000), "image/png", width=30, height=20)
    await get(site, key)
    for _ in range(300):
        await site.ask("HEAD", f"/assets/{key}", token=ADMIN_TOKEN)
        assert (await get(site, f'{key}?transforms=[["bogus"]]')).status == 400
        assert (await get(site, key, range="bytes=9000000-")).status == 416
    assert held_open(site) == 0
    assert (await get(site, key)).status == 200


async def test_a_client_that_leaves_closes_the_file(site: Site) -> None:
    key = await add_file(site, "a.bin", os.urandom(2_000_000), None)
    ids = json.dumps({"ids": [key]}).encode()
    for method, path, body in (("GET", f"/assets/{key}", b""), ("POST", "/assets/files", ids)):
        wire = Wire().body(body)
        full = asyncio.Event()

        async def send(message: object, wire: Wire = wire, full: asyncio.Event = full) -> None:
            wire.sent.append({"of": message})
            if len(wire.sent) == 3:
                wire.disconnect()
                full.set()
                await asyncio.Event().wait()  # nothing more is taken

        headers = {"authorization": f"Bearer {ADMIN_TOKEN}", "content-type": "application/json"}
        scope = http_scope(method, path, {**headers, **({"content-length": str(len(body))} if body else {})})
        task = asyncio.create_task(site.application(scope, wire.receive, send))
        await asyncio.wait_for(full.wait(), 10)
        assert held_open(site) == 1
        await asyncio.wait_for(task, 10)
        assert held_open(site) == 0


async def test_files_do_not_run_in_the_origin(site: Site) -> None:
    for name, kind in (
        *(("a.html", "text/html"), ("a.svg", "image/svg+xml"), ("a.xml", "application/xml")),
        *(
            ("a.js", "text/javascript"),
            ("a.js", "application/javascript"),
            ("a.xhtml", "application/xhtml+xml"),
        ),
        *(
            ("a", None),
            ("a", "x\r\nSet-Cookie: a=b"),
            ("a.htm", "TEXT/HTML; charset=utf-7"),
            ("a.css", "text/css"),
            ("a.mp4", "video/x+xml"),
        ),
    ):
        key = await add_file(site, name, b"<script>alert(1)</script>", kind)
        for path in (key, f"{key}/picture.png", f"{key}?width=5"):
            headers = (await get(site, path)).headers
            assert headers["content-disposition"].startswith("attachment"), kind
            assert headers["content-security-policy"] == "default-src 'none'; sandbox"
            assert headers["x-content-type-options"] == "nosniff"
            assert "set-cookie" not in headers
    for kind in ("image/png", "text/plain", "application/pdf"):
        key = await add_file(site, "a\r\nSet-Cookie: a=b", b"x", kind)
        headers = (await get(site, f"{key}?download")).headers
        assert headers["content-disposition"] == 'attachment; filename="aSet-Cookie: a=b"'
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "set-cookie" not in headers


async def test_thousands_of_ranges_are_one_refusal(site: Site) -> None:
    key = await add_file(site, "a.bin", bytes(100_000), None)
    for header in (
        "bytes=" + ",".join(f"{n}-{n}" for n in range(5000)),
        "bytes=" + "0-," * 20_000,
        "bytes=0-0" + " " * 50_000 + ",1-1",
        "bytes=" + "9" * 60_000 + "-",
    ):
        answer = await get(site, key, range=header)
        # nothing of it is tried part by part (see tests/gateway/assets/test_ranges.py for what it costs)
        whole = answer.status == 200 and len(answer.body) == 100_000
        assert whole or (answer.status == 416 and len(answer.body) < 400)


async def test_a_zip_leads_nowhere(site: Site) -> None:
    """Names of files and folders are whatever somebody called them."""
    top = await add(site.database, "directus_folders", name="../../../tmp")
    sub = await add(site.database, "directus_folders", name="C:\\Windows", parent=top)
    names = (
        *("../../../etc/passwd", "/etc/passwd", "..\\..\\evil.exe", "C:\\evil.exe", "\\\\host\\share\\x"),
        *("..", ".", " ", "a\x00.txt" if site.database.dialect == "sqlite" else "a.txt", "NUL", "aux.txt"),
        *("a.txt:stream", "~/x", "a\nb", "a.txt", "A.TXT", "a.txt.", "x" * 255),
    )
    keys = [await add_file(site, name, b"x", "text/plain", folder=sub) for name in names]
    for path, payload in (("/assets/files", {"ids": keys}), (f"/assets/folder/{top}", None)):
        answer = await site.ask("POST", path, payload, token=ADMIN_TOKEN)
        with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
            found = [info.filename for info in archive.infolist()]
            files = [name for name in found if not name.endswith("/")]
            assert len(files) == len(keys)
            assert len({name.casefold() for name in found}) == len(found)
            for name in found:
                for kind in (PurePosixPath(name), PureWindowsPath(name)):
                    assert not kind.is_absolute()
                    assert not kind.drive
                    assert ".." not in kind.parts
                    assert not PureWindowsPath(kind.name).is_reserved()
                assert "\\" not in name
                assert name.isprintable()
            assert archive.testzip() is None


async def test_caches_keep_nothing_for_others(site: Site) -> None:
    """What a caller may see by rules of his own is for his browser alone, also where a zip holds it."""
    key = await add_file(site, "a.txt", b"x", "text/plain")
    user = await add_user(site.database, "ada@example.com", token="ada")
    await grant(site.database, await add_policy(site.database, user=user), "directus_files")
    for token in ("ada", ADMIN_TOKEN):
        for path in (key, f"{key}?download"):
            assert (await get(site, path, token)).headers["cache-control"].startswith("private")
        zipped = await site.ask("POST", "/assets/files", {"ids": [key]}, token=token)
        assert "public" not in zipped.headers["cache-control"]
    by_link = await get(site, f"{key}?access_token=ada", None)
    assert (by_link.status, by_link.headers["cache-control"]) == (200, "private, max-age=2592000")
    # who knows the tag of a file knows nothing of it
    tag = by_link.headers["etag"]
    assert (await get(site, key, None, **{"if-none-match": tag})).status == 403
    refused = await get(site, key, None)
    assert (refused.status, refused.headers["cache-control"]) == (403, "no-cache")
    by_address = await add_policy(site.database, public=True, ip_access="192.0.2.0/24")
    await grant(site.database, by_address, "directus_files")
    await site.project.epochs.bump_access()
    here = await get(site, key, None)
    assert (here.status, here.headers["cache-control"]) == (200, "private, max-age=2592000")
