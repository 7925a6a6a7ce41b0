"""Uploads that can be resumed, from the first request to the file, as tus clients make them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.http import HttpReply
from gateway.storage.local import LocalLocation
from gateway.tus.protocol import Part
from resolvers.files.partial import PartialFiles
from resolvers.files.storage import StorageError
from tests.conftest import MakeDatabase
from tests.gateway.tus.client import Desk, checksum, uploading
from tests.gateway.tus.words import pairs
from tests.support.project import change, code, seed_system

BODY = b"hello world"


async def test_a_file_in_two_parts(desk: Desk) -> None:
    """Nobody sees it before all of it is there; what the server knows of it is what it has measured."""
    begun = await desk.begin(11, filename_download="some_file.txt", type="image/png", title="T", note="x")
    assert begun.status == 201
    place = begun.headers["location"]
    assert place.startswith("/files/tus/")
    assert begun.headers["tus-resumable"] == "1.0.0"
    assert begun.headers["upload-expires"].endswith(" GMT")
    first = await desk.send(place, 0, BODY[:5])
    assert (first.status, first.headers["upload-offset"]) == (204, "5")
    assert "upload-expires" in first.headers
    told = await desk.ask("HEAD", place)
    assert (told.status, told.headers["upload-offset"], told.headers["upload-length"]) == (200, "5", "11")
    assert told.headers["cache-control"] == "no-store"
    metadata = pairs(filename_download="some_file.txt", type="image/png", title="T", note="x")
    assert told.headers["upload-metadata"] == metadata
    assert await desk.seen() == []
    assert await desk.objects() == []
    last = await desk.send(place, 5, BODY[5:])
    assert (last.status, last.headers["upload-offset"]) == (204, "11")
    assert "upload-expires" not in last.headers
    (file,) = await desk.seen()
    assert file["id"] == last.headers["directus-file-id"]
    assert (file["filename_download"], file["title"], file["type"]) == ("some_file.txt", "T", "text/plain")
    assert (file["filesize"], file["tus_id"], file["tus_data"]) == (11, None, None)
    assert file["uploaded_on"] is not None
    assert file["uploaded_by"] is not None
    assert file["filename_disk"] == f"{file['id']}.txt"
    assert await desk.content(file["filename_disk"]) == BODY
    assert len(await desk.rows("id")) == 1
    for method in ("HEAD", "DELETE"):
        assert (await desk.ask(method, place)).status == 404
    assert (await desk.send(place, 11, b"")).status == 404


async def test_the_history_has_the_file_and_nothing_of_its_upload(desk: Desk) -> None:
    key = await desk.upload(BODY)
    answer = await desk.ask("GET", "/activity?fields=action,collection,item")
    assert json.loads(answer.body)["data"] == [
        {"action": "create", "collection": "directus_files", "item": key}
    ]
    revisions = await desk.ask("GET", "/revisions?fields=data")
    (kept,) = json.loads(revisions.body)["data"]
    assert (kept["data"].get("tus_id"), kept["data"]["filesize"]) == (None, 11)


async def test_what_is_under_way_is_nobody_s_to_see(desk: Desk) -> None:
    """Administrators included: by no door, filter or count."""
    place = await desk.create(11)
    await desk.send(place, 0, BODY[:5])
    (row,) = await desk.rows("id, tus_id, filesize, filename_disk")
    assert row["tus_id"] == place.rpartition("/")[2]
    for path in ("files", "assets"):
        assert (await desk.ask("GET", f"/{path}/{row['id']}")).status == 403
    assert await desk.seen("filter[tus_id][_nnull]=true") == []
    assert await desk.seen("aggregate[count]=*") == [{"count": 0}]
    asked = {"query": f'{{ files {{ id }} files_by_id(id: "{row["id"]}") {{ id }} }}'}
    answer = await desk.ask(
        "POST", "/graphql/system", {"content-type": "application/json"}, json.dumps(asked).encode()
    )
    assert json.loads(answer.body)["data"] == {"files": [], "files_by_id": None}
    await desk.send(place, 5, BODY[5:])
    assert await desk.seen("aggregate[count]=*") == [{"count": 1}]


async def test_refusals_of_the_protocol(desk: Desk) -> None:
    """With the status that clients go by; nothing of what came is kept."""
    place = await desk.create(11)
    await desk.send(place, 0, BODY[:5])
    part = {"content-type": "application/offset+octet-stream", "upload-offset": "5"}
    for status, headers, body in (
        (409, {**part, "upload-offset": "0"}, b"hello"),
        (409, {**part, "upload-offset": "6"}, b"world"),
        (413, part, b" world and more"),
        (415, {**part, "content-type": "text/plain"}, b" world"),
        (400, {"content-type": part["content-type"]}, b" world"),
        (412, {**part, "tus-resumable": "0.2.2"}, b" world"),
        (460, {**part, **checksum("sha1", b"other")}, b" world"),
        (400, {**part, "upload-checksum": "crc32 AAAA"}, b" world"),
    ):
        answer = await desk.ask("PATCH", place, headers, body)
        assert (answer.status, answer.headers["tus-resumable"]) == (status, "1.0.0"), headers
        assert await desk.offset(place) == 5
    assert (await desk.send(place, 5, BODY[5:], checksum("sha256", BODY[5:]))).status == 204
    (file,) = await desk.seen()
    assert await desk.content(file["filename_disk"]) == BODY


async def test_bytes_without_an_announced_length_are_bounded(desk: Desk) -> None:
    place = await desk.create(11)
    sent = desk.wire(place, 0, 0)
    sent.scope["headers"] = [pair for pair in sent.scope["headers"] if pair[0] != b"content-length"]
    sent.give(BODY[:5])
    sent.give(b" world and more", more=False)
    answer = await sent.answer()
    assert answer is not None
    assert answer.status == 413
    assert await desk.offset(place) == 5


async def test_what_came_before_the_client_left_stays(desk: Desk) -> None:
    place = await desk.create(11)
    sent = desk.wire(place, 0, 11)
    sent.give(BODY[:5])
    sent.give(BODY[5:8])
    sent.wire.disconnect()
    assert await sent.answer() is None
    assert await desk.offset(place) == 8
    assert (await desk.send(place, 8, BODY[8:])).status == 204
    (file,) = await desk.seen()
    assert await desk.content(file["filename_disk"]) == BODY


async def test_a_part_with_a_checksum_is_kept_whole_or_not_at_all(desk: Desk) -> None:
    place = await desk.create(11)
    sent = desk.wire(place, 0, 11)
    name, value = next(iter(checksum("md5", BODY).items()))
    sent.scope["headers"].append((name.encode(), value.encode()))
    sent.give(BODY[:5])
    sent.wire.disconnect()
    assert await sent.answer() is None
    assert await desk.offset(place) == 0


async def test_two_writers_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is told to come again; it can neither add nor end."""
    monkeypatch.setattr(desk.site.project.tus, "patience", 0)
    place = await desk.create(11)
    sent = desk.wire(place, 0, 11)
    sent.give(BODY[:5])
    writing = asyncio.create_task(sent.answer())
    while "holder" not in (await desk.rows("tus_data"))[0]["tus_data"]:
        await asyncio.sleep(0)
    assert (await desk.send(place, 0, BODY)).status == 423
    assert (await desk.ask("DELETE", place)).status == 423
    sent.give(BODY[5:], more=False)
    answer = await writing
    assert answer is not None
    assert answer.status == 204
    assert len(await desk.seen()) == 1


async def test_a_client_that_goes_on_at_once(desk: Desk) -> None:
    """It is quicker than what it broke off: it waits until that is kept."""
    place = await desk.create(11)
    sent = desk.wire(place, 0, 11)
    sent.give(BODY[:5])
    writing = asyncio.create_task(sent.answer())
    while "holder" not in (await desk.rows("tus_data"))[0]["tus_data"]:
        await asyncio.sleep(0)
    asked = asyncio.create_task(desk.offset(place))
    await asyncio.sleep(0)
    sent.wire.disconnect()
    assert (await writing, await asked) == (None, 5)
    assert (await desk.send(place, 5, BODY[5:])).status == 204


async def test_creation_with_the_first_bytes(desk: Desk) -> None:
    headers = {
        "upload-length": "11",
        "upload-metadata": pairs(filename_download="a.txt"),
        "content-type": "application/offset+octet-stream",
    }
    some = await desk.ask("POST", "/files/tus", headers, BODY[:5])
    assert (some.status, some.headers["upload-offset"]) == (201, "5")
    assert await desk.offset(some.headers["location"]) == 5
    everything = await desk.ask("POST", "/files/tus", headers, BODY)
    assert (everything.status, everything.headers["upload-offset"]) == (201, "11")
    (file,) = await desk.seen()
    assert file["id"] == everything.headers["directus-file-id"]


async def test_an_empty_file_is_there_at_once(desk: Desk) -> None:
    begun = await desk.begin(0, filename_download="a.txt")
    assert (begun.status, begun.headers["upload-offset"]) == (201, "0")
    (file,) = await desk.seen()
    assert (file["id"], file["filesize"]) == (begun.headers["directus-file-id"], 0)
    assert await desk.content(file["filename_disk"]) == b""


async def test_methods_in_a_header(desk: Desk) -> None:
    """For clients that can send POST only."""
    place = await desk.create(11)
    part = {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
    answer = await desk.ask("POST", place, {**part, "x-http-method-override": "PATCH"}, BODY[:5])
    assert (answer.status, await desk.offset(place)) == (204, 5)
    assert (await desk.ask("POST", place, {"x-http-method-override": "DELETE"})).status == 204
    assert (await desk.ask("HEAD", place)).status == 404


async def test_what_there_is_no_route_for(desk: Desk) -> None:
    place = await desk.create(11)
    for method, path in (("PUT", place), ("GET", place), ("POST", place), ("PATCH", "/files/tus")):
        answer = await desk.ask(method, path)
        assert (answer.status, code(answer)) == (404, "ROUTE_NOT_FOUND"), (method, path)
    for path in (f"/files/tus/{'0' * 32}", "/files/tus/..%2f..%2fx", "/files/tus/x"):
        assert (await desk.ask("HEAD", path)).status == 404
    info = await desk.ask("GET", "/server/info")
    assert json.loads(info.body)["data"]["uploads"] == {"tus": True, "chunkSize": 8 << 20}
    told = await desk.ask("OPTIONS", "/files/tus", {"tus-resumable": ""})
    assert (told.status, told.headers["tus-max-size"]) == (204, str(1 << 30))


async def test_an_upload_is_given_up(desk: Desk) -> None:
    place = await desk.create(11)
    await desk.send(place, 0, BODY[:5])
    assert (await desk.ask("DELETE", place)).status == 204
    assert (await desk.ask("HEAD", place)).status == 404
    assert (await desk.rows("id"), await desk.objects()) == ([], [])


async def test_uploads_that_rested_too_long(desk: Desk) -> None:
    """They are gone for clients at once, and for good with the next cleaning."""
    old, fresh = await desk.create(11), await desk.create(11)
    await desk.send(old, 0, BODY[:5])
    await desk.send(fresh, 0, BODY[:5])
    moment = "1000" if desk.site.database.dialect == "sqlite" else "'2001-01-01Z'"
    await change(
        desk.site.database,
        f"update directus_files set modified_on = {moment} where tus_id = $1",
        old.rpartition("/")[2],
    )
    for answer in (await desk.ask("HEAD", old), await desk.send(old, 5, BODY[5:])):
        assert answer.status == 410
    (job,) = desk.site.project.jobs
    assert job.name == "uploads"
    await job.work(datetime.now(UTC))
    assert (await desk.ask("HEAD", old)).status == 404
    assert [row["tus_id"] for row in await desk.rows("tus_id")] == [fresh.rpartition("/")[2]]
    assert (await desk.send(fresh, 5, BODY[5:])).status == 204


async def test_what_was_interrupted_while_it_was_finished(desk: Desk) -> None:
    """A server that died between the last byte and the row: whoever asks next gets the file."""
    place = await desk.create(11)
    await desk.send(place, 0, BODY[:5])
    (row,) = await desk.rows("id, filename_disk, tus_id")
    location = desk.site.project.files.storage.default
    part = f"{row['id']}__{row['tus_id']}"

    async def rest() -> AsyncGenerator[bytes, None]:
        yield BODY[5:]

    await location.append(part, 5, rest())
    await location.finish(part, row["filename_disk"])
    told = await desk.ask("HEAD", place)
    assert (told.status, told.headers["upload-offset"]) == (200, "11")
    assert told.headers["directus-file-id"] == row["id"]
    (file,) = await desk.seen()
    assert await desk.content(file["filename_disk"]) == BODY


async def test_a_client_that_leaves_while_it_is_finished(desk: Desk) -> None:
    """Nothing is lost: the file is there when it asks again."""
    place = await desk.create(11)
    upload = place.rpartition("/")[2]
    tus, writing = desk.site.project.tus, asyncio.Event()
    file = await PartialFiles(desk.site.database).find(upload)
    assert file is not None

    async def parts() -> AsyncGenerator[bytes, None]:
        yield BODY

    async def write(*_: object) -> HttpReply:
        writing.set()
        return await asyncio.Future[HttpReply]()

    receiving = asyncio.create_task(tus.receive(file, Part(offset=0), parts(), 11, write))
    await writing.wait()
    receiving.cancel()
    await asyncio.wait([receiving])
    assert await desk.seen() == []
    told = await desk.ask("HEAD", place)
    assert (told.status, told.headers["upload-offset"]) == (200, "11")
    (kept,) = await desk.seen()
    assert kept["id"] == told.headers["directus-file-id"]


async def test_a_storage_that_fails(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal that says so; what had come is there afterwards."""
    place = await desk.create(11)

    async def fails(*_: object) -> None:
        raise StorageError("the disk is full")

    for name, kept in (("append", 0), ("finish", 11)):
        with monkeypatch.context() as patched:
            patched.setattr(LocalLocation, name, fails)
            answer = await desk.send(place, 0, BODY)
            assert (answer.status, code(answer)) == (503, "SERVICE_UNAVAILABLE"), name
            assert (await desk.ask("HEAD", place)).status == (503 if kept else 200), name
        assert await desk.seen() == []
    # it is finished where somebody asks
    assert await desk.offset(place) == 11
    assert len(await desk.seen()) == 1


async def test_a_worker_that_was_killed_holds_up_nobody_for_long(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it left in the row is out soon."""
    place = await desk.create(11)
    upload = place.rpartition("/")[2]
    files = PartialFiles(desk.site.database)
    monkeypatch.setattr(desk.site.project.tus, "patience", 0)
    now = datetime.now(UTC)
    assert await files.hold(upload, "another", now, now + timedelta(seconds=60))
    assert (await desk.send(place, 0, BODY)).status == 423
    assert await files.renew(upload, "another", now, now - timedelta(seconds=1))
    assert (await desk.send(place, 0, BODY)).status == 204
    assert not await files.renew(upload, "another", now, now)


async def test_switched_off(make_database: MakeDatabase, tmp_path: Path) -> None:
    async with uploading(await make_database(seed_system), TUS_ENABLED="false") as desk:
        for method, path in (
            ("POST", "/files/tus"),
            ("OPTIONS", "/files/tus"),
            ("HEAD", f"/files/tus/{'0' * 32}"),
        ):
            answer = await desk.ask(method, path)
            assert answer.status == 404
        assert desk.site.project.jobs == ()
