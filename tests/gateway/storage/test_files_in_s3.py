"""Files in a bucket, through the doors: in, out, made into others, replaced, removed; a store that fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.filing import Files, filing
from tests.support.forms import HEADERS, file, form
from tests.support.images import encoded, gradient
from tests.support.object_stub import Stub, stubbed
from tests.support.project import ADMIN_TOKEN, add, code, data, running, seed_system
from tests.support.s3 import S3Server
from tests.support.session import TestRun

ROW = {"storage": "cloud", "filename_disk": "a", "filename_download": "a", "type": "text/plain"}
LARGE = Random(1).randbytes(9 << 20)


class Bucket:
    def __init__(self, files: Files, s3: S3Server, name: str) -> None:
        self.site = files.site
        self.root = files.root
        self._s3 = s3
        self._name = name

    def names(self) -> list[str]:
        """Without its folder; nothing may be under way."""
        assert self._s3.unfinished(self._name) == []
        return sorted(key.removeprefix("a/folder/") for key in self._s3.keys(self._name))

    async def send(self, method: str, target: str, *parts: bytes) -> Answer:
        return await self.site.ask(method, target, form(*parts), token=ADMIN_TOKEN, headers=HEADERS)

    async def upload(self, name: str, content: bytes) -> Any:
        return data(await self.send("POST", "/files", file(name, content, None)))

    async def get(self, target: str, **headers: str) -> Answer:
        return await self.site.ask("GET", target, token=ADMIN_TOKEN, headers=headers)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def bucket(
    request: pytest.FixtureRequest,
    test_run: TestRun,
    s3: S3Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Bucket]:
    """One project for the module: what a test makes, it takes away."""
    name = s3.fresh_bucket()
    given = {"STORAGE_LOCATIONS": "cloud", **s3.variables("cloud", name, ROOT="a/folder")}
    async with filing(request.param, test_run, tmp_path_factory.mktemp("cloud"), **given) as files:
        yield Bucket(files, s3, name)


async def test_a_file_lives_in_a_bucket(bucket: Bucket) -> None:
    large = await bucket.upload("large.bin", LARGE)
    assert (large["storage"], int(large["filesize"])) == ("cloud", len(LARGE))
    assert bucket.names() == [large["filename_disk"]]
    place = f"/assets/{large['id']}"
    assert (await bucket.get(place)).body == LARGE
    part = await bucket.get(place, range="bytes=8000000-8000009")
    assert (part.status, part.body) == (206, LARGE[8_000_000:8_000_010])

    replaced = data(await bucket.send("PATCH", f"/files/{large['id']}", file("small.txt", b"small")))
    assert bucket.names() == [replaced["filename_disk"]]
    assert (await bucket.get(place)).body == b"small"

    await bucket.site.ask("DELETE", f"/files/{large['id']}", token=ADMIN_TOKEN)
    assert bucket.names() == []
    assert (await bucket.get(place)).status == 403


async def test_what_is_made_of_images_lies_beside_them(bucket: Bucket) -> None:
    image = await bucket.upload("image.png", encoded(gradient(64, 48), "PNG"))
    assert (image["type"], image["width"], image["height"]) == ("image/png", 64, 48)

    first = await bucket.get(f"/assets/{image['id']}?width=16&format=png")
    again = await bucket.get(f"/assets/{image['id']}?width=16&format=png")

    assert (first.status, first.headers["content-type"]) == (200, "image/png")
    assert again.body == first.body
    stem = image["filename_disk"].removesuffix(".png")
    assert [name.startswith(stem) for name in bucket.names()] == [True, True]
    # nothing of what was worked on is left on this machine
    assert [path.name for path in bucket.root.iterdir() if ".sqlite" not in path.name] == []

    await bucket.site.ask("DELETE", f"/files/{image['id']}", token=ADMIN_TOKEN)
    assert bucket.names() == []


async def test_what_is_refused_leaves_nothing(bucket: Bucket) -> None:
    unfinished = form(file("a.bin", LARGE, None))[:-100]
    answer = await bucket.site.ask("POST", "/files", unfinished, token=ADMIN_TOKEN, headers=HEADERS)

    assert answer.status == 400
    assert bucket.names() == []


async def test_a_store_that_fails_is_answered_503(make_database: MakeDatabase) -> None:
    refusing = Stub(refuse=lambda _: ("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>"))
    url = await make_database(seed_system)
    async with stubbed(refusing) as stub:
        given = {
            "STORAGE_LOCATIONS": "cloud",
            "STORAGE_CLOUD_DRIVER": "s3",
            "STORAGE_CLOUD_ENDPOINT": stub.url,
            "STORAGE_CLOUD_BUCKET": "files",
            "STORAGE_CLOUD_KEY": "a-key",
            "STORAGE_CLOUD_SECRET": "a-secret",
        }
        async with running(url, **given) as site:
            for content in (b"small", LARGE):
                answer = await site.ask(
                    "POST", "/files", form(file("a.bin", content)), token=ADMIN_TOKEN, headers=HEADERS
                )
                assert (answer.status, code(answer)) == (503, "SERVICE_UNAVAILABLE")
                assert b"a-key" not in answer.body
            assert data(await site.ask("GET", "/files", token=ADMIN_TOKEN)) == []
            key = await add(site.database, "directus_files", **ROW)
            answer = await site.ask("GET", f"/assets/{key}", token=ADMIN_TOKEN)
            assert (answer.status, code(answer)) == (503, "SERVICE_UNAVAILABLE")
