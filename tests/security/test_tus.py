"""Uploads that can be resumed: whose bytes take whose place, and where they are put."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.gateway.tus.client import Desk, Desks
from tests.gateway.tus.words import pairs
from tests.support.dump import dump
from tests.support.project import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    ADMIN_TOKEN,
    add_policy,
    add_user,
    change,
    code,
    grant,
)
from tests.support.session import Dialect, TestRun

BODY = b"hello world"
MINE = {"uploaded_by": {"_eq": "$CURRENT_USER"}}
#: nothing but letters would reach a disk
PATHS = (
    "../../extensions/x",
    "/etc/cron.d/x",
    "..\\..\\x",
    "C:\\x.txt",
    "x\0.txt",
    "%2e%2e%2fx",
    "..%5cx",
    "\u2025/x",
    ".",
    "..",
    "x.txt",
    "",
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """`u` may create files, and change those of its own; `theirs` is somebody else's."""

    desk: Desk
    directory: Path
    policy: str
    theirs: str

    async def whole(self) -> tuple[list[str], dict[str, bytes]]:
        """All that there is, in the database and on disk."""
        files = [path for path in self.directory.rglob("*") if path.is_file()]
        return await dump(self.desk.site.database), {str(path): path.read_bytes() for path in files}

    async def revoke(self, action: str) -> None:
        await change(self.desk.site.database, "delete from directus_permissions where action = $1", action)
        await self.desk.site.project.epochs.bump_access()


@pytest.fixture(scope="module")
async def desks(test_run: TestRun, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desks]:
    opened = Desks(test_run, tmp_path_factory.mktemp("tus"))
    yield opened
    await opened.close()


@pytest.fixture
async def place(desks: Desks, dialect: Dialect) -> AsyncIterator[Place]:
    desk = await desks.of(dialect)
    theirs = await desk.upload(b"theirs", filename_download="theirs.txt")
    user = await add_user(desk.site.database, "u@example.com", token="u")
    policy = await add_policy(desk.site.database, user=user)
    for action in ("create", "read"):
        await grant(desk.site.database, policy, "directus_files", action)
    await grant(desk.site.database, policy, "directus_files", "update", rule=MINE)
    await desk.site.project.epochs.bump_access()
    yield Place(desk=desk, directory=desks.directory(dialect), policy=policy, theirs=theirs)
    await desk.clear()


@pytest.mark.parametrize("name", ["id", "replace_id"])
async def test_bytes_of_others_stay(place: Place, name: str) -> None:
    """GHSA-qqmv-5p3g-px89, GHSA-xjxq-pj7h-g676: who may change the very file is asked before the first byte,
    and again with the last one.
    """
    desk, before = place.desk, await place.whole()
    for target in (place.theirs, place.theirs.upper(), "11111111-1111-4111-8111-111111111111", "x"):
        answer = await desk.begin(11, token="u", filename_download="a.txt", **{name: target})
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), target
    assert await place.whole() == before
    mine = await desk.upload(b"mine", token="u")
    there = await desk.create(11, token="u", **{name: mine})
    await desk.send(there, 0, BODY[:5], token="u")
    await place.revoke("update")
    refused = await desk.send(there, 5, BODY[5:], token="u")
    assert (refused.status, code(refused)) == (403, "FORBIDDEN")
    rows = {row["id"]: row for row in await desk.rows("id, filename_disk, filesize, tus_id")}
    assert await desk.content(rows[mine]["filename_disk"]) == b"mine"
    assert rows[mine]["filesize"] == 4


async def test_rights_that_go_while_bytes_come(place: Place) -> None:
    """Between the first byte of the last part and the end of it."""
    desk = place.desk
    mine = await desk.upload(b"mine", token="u")
    before = await place.whole()
    there = await desk.create(11, token="u", id=mine)
    sent = desk.wire(there, 0, 11, token="u")
    sent.give(BODY[:5])
    sent.give(BODY[5:], more=False)
    held = sent.wire.receive

    async def receive():  # type: ignore[no-untyped-def]
        if sent.wire.incoming.qsize() == 1:
            await place.revoke("update")
        return await held()

    await desk.site.application(sent.scope, receive, sent.wire.send)
    assert (sent.wire.answer.status, code(sent.wire.answer)) == (403, "FORBIDDEN")
    found, files = await place.whole()
    assert files == before[1]
    assert [line for line in found if line.startswith("directus_files:")] == [
        line for line in before[0] if line.startswith("directus_files:")
    ]


async def test_nothing_is_begun_without_the_right(place: Place) -> None:
    """By nobody, for nothing, with no field that is not granted."""
    desk = place.desk
    before = await place.whole()
    nobody = await desk.begin(11, token=None, filename_download="a.txt")
    assert (nobody.status, code(nobody)) == (403, "FORBIDDEN")
    await place.revoke("create")
    changed = await place.whole()
    refused = await desk.begin(11, token="u", filename_download="a.txt")
    assert (refused.status, code(refused)) == (403, "FORBIDDEN")
    await grant(
        desk.site.database,
        place.policy,
        "directus_files",
        "create",
        fields="id,filename_download,title",
        validation={"title": {"_starts_with": "A"}},
    )
    await desk.site.project.epochs.bump_access()
    changed = await place.whole()
    hidden = await desk.begin(11, token="u", filename_download="a.txt", description="x", title="A")
    assert (hidden.status, code(hidden)) == (403, "FORBIDDEN")
    wrong = await desk.begin(11, token="u", filename_download="a.txt", title="B")
    assert (wrong.status, code(wrong)) == (400, "FAILED_VALIDATION")
    assert await place.whole() == changed
    assert before[1] == changed[1]
    assert (await desk.begin(11, token="u", filename_download="a.txt", title="A")).status == 201


async def test_who_lost_the_right_gets_no_file(place: Place) -> None:
    """Nothing of the upload stays where it is refused at its end."""
    desk = place.desk
    there = await desk.create(11, token="u")
    await desk.send(there, 0, BODY[:5], token="u")
    before = await place.whole()
    await place.revoke("create")
    refused = await desk.send(there, 5, BODY[5:], token="u")
    assert (refused.status, code(refused)) == (403, "FORBIDDEN")
    assert (await place.whole())[1] == before[1]
    assert [row["id"] for row in await desk.seen()] == [place.theirs]


async def test_an_upload_is_its_user_s(place: Place) -> None:
    """To everybody else it is not there: administrators and the public included."""
    desk = place.desk
    there = await desk.create(11, token="u")
    for token in (ADMIN_TOKEN, None):
        told = await desk.ask("HEAD", there, token=token)
        sent = await desk.send(there, 0, BODY, token=token)
        ended = await desk.ask("DELETE", there, token=token)
        assert {told.status, sent.status, ended.status} == {404}
    assert await desk.offset(there, token="u") == 0
    await change(desk.site.database, "update directus_files set uploaded_by = null")
    assert (await desk.ask("HEAD", there, token=None)).status == 404


async def test_cookies_count_for_own_pages_only(place: Place) -> None:
    """As everywhere: other sites' pages upload nothing with them, and ours do."""
    desk = place.desk
    login = json.dumps({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "mode": "session"}).encode()
    entered = await desk.ask("POST", "/auth/login", {"content-type": "application/json"}, login, token=None)
    cookie = entered.headers["set-cookie"].partition(";")[0]
    ours = {"cookie": cookie, "origin": "http://cms.example", "host": "cms.example"}
    begin = {"upload-length": "11", "upload-metadata": pairs(filename_download="a.txt")}
    for headers in ({**ours, "origin": "http://evil.example"}, {"cookie": cookie}):
        answer = await desk.ask("POST", "/files/tus", {**headers, **begin}, token=None)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN")
    begun = await desk.ask("POST", "/files/tus", {**ours, **begin}, token=None)
    there = begun.headers["location"]
    stolen = await desk.send(there, 0, BODY, {**ours, "origin": "http://evil.example"}, token=None)
    assert (stolen.status, code(stolen)) == (403, "FORBIDDEN")
    assert (await desk.send(there, 0, BODY, ours, token=None)).status == 204


async def test_the_server_alone_names_what_it_stores(place: Place) -> None:
    """GHSA-3742-46gx-c8cc: names on disk are refused in whatever form; so is all that it measures."""
    desk, before = place.desk, await place.whole()
    measured = ("filesize", "uploaded_by", "uploaded_on", "tus_id", "tus_data")
    for spelled, path in (
        *(("filename_disk", path) for path in PATHS),
        (" filename_disk", "x"),
        *((name, "1") for name in measured),
    ):
        header = f"{pairs(filename_download='a.txt')},{spelled} {pairs(x=path).partition(' ')[2]}"
        answer = await desk.ask(
            "POST", "/files/tus", {"upload-length": "11", "upload-metadata": header}, token="u"
        )
        assert (answer.status, code(answer)) == (400, "INVALID_METADATA"), (spelled, path)
    assert await place.whole() == before


async def test_names_that_lead_elsewhere(place: Place) -> None:
    """What a file is called says nothing of where it is."""
    desk = place.desk
    for path in ("../../extensions/x", "/etc/cron.d/x.sh", "..\\x.txt", "a/../b.t/../x"):
        key = await desk.upload(BODY, token="u", filename_download=path)
        answer = await desk.seen(f"filter[id][_eq]={key}")
        assert answer[0]["filename_disk"].partition(".")[0] == key
        assert "/" not in answer[0]["filename_download"]
    _, files = await place.whole()
    assert {Path(path).parent for path in files} == {place.directory / "uploads"}
