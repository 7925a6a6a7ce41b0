"""What rows become of uploads: columns that were said beforehand, files that take the place of others."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import MakeDatabase
from tests.gateway.tus.client import Desk, checksum, stored_on_disk, uploading
from tests.support.project import add, change, code, seed_system
from tests.support.s3 import S3Server

BODY = b"hello world"


async def test_columns_are_those_that_were_said(desk: Desk) -> None:
    """As text: what a column holds as JSON is read as that. What is no column is the client's own."""
    folder = await add(desk.site.database, "directus_folders", name="F")
    await desk.upload(
        BODY,
        title="T",
        description="[1]",
        tags='["a","b"]',
        folder=folder,
        location="L",
        relativePath="x/a.txt",
    )
    (file,) = await desk.seen()
    assert (file["title"], file["description"], file["location"]) == ("T", "[1]", "L")
    assert (file["tags"], file["folder"], file["storage"]) == (["a", "b"], folder, "local")


async def test_what_nobody_said(desk: Desk) -> None:
    """The title comes of the name, the folder of the settings."""
    folder = await add(desk.site.database, "directus_folders", name="F")
    answer = await desk.ask(
        "PATCH",
        "/settings",
        {"content-type": "application/json"},
        json.dumps({"storage_default_folder": folder}).encode(),
    )
    assert answer.status == 200
    await desk.upload(BODY, filename_download="a_small-file.txt")
    (file,) = await desk.seen()
    assert (file["title"], file["folder"]) == ("A Small File", folder)


async def test_folders(desk: Desk) -> None:
    """One that is not there is refused at once; one that is removed meanwhile costs no bytes."""
    for wrong in ("11111111-1111-4111-8111-111111111111", "x"):
        answer = await desk.begin(11, filename_download="a.txt", folder=wrong)
        assert answer.status == 400, answer.body
    assert await desk.rows("id") == []
    folder = await add(desk.site.database, "directus_folders", name="F")
    place = await desk.create(11, folder=folder)
    await change(desk.site.database, "delete from directus_folders")
    assert (await desk.send(place, 0, BODY)).status == 204
    (file,) = await desk.seen()
    assert file["folder"] is None


async def test_columns_without_end_are_refused(desk: Desk) -> None:
    answer = await desk.begin(11, filename_download="a.txt", metadata="[" * 20_000)
    assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")


async def test_storages_that_there_are_not(desk: Desk) -> None:
    answer = await desk.begin(11, filename_download="a.txt", storage="moon")
    assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")
    assert await desk.rows("id") == []


@pytest.mark.parametrize("name", ["id", "replace_id"])
async def test_a_file_takes_the_place_of_another(desk: Desk, name: str) -> None:
    """Readers have the old bytes until the new ones are all there; then the old ones go."""
    key = await desk.upload(b"old", filename_download="old.txt", title="T")
    ((old,),) = [[row["filename_disk"]] for row in await desk.rows("filename_disk")]
    place = await desk.create(11, filename_download="new.txt", **{name: key.upper()})
    await desk.send(place, 0, BODY[:5])
    (file,) = await desk.seen()
    assert (file["filename_disk"], file["filesize"], await desk.content(old)) == (old, 3, b"old")
    last = await desk.send(place, 5, BODY[5:])
    assert (last.status, last.headers["directus-file-id"]) == (204, key)
    (file,) = await desk.seen()
    assert (file["id"], file["filename_download"], file["title"]) == (key, "new.txt", "T")
    assert file["filesize"] == 11
    assert await desk.objects() == [file["filename_disk"]]
    assert await desk.content(file["filename_disk"]) == BODY
    assert len(await desk.rows("id")) == 1


async def test_a_file_that_is_gone_when_the_bytes_are_there(desk: Desk) -> None:
    key = await desk.upload(b"old")
    place = await desk.create(11, id=key)
    await desk.ask("DELETE", f"/files/{key}")
    refused = await desk.send(place, 0, BODY)
    assert (refused.status, code(refused)) == (403, "FORBIDDEN")
    await desk.site.project.tus.clean(datetime.now(UTC) + timedelta(hours=1))
    assert (await desk.rows("id"), await desk.objects()) == ([], [])


async def test_kinds_that_are_not_taken(make_database: MakeDatabase, tmp_path: Path) -> None:
    """Bytes tell, not who sent them; nothing of them stays. Sizes are bounded by what is announced."""
    values = {**stored_on_disk(tmp_path), "FILES_MIME_TYPE_ALLOW_LIST": "image/*"}
    url = await make_database(seed_system)
    async with uploading(url, FILES_MAX_UPLOAD_SIZE="20", **values) as desk:
        place = await desk.create(11, filename_download="a.png", type="image/png")
        refused = await desk.send(place, 0, BODY)
        assert (refused.status, code(refused)) == (400, "INVALID_PAYLOAD")
        assert (await desk.rows("id"), await desk.objects()) == ([], [])
        assert (await desk.begin(21, filename_download="a.png")).status == 413


async def test_as_many_at_once_as_there_may_be(make_database: MakeDatabase, tmp_path: Path) -> None:
    """Parts are uploads, too; the next one is told to come again, and nothing of it is kept."""
    values = {**stored_on_disk(tmp_path), "FILES_MAX_UPLOAD_CONCURRENCY": "1"}
    async with uploading(await make_database(seed_system), **values) as desk:
        one, other = await desk.create(11), await desk.create(11)
        sent = desk.wire(one, 0, 11)
        sent.give(BODY[:5])
        writing = asyncio.create_task(sent.answer())
        while not any("holder" in row["tus_data"] for row in await desk.rows("tus_data")):
            await asyncio.sleep(0)
        refused = await desk.send(other, 0, BODY)
        assert (refused.status, code(refused)) == (503, "SERVICE_UNAVAILABLE")
        sent.give(BODY[5:], more=False)
        assert (await writing) is not None
        assert (await desk.send(other, 0, BODY)).status == 204
        assert len(await desk.seen()) == 2


async def test_in_an_object_store(make_database: MakeDatabase, s3: S3Server) -> None:
    """The same there: any server goes on where another one ended."""
    bucket = s3.fresh_bucket()
    values = {"STORAGE_LOCATIONS": "cloud", **s3.variables("cloud", bucket)}
    url = await make_database(seed_system)
    body = bytes(range(256)) * 1024
    async with uploading(url, **values) as first:
        place = await first.create(len(body), filename_download="a.bin")
        sent = first.wire(place, 0, len(body))
        sent.give(body[:100_000])
        sent.wire.disconnect()
        assert await sent.answer() is None
        given_up = await first.create(11)
        await first.send(given_up, 0, BODY[:5])
    async with uploading(url, **values) as second:
        assert await second.offset(place) == 100_000
        wrong = await second.send(place, 100_000, b"x" * 10, checksum("sha1", b"y"))
        assert (wrong.status, await second.offset(place)) == (460, 100_000)
        rest = body[100_000:]
        assert (await second.send(place, 100_000, rest, checksum("md5", rest))).status == 204
        (file,) = await second.seen()
        assert (file["storage"], file["filesize"]) == ("cloud", len(body))
        assert await second.content(file["filename_disk"]) == body
        assert (await second.ask("DELETE", given_up)).status == 204
        assert s3.keys(bucket) == [file["filename_disk"]]
