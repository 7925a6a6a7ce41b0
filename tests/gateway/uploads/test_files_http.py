"""Files come in by forms: rights first, then bytes, then rows; what is refused leaves nothing anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from gateway.uploads.intake import Bounds, Incoming
from resolvers.files import leaving
from resolvers.files.leaving import telling
from resolvers.files.storage import StoredMissing
from resolvers.sql.files import by_key
from rest_bridge.bridge import Bridge
from schema_gen.errors import service_unavailable
from tests.support.asgi import Answer, Wire, http_scope
from tests.support.filing import Files
from tests.support.forms import CONTENT_TYPE, HEADERS, field, file, form
from tests.support.project import ADMIN_TOKEN, add_policy, add_user, code, data, grant
from tests.support.storage import stream
from tests.support.writers import rows

TEXT = file("some_name.txt", b"hello")
NOWHERE = "99999999-9999-4999-8999-999999999999"


async def test_a_file_becomes_a_row(files: Files) -> None:
    one = await files.upload(field("description", "D"), field("tags", '["a","b"]'), TEXT)
    assert files.bytes_of(one) == b"hello"
    assert one["filename_disk"] == f"{one['id']}.txt"
    assert one["uploaded_by"] is not None
    assert one["uploaded_on"] is not None
    told = {
        "storage": "local",
        "filename_download": "some_name.txt",
        "title": "Some Name",
        "type": "text/plain",
        "description": "D",
        "tags": ["a", "b"],
        "folder": None,
        "width": None,
        "metadata": None,
    }
    assert {name: one[name] for name in told} == told
    assert int(one["filesize"]) == 5


async def test_several_files_have_their_own_fields(files: Files) -> None:
    parts = [field("title", "First"), file("a.txt", b"a"), field("title", "Second"), file("b.txt", b"b")]
    parts += [file("c.txt", b"c"), field("title", "of nothing")]
    made = {one["filename_download"]: one for one in await files.upload(*parts)}
    assert {name: one["title"] for name, one in made.items()} == {
        "a.txt": "First",
        "b.txt": "Second",
        "c.txt": "C",
    }
    assert {name: files.bytes_of(one) for name, one in made.items()} == {
        "a.txt": b"a",
        "b.txt": b"b",
        "c.txt": b"c",
    }


async def test_the_answer_is_what_was_asked_for(files: Files) -> None:
    answer = await files.send("POST", "/files?fields=title,type", TEXT)
    assert data(answer) == {"title": "Some Name", "type": "text/plain"}


async def test_fields_that_a_form_can_only_say_as_text(files: Files) -> None:
    said = [field("title", "null"), field("metadata", '{"x":1}'), field("focal_point_x", "5")]
    one = await files.upload(*said, field("nobody_knows", "x"), field("width", "7"), TEXT)
    assert (one["title"], one["metadata"], one["focal_point_x"], one["width"]) == (
        "Some Name",
        {"x": 1},
        5,
        7,
    )


@pytest.mark.parametrize("text", ["[" * 50_000, '{"a":' * 50_000, "[" * 200 + "]" * 200])
async def test_fields_without_end_are_refused(files: Files, text: str) -> None:
    answer = await files.send("POST", "/files", field("metadata", text), TEXT)
    assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")


async def test_files_without_a_folder_go_where_the_settings_say(files: Files) -> None:
    site = files.site
    folder = data(await site.ask("POST", "/folders", {"name": "default"}, token=ADMIN_TOKEN))["id"]
    chosen = {"storage_default_folder": folder}
    assert (await site.ask("PATCH", "/settings", chosen, token=ADMIN_TOKEN)).status == 200
    try:
        assert (await files.upload(TEXT))["folder"] == folder
        assert (await files.upload(field("folder", "null"), TEXT))["folder"] is None
    finally:
        await site.ask("PATCH", "/settings", {"storage_default_folder": None}, token=ADMIN_TOKEN)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([], "INVALID_PAYLOAD"),
        ([field("title", "T")], "INVALID_PAYLOAD"),
        ([file("", b"x")], "INVALID_PAYLOAD"),
        ([file("..", b"x")], "INVALID_PAYLOAD"),
        ([TEXT, file(".", b"x")], "INVALID_PAYLOAD"),
        ([TEXT, field("folder", NOWHERE), TEXT], "INVALID_FOREIGN_KEY"),
        ([TEXT, field("storage", "nowhere"), TEXT], "INVALID_PAYLOAD"),
        ([TEXT, field("title", "x" * 300), TEXT], "VALUE_TOO_LONG"),
        ([TEXT, field("filename_disk", "x"), TEXT], "INVALID_PAYLOAD"),
        ([TEXT, field("id", "no uuid"), TEXT], "INVALID_PAYLOAD"),
        ([TEXT, b"--BOUNDARY\r\nrubbish\r\n\r\n"], "INVALID_PAYLOAD"),
        ([TEXT, field("title", "x" * 1_100_000), TEXT], "CONTENT_TOO_LARGE"),
    ],
)
async def test_all_files_of_a_request_or_none(files: Files, parts: list[bytes], told: str) -> None:
    answer = await files.send("POST", "/files", *parts)
    assert code(answer) == told
    assert answer.status == (413 if told == "CONTENT_TOO_LARGE" else 400)


async def test_a_form_that_breaks_off_leaves_nothing(files: Files) -> None:
    before = files.names()
    answer = await files.site.ask("POST", "/files", form(TEXT)[:-14], token=ADMIN_TOKEN, headers=HEADERS)
    assert code(answer) == "INVALID_PAYLOAD"
    assert files.names() == before


async def test_a_client_that_leaves_in_the_middle_leaves_nothing(files: Files) -> None:
    before, count = files.names(), await _count(files)
    headers = {**HEADERS, "authorization": f"Bearer {ADMIN_TOKEN}", "content-length": "100000"}
    wire = Wire()
    body = form(TEXT, file("b.txt", b"x" * 50_000))
    for part in (body[:300], body[300:20_000]):
        wire.incoming.put_nowait({"type": "http.request", "body": part, "more_body": True})
    wire.disconnect()
    await files.site.application(http_scope("POST", "/files", headers), wire.receive, wire.send)
    assert wire.sent == []
    assert files.names() == before
    assert await _count(files) == count


async def test_bounds_of_what_is_taken(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    intake = files.site.project.files.intake
    monkeypatch.setattr(intake, "bounds", Bounds(size=5, kinds=("text/*", "image/png")))
    assert (await files.upload(TEXT))["title"] == "Some Name"
    assert (await files.send("POST", "/files", file("a.txt", b"123456"))).status == 413
    assert (await files.send("POST", "/files", TEXT, file("a.txt", b"x" * 20_000))).status == 413
    for wrong in (file("a.png", b"\xff\xd8\xff\0", "image/png"), file("a.txt", b"%PDF-")):
        answer = await files.send("POST", "/files", wrong)
        assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")
    monkeypatch.setattr(intake, "bounds", Bounds(at_once=0))
    answer = await files.send("POST", "/files", TEXT)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


# --- new bytes ------------------------------------------------------------------------------------------


async def test_new_bytes_take_the_place_of_the_old(files: Files) -> None:
    one = await files.upload(field("title", "Kept"), field("width", "7"), file("a.txt", b"old"))
    answer = await files.send(
        "PATCH", f"/files/{one['id']}", field("description", "D"), file("b.md", b"new!")
    )
    new = data(answer)
    assert files.bytes_of(new) == b"new!"
    assert one["filename_disk"] not in files.names()
    told = ("id", "title", "filename_download", "type", "description", "width")
    assert [new[name] for name in told] == [one["id"], "Kept", "b.md", "text/markdown", "D", None]
    assert int(new["filesize"]) == 4
    assert new["modified_by"] is not None


async def test_keys_in_large_letters_are_the_same(files: Files) -> None:
    """SQLite keeps keys as texts: the old bytes were not found, and stayed for ever."""
    one = await files.upload(field("storage", "second"), TEXT)
    new = data(await files.send("PATCH", f"/files/{one['id'].upper()}", file("b.txt", b"new")))
    assert (new["id"], new["storage"], files.names("second")) == (
        one["id"],
        "second",
        [new["filename_disk"]],
    )


async def test_a_form_without_a_file_changes_fields_alone(files: Files) -> None:
    one = await files.upload(TEXT)
    new = data(await files.send("PATCH", f"/files/{one['id']}", field("title", "T")))
    assert (new["title"], new["filename_disk"]) == ("T", one["filename_disk"])
    assert files.bytes_of(new) == b"hello"
    assert (await files.send("PATCH", f"/files/{one['id']}")).status == 400


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([field("folder", NOWHERE), TEXT], 400),
        ([field("title", "x" * 300), TEXT], 400),
        ([field("storage", "nowhere"), TEXT], 400),
        ([field("storage", "nowhere")], 400),
        ([field("storage", "second"), field("title", "x" * 300)], 400),
        ([TEXT, TEXT], 400),
        ([TEXT, b"--BOUNDARY\r\nrubbish\r\n\r\n"], 400),
        ([file("..", b"x")], 400),
    ],
)
async def test_what_fails_keeps_the_old_bytes(files: Files, parts: list[bytes], status: int) -> None:
    one = await files.upload(TEXT)
    assert (await files.send("PATCH", f"/files/{one['id']}", *parts)).status == status
    assert (await files.row(one["id"]))["filename_disk"] == one["filename_disk"]
    assert files.bytes_of(one) == b"hello"


@pytest.mark.parametrize("key", ["99999999-9999-4999-8999-999999999999", "no-uuid"])
async def test_what_is_not_there_gets_no_bytes(files: Files, key: str) -> None:
    assert (await files.send("PATCH", f"/files/{key}", TEXT)).status == 403


async def test_a_key_in_another_spelling_is_the_same_key(files: Files) -> None:
    one = await files.upload(field("storage", "second"), TEXT)
    answer = await files.send("PATCH", f"/files/{one['id'].upper()}", file("b.txt", b"new"))
    assert files.bytes_of(data(answer), "second") == b"new"
    assert one["filename_disk"] not in files.names("second")


async def test_bytes_stay_in_their_location(files: Files) -> None:
    one = await files.upload(field("storage", "second"), TEXT)
    assert (one["storage"], files.bytes_of(one, "second")) == ("second", b"hello")
    new = data(await files.send("PATCH", f"/files/{one['id']}", file("b.txt", b"new")))
    assert (new["storage"], files.bytes_of(new, "second")) == ("second", b"new")
    assert one["filename_disk"] not in files.names("second")


@pytest.mark.parametrize("bytes_too", [True, False])
@pytest.mark.parametrize("moved_go", [True, False])
async def test_administrators_move_files(
    files: Files, monkeypatch: pytest.MonkeyPatch, bytes_too: bool, moved_go: bool
) -> None:
    desk = replace(files.site.project.files, moved_go=moved_go)
    monkeypatch.setattr(files.site.application, "_project", replace(files.site.project, files=desk))
    one = await files.upload(TEXT)
    parts = [file("b.txt", b"hello")] if bytes_too else []
    answer = await files.send("PATCH", f"/files/{one['id']}", field("storage", "second"), *parts)
    new = data(answer)
    assert (new["storage"], files.bytes_of(new, "second")) == ("second", b"hello")
    assert new["title"] == one["title"]
    assert (one["filename_disk"] in files.names()) is not moved_go
    again = data(await files.send("PATCH", f"/files/{one['id']}", field("storage", "second")))
    assert again["filename_disk"] == new["filename_disk"]
    token = await _caller(files, {"action": "update"}, {"action": "read"})
    refused = await files.send("PATCH", f"/files/{one['id']}", field("storage", "local"), *parts, token=token)
    assert (refused.status, code(refused)) == (400, "INVALID_PAYLOAD")


async def test_a_record_without_bytes_moves_nowhere(files: Files) -> None:
    record = {"storage": "local", "filename_download": "a.txt", "type": "text/plain"}
    one = data(await files.site.ask("POST", "/files", record, token=ADMIN_TOKEN))
    answer = await files.send("PATCH", f"/files/{one['id']}", field("storage", "second"))
    assert data(answer)["storage"] == "local"


async def test_readers_see_the_old_or_the_new(files: Files) -> None:
    """Somebody who has read the row opens its bytes; where those were replaced meanwhile, the row tells."""
    contents = [bytes([65 + turn % 26]) * (5_000 + turn) for turn in range(30)]
    one = await files.upload(file("a.txt", contents[0]))
    location = files.site.project.files.storage.location("local")
    done = asyncio.Event()
    seen: set[bytes] = set()

    async def read() -> None:
        while not done.is_set():
            for _ in range(5):
                try:
                    opened = await location.open((await files.row(one["id"]))["filename_disk"])
                    break
                except StoredMissing:
                    continue
            else:
                raise AssertionError("the row tells of bytes that are not there")
            try:
                seen.add(b"".join([part async for part in opened.chunks()]))
            finally:
                await opened.close()

    readers = [asyncio.create_task(read()) for _ in range(3)]
    try:
        for content in contents[1:]:
            assert (await files.send("PATCH", f"/files/{one['id']}", file("a.txt", content))).status == 200
    finally:
        done.set()
        await asyncio.gather(*readers)
    assert seen <= set(contents)
    assert len(seen) > 1


async def test_two_who_replace_at_once_leave_one(files: Files) -> None:
    one = await files.upload(TEXT)
    before = files.names()
    sent = [
        files.site.ask(
            "PATCH",
            f"/files/{one['id']}",
            form(file(f"{turn}.txt", b"x" * turn)),
            token=ADMIN_TOKEN,
            headers=HEADERS,
        )
        for turn in range(1, 6)
    ]
    assert {answer.status for answer in await asyncio.gather(*sent)} == {200}
    row = await files.row(one["id"])
    assert set(files.names()) - set(before) == {row["filename_disk"]}
    assert one["filename_disk"] not in files.names()


async def test_what_is_replaced_while_it_is_deleted_leaves_nothing(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the bytes of a row and its end, others took their place, and stayed for ever."""
    one = await files.upload(TEXT)
    before = set(files.names()) - {one["filename_disk"]}
    replacing: list[asyncio.Task[Answer]] = []

    async def looked(*given: Any, **more: Any) -> Any:
        found = await by_key(*given, **more)
        if not replacing:
            sent = files.site.ask(
                "PATCH",
                f"/files/{one['id']}",
                form(file("b.txt", b"new")),
                token=ADMIN_TOKEN,
                headers=HEADERS,
            )
            replacing.append(asyncio.create_task(sent))
            # it is done now, or waits for the end of this transaction
            await asyncio.wait(replacing, timeout=0.3)
        return found

    monkeypatch.setattr(leaving, "by_key", looked)
    assert (await files.site.ask("DELETE", f"/files/{one['id']}", token=ADMIN_TOKEN)).status == 204
    await asyncio.gather(*replacing)
    assert set(files.names()) - before == set()
    assert await files.row(one["id"]) is None


# --- what is not known ----------------------------------------------------------------------------------


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_an_answer_that_does_not_come_decides_nothing(
    files: Files, monkeypatch: pytest.MonkeyPatch, method: str, done: bool
) -> None:
    """The connection to the database breaks at the commit: whether it was one, the row tells."""
    one = await files.upload(file("a.txt", b"old"))
    handle = Bridge.handle

    async def breaking(self: Bridge, *given: Any) -> Any:
        if done:
            await handle(self, *given)
        raise service_unavailable("database", "The connection broke")

    before = set(files.names())
    target = "/files" if method == "POST" else f"/files/{one['id']}"
    monkeypatch.setattr(Bridge, "handle", breaking)
    headers = {**HEADERS, "authorization": f"Bearer {ADMIN_TOKEN}"}
    wire = Wire().body(form(file("b.txt", b"new")))
    await files.site.application(http_scope(method, target, headers), wire.receive, wire.send)
    monkeypatch.undo()
    assert wire.answer.status == 503
    new = set(files.names()) - before
    told = {row[0] for row in await rows(files.site, "select filename_disk from directus_files")}
    assert new <= told
    assert bool(new) is done


@pytest.mark.parametrize("commits", [True, False])
async def test_a_commit_that_is_under_way_is_waited_for(files: Files, commits: bool) -> None:
    """The answer did not come, and the row is not there yet: its bytes are not taken from under it."""
    desk, database = files.site.project.files, files.site.database
    record = {"storage": "local", "filename_download": "a.txt", "type": "text/plain"}
    key = data(await files.site.ask("POST", "/files", record, token=ADMIN_TOKEN))["id"]
    taken = await desk.intake.take(Incoming(filename="a.txt", type=None, chunks=stream(b"bytes")))

    class Undone(Exception):
        pass

    with suppress(Undone):
        async with database.transaction() as transaction:
            await telling(database, taken.disk)(transaction)
            text = database.native("update directus_files set filename_disk = $1 where id = $2")
            await transaction.execute(text, (taken.disk, key))
            settling = asyncio.create_task(desk.settle([taken]))
            await asyncio.wait([settling], timeout=0.05)
            assert not settling.done()
            if not commits:
                raise Undone
    assert await settling == (frozenset({taken.disk}) if commits else frozenset())
    assert (taken.disk in files.names()) is commits


async def test_a_request_that_comes_again_leaves_one_file(files: Files) -> None:
    key, before = uuid4().hex, set(files.names())
    one, again = [
        data(await files.send("POST", "/files", field("title", "T"), TEXT, idempotency_key=key))
        for _ in range(2)
    ]
    assert one == again
    assert set(files.names()) - before == {one["filename_disk"]}


@pytest.mark.parametrize("other", [file("some_name.txt", b"hullo"), file("other.txt", b"hello")])
async def test_other_bytes_are_no_repetition(files: Files, other: bytes) -> None:
    key = uuid4().hex
    data(await files.send("POST", "/files", field("title", "T"), TEXT, idempotency_key=key))
    before = set(files.names())
    refused = await files.send("POST", "/files", field("title", "T"), other, idempotency_key=key)
    assert refused.status == 422
    assert set(files.names()) == before


async def test_tables_that_change_while_a_file_comes_in(files: Files) -> None:
    """The body cannot be read twice; the operation is run again."""
    site = files.site

    async def alter(text: str) -> None:
        async with site.database.transaction() as transaction:
            await transaction.execute(f"alter table directus_files {text}")

    await alter("add column extra integer")
    await site.project.epochs.bump_schema()
    assert "extra" in (await files.upload(TEXT))
    body = form(file("a.txt", b"x" * 50_000))
    wire = Wire()
    wire.incoming.put_nowait({"type": "http.request", "body": body[:30_000], "more_body": True})
    headers = {**HEADERS, "authorization": f"Bearer {ADMIN_TOKEN}"}
    coming = asyncio.create_task(
        site.application(http_scope("POST", "/files", headers), wire.receive, wire.send)
    )
    while not wire.incoming.empty():
        await asyncio.sleep(0)
    await alter("drop column extra")
    wire.incoming.put_nowait({"type": "http.request", "body": body[30_000:], "more_body": False})
    await coming
    one = data(wire.answer)
    assert "extra" not in one
    assert files.bytes_of(one) == b"x" * 50_000


# --- rights ---------------------------------------------------------------------------------------------


async def _caller(files: Files, *grants: Mapping[str, Any]) -> str:
    token = uuid4().hex
    user = await add_user(files.site.database, f"{token}@example.com", token=token)
    policy = await add_policy(files.site.database, user=user)
    for given in grants:
        await grant(files.site.database, policy, "directus_files", **given)
    await files.site.project.epochs.bump_access()
    return token


class _Untouched:
    """Fails where anything is stored."""

    def __init__(self, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
        async def take(*_: Any, **__: Any) -> Any:
            raise AssertionError("bytes were taken before the rights were asked for")

        monkeypatch.setattr(files.site.project.files.intake, "take", take)


@pytest.mark.parametrize(
    ("grants", "fields", "told"),
    [
        ([], [], "FORBIDDEN"),
        ([{"action": "update"}, {"action": "read"}], [], "FORBIDDEN"),
        ([{"action": "create", "fields": "title"}], [field("description", "D")], "FORBIDDEN"),
        ([{"action": "create", "fields": "title"}], [field("storage", "local")], "FORBIDDEN"),
        ([{"action": "create", "fields": "title"}], [field("nobody_knows", "x")], "FORBIDDEN"),
        (
            [{"action": "create", "validation": {"title": {"_starts_with": "my "}}}],
            [field("title", "yours")],
            "FAILED_VALIDATION",
        ),
    ],
)
async def test_who_may_not_make_files_stores_no_byte(
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    grants: list[dict[str, Any]],
    fields: list[bytes],
    told: str,
) -> None:
    token = await _caller(files, *grants)
    _Untouched(files, monkeypatch)
    answer = await files.send("POST", "/files", *fields, TEXT, token=token)
    assert (answer.status, code(answer)) == (400 if told == "FAILED_VALIDATION" else 403, told)
    if not grants:
        assert (await files.send("POST", "/files", TEXT, token=None)).status == 403


async def test_a_rule_of_what_only_the_bytes_tell_is_asked_then(files: Files) -> None:
    rule = {"_and": [{"type": {"_eq": "image/png"}}, {"title": {"_nnull": True}}]}
    token = await _caller(files, {"action": "create", "validation": rule}, {"action": "read"})
    answer = await files.send("POST", "/files", TEXT, token=token)
    assert (answer.status, code(answer)) == (400, "FAILED_VALIDATION")
    assert (await files.upload(file("a.txt", b"\x89PNG\r\n\x1a\n"), token=token))["type"] == "image/png"


async def test_what_the_server_knows_takes_no_right(files: Files) -> None:
    """Names, sizes and the folder of the settings come from nobody who could be asked."""
    granted = {"action": "create", "fields": "description", "presets": {"title": "Preset"}}
    token = await _caller(files, granted)
    before = set(files.names())
    answer = await files.send("POST", "/files", field("description", "D"), TEXT, token=token)
    assert answer.status == 204
    (name,) = set(files.names()) - before
    assert (await files.row(name.partition(".")[0]))["title"] == "Preset"


@pytest.mark.parametrize(
    ("grants", "fields"),
    [
        ([], []),
        ([{"action": "create"}, {"action": "read"}], []),
        ([{"action": "update", "rule": {"title": {"_eq": "mine"}}}], []),
        ([{"action": "update", "fields": "title"}], [field("description", "D")]),
        (
            [
                {"action": "update", "fields": "title"},
                {"action": "update", "fields": "description", "rule": {"title": {"_eq": "mine"}}},
            ],
            [field("description", "D")],
        ),
        ([{"action": "update", "fields": "title"}], []),
        ([{"action": "update", "fields": "title,type,filename_download"}], [field("title", "T")]),
        (
            [
                {"action": "update", "fields": "title"},
                {"action": "update", "rule": {"title": {"_eq": "mine"}}},
            ],
            [],
        ),
    ],
)
async def test_who_may_not_change_the_file_stores_no_byte(
    files: Files, monkeypatch: pytest.MonkeyPatch, grants: list[dict[str, Any]], fields: list[bytes]
) -> None:
    one = await files.upload(field("title", "yours"), TEXT)
    token = await _caller(files, *grants)
    _Untouched(files, monkeypatch)
    answer = await files.send("PATCH", f"/files/{one['id']}", *fields, TEXT, token=token)
    assert (answer.status, code(answer)) == (403, "FORBIDDEN")
    assert files.bytes_of(one) == b"hello"


async def test_hidden_and_missing_files_are_refused_alike(files: Files) -> None:
    one = await files.upload(field("title", "yours"), TEXT)
    token = await _caller(files, {"action": "update", "rule": {"title": {"_eq": "mine"}}})
    hidden, missing = [
        await files.send("PATCH", f"/files/{key}", TEXT, token=token) for key in (one["id"], NOWHERE)
    ]
    assert (hidden.status, hidden.body) == (missing.status, missing.body)


async def test_who_may_change_the_row_may_change_its_bytes(files: Files) -> None:
    one = await files.upload(field("title", "mine"), TEXT)
    fields = "filename_disk,filename_download,type"
    token = await _caller(files, {"action": "update", "fields": fields, "rule": {"title": {"_eq": "mine"}}})
    answer = await files.send("PATCH", f"/files/{one['id']}", file("b.txt", b"new"), token=token)
    assert answer.status == 204
    row = await files.row(one["id"])
    assert files.bytes_of(row) == b"new"
    assert one["filename_disk"] not in files.names()


async def test_a_session_uploads_from_our_own_pages(files: Files) -> None:
    token = await _caller(files, {"action": "create"})
    login = {"email": f"{token}@example.com", "password": "a password of the tests", "mode": "session"}
    changed = {"password": login["password"]}
    user = (await rows(files.site, f"select id from directus_users where token = '{token}'"))[0][0]
    assert (await files.site.ask("PATCH", f"/users/{user}", changed, token=ADMIN_TOKEN)).status == 200
    answer = await files.site.ask("POST", "/auth/login", login)
    cookie = answer.headers["set-cookie"].partition(";")[0]
    sent = {"cookie": cookie, "host": "files.example"}
    own = await files.send("POST", "/files", TEXT, token=None, origin="http://files.example", **sent)
    assert own.status == 204
    for foreign in ({"origin": "https://evil.example"}, {}):
        answer = await files.send("POST", "/files", TEXT, token=None, **foreign, **sent)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN")
    assert CONTENT_TYPE.startswith("multipart/")


async def _count(files: Files) -> int:
    return int((await rows(files.site, "select count(*) from directus_files"))[0][0])
