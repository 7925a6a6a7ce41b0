"""Images through real workers: what is made, what is described, and what a broken one costs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from PIL import Image

from gateway.images.pool import ImageBounds, Images
from gateway.images.recipe import AssetSettings, ImageFacts, Recipe, read_recipe
from tests.support.images import encoded, gradient


@pytest.fixture(scope="module")
async def images() -> AsyncIterator[Images]:
    pool = Images(ImageBounds(workers=1, allowed_metadata=("*",)))
    yield pool
    await pool.close()


def recipe_of(query: str, type: str = "image/jpeg") -> Recipe:
    recipe = read_recipe(parse_qsl(query), AssetSettings(), "", ImageFacts(type=type))
    assert recipe is not None
    return recipe


class Maker:
    """Transforms bytes of a file, and looks at what comes out."""

    def __init__(self, images: Images, directory: Path) -> None:
        self._images = images
        self._directory = directory

    async def make(self, content: bytes, query: str, type: str = "image/jpeg") -> Image.Image:
        source, target = self._directory / "source", self._directory / "target"
        source.write_bytes(content)
        made = await self._images.transform(source, recipe_of(query, type), target)
        image = Image.open(BytesIO(target.read_bytes()))
        assert (made.size, made.width, made.height) == (target.stat().st_size, *image.size)
        assert made.type == Image.MIME[image.format or ""]
        return image


@pytest.fixture
def maker(images: Images, tmp_path: Path) -> Maker:
    return Maker(images, tmp_path)


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF"])
async def test_every_format_becomes_every_other(maker: Maker, source: str) -> None:
    content = encoded(gradient(60, 40), source)
    for asked, format in [
        ("jpg", "JPEG"),
        ("png", "PNG"),
        ("webp", "WEBP"),
        ("avif", "AVIF"),
        ("tiff", "TIFF"),
        ("gif", "GIF"),
    ]:
        made = await maker.make(content, f"width=30&height=30&format={asked}")
        assert (made.format, made.size) == (format, (30, 30))
