"""What is made of images at `/assets/:id?...`: made once, kept, gone with the image."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gateway.assets.variants import variant_name
from gateway.images.pool import Images
from gateway.images.recipe import Recipe
from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.files import add_file, directory_of, file_site
from tests.support.lending import Lend
from tests.support.project import ADMIN_TOKEN, Site, change, code, running, seed_system
from tests.support.s3 import S3Server


@pytest.fixture
async def site(lend: Lend, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with file_site(lend, tmp_path_factory.getbasetemp() / "files") as opened:
        yield opened


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """The recipes that were cooked."""
    done: list[Recipe] = []
    transform = Images.transform

    async def counted(self: Images, source: Path, recipe: Recipe, target: Path) -> Any:
        done.append(recipe)
        return await transform(self, source, recipe, target)

    monkeypatch.setattr(Images, "transform", counted)
    return done


def picture(width: int = 30, height: int = 20, kind: str = "PNG") -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(held, kind)
    return held.getvalue()


def looked_at(answer: Answer) -> tuple[str | None, tuple[int, int]]:
    assert answer.status == 200, answer.body
    with Image.open(io.BytesIO(answer.body)) as image:
        return image.format, image.size


async def get(site: Site, path: str, **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await site.ask("GET", f"/assets/{path}", token=ADMIN_TOKEN, headers=sent)


async def test_a_variant_is_made_once_and_kept(site: Site, made: list[Recipe]) -> None:
    content = picture()
    key = await add_file(site, "my pic.png", content, "image/png", width=30, height=20)
    answers = await asyncio.gather(*(get(site, f"{key}?width=15&format=webp") for _ in range(8)))
    for answer in (*answers, await get(site, f"{key}?format=webp&width=15&unheard=1")):
        assert looked_at(answer) == ("WEBP", (15, 10))
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["content-disposition"] == 'inline; filename="my pic.png"'
        assert answer.headers["etag"] == answers[0].headers["etag"]
        assert "accept" not in answer.headers.get("vary", "").lower()
    assert len(made) == 1
    names = [path.name for path in directory_of(site).iterdir()]
    assert {name for name in names if name.startswith(key)} == {
        f"{key}.png",
        variant_name(f"{key}.png", made[0]),
    }
    assert [name for name in names if name.startswith(".causeway-")] == []
    original = await get(site, key)
    assert original.body == content
    assert original.headers["etag"] != answers[0].headers["etag"]
    tag = answers[0].headers["etag"]
    assert (await get(site, f"{key}?width=15&format=webp", if_none_match=tag)).status == 304
    assert (await get(site, key, if_none_match=tag)).status == 200
    part = await get(site, f"{key}?width=15&format=webp", range="bytes=0-3")
    assert (part.status, part.body) == (206, b"RIFF")
    head = await site.ask("HEAD", f"/assets/{key}?width=15&format=webp", token=ADMIN_TOKEN)
    assert head.headers["content-length"] == answers[0].headers["content-length"]


async def test_images_whose_names_have_one_stem_have_their_own(site: Site) -> None:
    """Rows of another server: who may see the second one got what was made of the first."""
    first = await add_file(site, "a.png", picture(30, 20), "image/png")
    second = await add_file(site, "a.jpg", picture(20, 30, "JPEG"), "image/jpeg")
    disk = f"{first}.jpg"
    (directory_of(site) / f"{second}.jpg").rename(directory_of(site) / disk)
    await change(site.database, f"update directus_files set filename_disk = '{disk}' where id = $1", second)
    assert looked_at(await get(site, f"{first}?width=10&format=webp")) == ("WEBP", (10, 7))
    assert looked_at(await get(site, f"{second}?width=10&format=webp")) == ("WEBP", (10, 15))


async def test_the_format_that_the_client_takes(site: Site, made: list[Recipe]) -> None:
    key = await add_file(site, "a.png", picture(), "image/png")
    for accept, kind in (("image/webp,*/*", "WEBP"), ("*/*", "PNG")):
        answer = await get(site, f"{key}?format=auto&width=6", accept=accept)
        assert looked_at(answer) == (kind, (6, 4))
        assert answer.headers["vary"] == "Accept"
    assert len(made) == 2


async def test_presets_and_modes_of_the_settings(site: Site) -> None:
    key = await add_file(site, "a.png", picture(), "image/png")
    preset = {"key": "tiny", "fit": "cover", "width": 10, "height": 10}

    async def settings(**values: object) -> None:
        assert (await site.ask("PATCH", "/settings", values, token=ADMIN_TOKEN)).status == 200

    refused = await get(site, f"{key}?key=tiny")
    assert (refused.status, code(refused)) == (400, "INVALID_QUERY")
    await settings(storage_asset_presets=[preset])
    assert looked_at(await get(site, f"{key}?key=tiny")) == ("PNG", (10, 10))
    assert looked_at(await get(site, f"{key}?key=tiny&width=5")) == ("PNG", (5, 10))
    await settings(storage_asset_transform="presets")
    assert looked_at(await get(site, f"{key}?key=tiny")) == ("PNG", (10, 10))
    assert (await get(site, f"{key}?width=5")).status == 400
    await settings(storage_asset_transform="none")
    assert (await get(site, f"{key}?key=tiny")).status == 400
    assert looked_at(await get(site, key)) == ("PNG", (30, 20))


async def test_what_cannot_be_made(site: Site, made: list[Recipe]) -> None:
    text = await add_file(site, "a.txt", b"0123", "text/plain")
    answer = await get(site, f"{text}?width=5")
    assert (answer.status, answer.body, made) == (200, b"0123", [])
    key = await add_file(site, "a.png", picture(), "image/png", width=30, height=20)
    for query, expected in (
        ("width=100000&height=100000", "ILLEGAL_ASSET_TRANSFORMATION"),
        ('transforms=[["bogus"]]', "INVALID_QUERY"),
        ("width=x", "INVALID_QUERY"),
        ("&".join(f"x{n}=1" for n in range(200)), "INVALID_QUERY"),
    ):
        refused = await get(site, f"{key}?{query}")
        assert (refused.status, code(refused)) == (400, expected)
    assert made == []
    broken = await add_file(site, "b.png", b"no image at all", "image/png")
    assert (await get(site, f"{broken}?width=5")).status in (400, 503)
    ghost = await add_file(site, "c.png", None, "image/png")
    refused = await get(site, f"{ghost}?width=5")
    assert (refused.status, code(refused)) == (503, "SERVICE_UNAVAILABLE")


@pytest.mark.parametrize("read", [True, False])
async def test_nothing_stays_of_an_image_that_went_meanwhile(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, read: bool
) -> None:
    """Before or after the worker has read it: the bytes that took its place are what is asked for."""
    key = await add_file(site, "a.png", picture(), "image/png")
    location = site.project.assets.storage.default
    transform = Images.transform

    async def replaced(self: Images, source: Path, recipe: Recipe, target: Path) -> Any:
        done = await transform(self, source, recipe, target) if read else None
        if (directory_of(site) / f"{key}.png").exists():
            await location.take_in("new.png", _written(tmp_path / "x", picture(60, 40)))
            await change(
                site.database, "update directus_files set filename_disk = 'new.png' where id = $1", key
            )
            await location.remove([f"{key}.png"])
        return done or await transform(self, source, recipe, target)

    monkeypatch.setattr(Images, "transform", replaced)
    assert looked_at(await get(site, f"{key}?height=10")) == ("PNG", (15, 10))
    assert [path.name for path in directory_of(site).glob(f"{key}*")] == []


async def test_who_goes_away_ends_the_work(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of them: others still get what they asked for."""
    key = await add_file(site, "a.png", picture(), "image/png")
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hangs(self: Images, source: Path, recipe: Recipe, target: Path) -> Any:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with monkeypatch.context() as patch:
        patch.setattr(Images, "transform", hangs)
        recipe = Recipe(steps=(), format="webp", quality=None, varies=False)
        assets = site.project.assets
        asking = [
            asyncio.create_task(assets.variants.open(assets.storage.default, f"{key}.png", recipe))
            for _ in range(2)
        ]
        await begun.wait()
        asking[0].cancel()
        await asyncio.wait(asking[:1])
        assert not ended.is_set()
        asking[1].cancel()
        await asyncio.wait(asking)
        await ended.wait()
    assert looked_at(await get(site, f"{key}?format=webp")) == ("WEBP", (30, 20))


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_in_a_bucket(make_database: MakeDatabase, s3: S3Server, dialect: str) -> None:
    """The same from an object store: the file, a part, a variant beside it, both in a zip."""
    bucket = s3.fresh_bucket()
    values = {"STORAGE_LOCATIONS": "cloud", **s3.variables("cloud", bucket)}
    async with running(await make_database(seed_system), **values) as site:
        content = bytes(range(256)) * 3000
        key = await add_file(site, "a.bin", content, None, storage="cloud")
        image = await add_file(site, "a.png", picture(), "image/png", storage="cloud")
        assert (await get(site, key)).body == content
        part = await get(site, key, range="bytes=600000-600009")
        assert (part.status, part.body) == (206, content[600_000:600_010])
        head = await site.ask("HEAD", f"/assets/{key}", token=ADMIN_TOKEN)
        assert head.headers["content-length"] == str(len(content))
        for _ in range(2):
            assert looked_at(await get(site, f"{image}?width=15")) == ("PNG", (15, 10))
        assert len([name for name in s3.keys(bucket) if name.startswith(f"{image}__")]) == 1
        answer = await site.ask("POST", "/assets/files", {"ids": [key, image]}, token=ADMIN_TOKEN)
        with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
            assert archive.testzip() is None
            assert archive.read("a.bin") == content
        ghost = await add_file(site, "b.bin", None, None, storage="cloud")
        refused = await get(site, ghost)
        assert (refused.status, code(refused)) == (503, "SERVICE_UNAVAILABLE")
