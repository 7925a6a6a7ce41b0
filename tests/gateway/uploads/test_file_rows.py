"""Rows of files: what nobody sets by hand, what goes with them, folders, and the same over GraphQL."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from gateway.uploads import removal
from resolvers.files.storage import StorageError
from tests.support.filing import Files
from tests.support.forms import field, file
from tests.support.project import ADMIN_TOKEN, code, data
from tests.support.writers import rows

TEXT = file("some_name.txt", b"hello")
#: as the ends of names of variants are
MADE = "0123456789abcdef01234567"
RECORD = {"storage": "local", "filename_download": "r.txt", "type": "text/plain"}


async def _ask(files: Files, method: str, target: str, payload: Any = None) -> Any:
    return await files.site.ask(method, target, payload, token=ADMIN_TOKEN)


# --- by hand --------------------------------------------------------------------------------------------


async def test_a_record_without_bytes(files: Files) -> None:
    one = data(await _ask(files, "POST", "/files", {**RECORD, "title": "T"}))
    assert (one["title"], one["filename_disk"], one["filesize"]) == ("T", None, None)
    several = data(await _ask(files, "POST", "/files", [RECORD, RECORD]))
    assert [each["filename_disk"] for each in several] == [None, None]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"type": None}, "INVALID_PAYLOAD"),
        ({"storage": None}, "FAILED_VALIDATION"),
        ({"storage": "nowhere"}, "INVALID_PAYLOAD"),
        ({"filename_download": None}, "FAILED_VALIDATION"),
        ({"filename_disk": "x.txt"}, "INVALID_PAYLOAD"),
        ({"filesize": 7}, "INVALID_PAYLOAD"),
        ({"uploaded_by": None}, "INVALID_PAYLOAD"),
        ({"uploaded_on": "2020-01-01T00:00:00Z"}, "INVALID_PAYLOAD"),
        ({"tus_id": "x"}, "INVALID_PAYLOAD"),
        ({"tus_data": {}}, "INVALID_PAYLOAD"),
    ],
)
async def test_what_a_record_is_not_made_of(files: Files, changed: dict[str, Any], told: str) -> None:
    answer = await _ask(files, "POST", "/files", {**RECORD, **changed})
    assert (answer.status, code(answer)) == (400, told)


async def test_a_revert_brings_no_bytes_back(files: Files) -> None:
    """A revision says which bytes the row had; they are gone."""
    one = await files.upload(field("title", "first"), TEXT)
    target = f"/files/{one['id']}"
    data(await files.send("PATCH", target, field("title", "second"), file("b.txt", b"new")))
    new = data(await _ask(files, "GET", target))
    query = f"/revisions?filter[collection]=directus_files&filter[item]={one['id']}&sort=id&fields=id,data"
    first = data(await _ask(files, "GET", query))[0]
    assert (first["data"]["title"], first["data"]["filename_disk"]) == ("first", one["filename_disk"])
    assert set(first["data"]) <= set(one)
    assert (await _ask(files, "POST", f"/utils/revert/{first['id']}")).status == 204
    after = data(await _ask(files, "GET", target))
    assert after["title"] == "first"
    kept = ("filename_disk", "filesize", "storage", "uploaded_on", "type")
    assert {name: after[name] for name in kept} == {name: new[name] for name in kept}
    assert files.bytes_of(after) == b"new"


# --- what goes ------------------------------------------------------------------------------------------


async def _made(files: Files, count: int = 2) -> list[Any]:
    return [
        await files.upload(field("title", "leaving"), file("a.txt", b"x" * turn)) for turn in range(count)
    ]


async def _gone(files: Files, made: list[Any]) -> bool:
    left = set(files.names())
    there = [await files.row(one["id"]) for one in made]
    assert [row is not None for row in there] == [one["filename_disk"] in left for one in made]
    return not any(there)


async def test_bytes_go_with_the_row(files: Files) -> None:
    one, other = await _made(files)
    assert (await _ask(files, "DELETE", f"/files/{one['id']}")).status == 204
    assert await _gone(files, [one])
    assert not await _gone(files, [other])


@pytest.mark.parametrize("way", ["keys", "list", "query", "graphql", "graphql many", "list of an item"])
async def test_bytes_go_however_rows_are_deleted(files: Files, way: str) -> None:
    made = await _made(files)
    keys = [one["id"] for one in made]
    told = ", ".join(f'"{key}"' for key in keys)
    if way == "keys":
        assert (await _ask(files, "DELETE", "/files", {"keys": keys})).status == 204
    elif way == "list":
        assert (await _ask(files, "DELETE", "/files", keys)).status == 204
    elif way == "query":
        query = {"query": {"filter": {"id": {"_in": keys}}}}
        assert (await _ask(files, "DELETE", "/files", query)).status == 204
    elif way == "graphql":
        for key in keys:
            answer = await files.graphql(f'mutation {{ delete_files_item(id: "{key}") {{ id }} }}')
            assert answer == {"data": {"delete_files_item": {"id": key}}}
    elif way == "graphql many":
        answer = await files.graphql(f"mutation {{ delete_files_items(ids: [{told}]) {{ ids }} }}")
        assert set(answer["data"]["delete_files_items"]["ids"]) == set(keys)
    else:
        album = data(await _ask(files, "POST", "/items/albums", {"name": "A", "files": keys}))
        assert not await _gone(files, made)
        assert (await _ask(files, "PATCH", f"/items/albums/{album['id']}", {"files": []})).status == 200
    assert await _gone(files, made)


async def test_bytes_go_with_rows_that_the_database_deletes(files: Files) -> None:
    """`directus_files.album` says ON DELETE CASCADE."""
    made = await _made(files, 3)
    inside, outside = made[:2], made[2:]
    keys = [one["id"] for one in inside]
    album = data(await _ask(files, "POST", "/items/albums", {"name": "A", "files": keys}))
    data(await _ask(files, "POST", "/items/albums", {"name": "B", "files": [outside[0]["id"]]}))
    assert (await _ask(files, "DELETE", f"/items/albums/{album['id']}")).status == 204
    assert await _gone(files, inside)
    assert not await _gone(files, outside)


async def test_what_is_rolled_back_keeps_its_bytes(files: Files) -> None:
    (one,) = made = await _made(files, 1)
    document = (
        f'mutation @transaction {{ delete_files_item(id: "{one["id"]}") {{ id }} '
        f'create_folders_item(data: {{ name: "{"x" * 256}" }}) {{ id }} }}'
    )
    answer = await files.graphql(document)
    assert answer["data"] == {"delete_files_item": None, "create_folders_item": None}
    assert not await _gone(files, made)


async def test_variants_go_too(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await files.upload(file("a.png", b"\x89PNG\r\n\x1a\n", "image/png"))
    other = await files.upload(file("a.png", b"\x89PNG\r\n\x1a\n", "image/png"))
    for row in (one, other):
        (files.root / "uploads" / f"{row['id']}__{MADE}.webp").write_bytes(b"small")
    assert (await _ask(files, "DELETE", f"/files/{one['id']}")).status == 204
    assert not [name for name in files.names() if name.startswith(one["id"])]
    assert [name for name in files.names() if name.startswith(other["id"])] == [
        f"{other['id']}.png",
        f"{other['id']}__{MADE}.webp",
    ]
    monkeypatch.setattr(removal, "_EACH", 1)
    many = [await files.upload(file("a.png", b"\x89PNG\r\n\x1a\n", "image/png")) for _ in range(2)]
    for row in many:
        (files.root / "uploads" / f"{row['id']}__{MADE}.webp").write_bytes(b"small")
    assert (await _ask(files, "DELETE", "/files", [row["id"] for row in many])).status == 204
    assert not {name[:36] for name in files.names()} & {row["id"] for row in many}


async def test_variants_go_though_their_row_calls_itself_otherwise(files: Files) -> None:
    one = await files.upload(file("a.png", b"\x89PNG\r\n\x1a\n", "image/png"))
    (files.root / "uploads" / f"{one['id']}__{MADE}.webp").write_bytes(b"small")
    await _ask(files, "PATCH", f"/files/{one['id']}", {"type": "text/plain"})
    assert (await _ask(files, "DELETE", f"/files/{one['id']}")).status == 204
    assert not [name for name in files.names() if name.startswith(one["id"])]


async def test_files_that_are_called_like_variants_stay(files: Files) -> None:
    """So it may be in a directory that somebody else has filled."""
    one = await files.upload(file("a.png", b"\x89PNG\r\n\x1a\n", "image/png"))
    other = f"{one['id']}__back.png"
    (files.root / "uploads" / other).write_bytes(b"somebody's")
    assert (await _ask(files, "DELETE", f"/files/{one['id']}")).status == 204
    assert [name for name in files.names() if name.startswith(one["id"])] == [other]


async def test_bytes_that_another_row_stands_for_stay(files: Files) -> None:
    """So it may be in a database that somebody else has written."""
    one = await files.upload(TEXT)
    other = data(await _ask(files, "POST", "/files", RECORD))
    async with files.site.database.transaction() as transaction:
        text = "update directus_files set filename_disk = $1 where id = $2"
        given = (one["filename_disk"], other["id"])
        await transaction.execute(files.site.database.native(text), given)
    assert (await _ask(files, "DELETE", f"/files/{other['id']}")).status == 204
    assert files.bytes_of(one) == b"hello"


async def test_bytes_that_cannot_be_removed_are_told_to_the_log(
    files: Files, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (one,) = await _made(files, 1)
    location = files.site.project.files.storage.location("local")

    async def remove(_: Any) -> None:
        raise StorageError("the disk is read-only")

    monkeypatch.setattr(location, "remove", remove)
    monkeypatch.setattr(logging.getLogger("causeway"), "propagate", True)
    assert (await _ask(files, "DELETE", f"/files/{one['id']}")).status == 204
    assert await files.row(one["id"]) is None
    assert "the disk is read-only" in caplog.text
    # of rows whose location is no longer there, too
    lost = data(await _ask(files, "POST", "/files", RECORD))
    async with files.site.database.transaction() as transaction:
        text = "update directus_files set storage = 'old', filename_disk = 'x.txt' where id = $1"
        await transaction.execute(files.site.database.native(text), (lost["id"],))
    assert (await _ask(files, "DELETE", f"/files/{lost['id']}")).status == 204
    assert "'old'" in caplog.text


# --- folders --------------------------------------------------------------------------------------------


async def test_folders(files: Files) -> None:
    top = data(await _ask(files, "POST", "/folders", {"name": "top"}))["id"]
    leaf = data(await _ask(files, "POST", "/folders", {"name": "leaf", "parent": top}))["id"]
    tree = f"/folders?filter[id][_in]={top},{leaf}&sort=-name&fields=name,parent.name"
    told = [{"name": "top", "parent": None}, {"name": "leaf", "parent": {"name": "top"}}]
    assert data(await _ask(files, "GET", tree)) == told
    for parent in (top, leaf):
        answer = await _ask(files, "PATCH", f"/folders/{top}", {"parent": parent})
        assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")
    answer = await _ask(files, "DELETE", f"/folders/{top}")
    assert (answer.status, code(answer)) == (400, "INVALID_FOREIGN_KEY")
    one = await files.upload(field("folder", leaf), TEXT)
    assert one["folder"] == leaf
    assert (await _ask(files, "DELETE", f"/folders/{leaf}")).status == 204
    assert data(await _ask(files, "GET", f"/files/{one['id']}?fields=folder")) == {"folder": None}
    assert files.bytes_of(one) == b"hello"
    assert (await _ask(files, "DELETE", f"/folders/{top}")).status == 204


# --- GraphQL --------------------------------------------------------------------------------------------


async def test_rows_over_graphql(files: Files) -> None:
    made = await files.graphql(
        'mutation { create_files_item(data: {title: "T", storage: "local", filename_download: "a.txt",'
        ' type: "text/plain"}) { id title filename_disk } }'
    )
    one = made["data"]["create_files_item"]
    assert (one["title"], one["filename_disk"]) == ("T", None)
    changed = await files.graphql(
        f'mutation {{ update_files_item(id: "{one["id"]}", data: {{ title: "U" }}) {{ title }} }}'
    )
    assert changed == {"data": {"update_files_item": {"title": "U"}}}
    refused = await files.graphql(
        f'mutation {{ update_files_item(id: "{one["id"]}", data: {{ filesize: 7 }}) {{ title }} }}'
    )
    assert refused["errors"][0]["extensions"]["code"] in ("INVALID_PAYLOAD", "GRAPHQL_VALIDATION")
    folder = await files.graphql('mutation { create_folders_item(data: {name: "F"}) { id name } }')
    key = folder["data"]["create_folders_item"]["id"]
    told = await files.graphql(f'query {{ folders_by_id(id: "{key}") {{ name }} }}')
    assert told == {"data": {"folders_by_id": {"name": "F"}}}
    gone = await files.graphql(f'mutation {{ delete_folders_item(id: "{key}") {{ id }} }}')
    assert gone == {"data": {"delete_folders_item": {"id": key}}}


async def test_items_lead_to_files(files: Files) -> None:
    cover, *gallery = [await files.upload(field("title", name), TEXT) for name in ("C", "G1", "G2")]
    item = {
        "title": "A",
        "cover": cover["id"],
        "gallery": [{"directus_files_id": one["id"]} for one in gallery],
    }
    fields = "fields=cover.title,gallery.directus_files_id.title"
    made = data(await _ask(files, "POST", f"/items/articles?{fields}", item))
    titles = [{"directus_files_id": {"title": name}} for name in ("G1", "G2")]
    assert made == {"cover": {"title": "C"}, "gallery": titles}
    read = await files.graphql(
        'query { articles(filter: {cover: {title: {_eq: "C"}}}) '
        "{ cover { title } gallery { directus_files_id { title } } } }",
        path="/graphql",
    )
    assert read["data"]["articles"][-1] == made
    assert (await _ask(files, "DELETE", f"/files/{cover['id']}")).status == 204
    assert (await rows(files.site, "select count(*) from articles where cover is not null"))[0][0] == 0


async def test_items_are_led_to_files_over_graphql(files: Files) -> None:
    """Its types ask for what every new file has; said of one that is there, it has to be so."""
    one = await files.upload(field("title", "led to"), TEXT)
    led = f'{{id: "{one["id"]}", storage: "local", filename_download: "some_name.txt"}}'
    made = await files.graphql(
        f'mutation {{ create_articles_item(data: {{title: "A", cover: {led}, '
        f"gallery: [{{directus_files_id: {led}}}]}}) "
        "{ cover { title } gallery { directus_files_id { id } } } }",
        path="/graphql",
    )
    told = {"cover": {"title": "led to"}, "gallery": [{"directus_files_id": {"id": one["id"]}}]}
    assert made.get("data", made) == {"create_articles_item": told}
    assert files.bytes_of(one) == b"hello"
    elsewhere = led.replace("local", "second")
    refused = await files.graphql(
        f'mutation {{ create_articles_item(data: {{title: "A", cover: {elsewhere}}}) {{ id }} }}',
        path="/graphql",
    )
    assert refused["errors"][0]["extensions"]["code"] == "INVALID_PAYLOAD"
    assert (await files.row(one["id"]))["storage"] == "local"
    same = {"storage": "local", "title": "T"}
    assert data(await _ask(files, "PATCH", f"/files/{one['id']}", same))["title"] == "T"


async def test_items_make_records_of_files(files: Files) -> None:
    """Inside of an item, as anywhere: a record has no bytes, and says nothing that only the server knows."""
    made = await files.graphql(
        'mutation { create_articles_item(data: {title: "A", cover: {title: "N", storage: "local", '
        'filename_download: "n.txt", type: "text/plain"}}) { cover { title filename_disk } } }',
        path="/graphql",
    )
    assert made["data"]["create_articles_item"]["cover"] == {"title": "N", "filename_disk": None}
    for wrong in ({"filename_disk": "x.txt"}, {"storage": "nowhere"}, {"type": None}):
        item = {"title": "A", "gallery": [{"directus_files_id": {**RECORD, **wrong}}]}
        answer = await _ask(files, "POST", "/items/articles", item)
        assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")
