"""Images through real workers: what is made, what is described, and what a broken one costs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import IFDRational

from gateway.images.pool import ImageBounds, Images
from gateway.images.recipe import AssetSettings, ImageFacts, Recipe, read_recipe
from gateway.images.worker.pixels import STEPS
from schema_gen.errors import CausewayError
from tests.support.images import animated, encoded, gradient, png_of_size, with_iptc


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


async def test_what_is_shown_is_kept(maker: Maker) -> None:
    """Orientation, transparency, profiles and other kinds of colours, as the reference treats them."""
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = encoded(gradient(60, 40), "JPEG", exif=exif)
    assert (await maker.make(sideways, "width=20")).size == (20, 30)
    plain = await maker.make(sideways, "quality=80")
    assert plain.size == (40, 60)
    assert not plain.getexif()
    red, green, _ = plain.convert("RGB").getpixel((1, 1))  # type: ignore[misc]
    assert (red < 40, green > 200) == (True, True)

    half = encoded(Image.new("RGBA", (4, 4), (255, 0, 0, 100)), "PNG")
    black = (0, 0, 0, 255)
    assert (await maker.make(half, "format=jpg")).convert("RGB").getpixel((1, 1))[0] in range(95, 106)  # type: ignore[index]
    contained = await maker.make(half, "width=4&height=8&fit=contain", "image/png")
    assert [contained.getpixel(at) for at in ((2, 0), (2, 4))] == [black, (255, 0, 0, 100)]
    for format in ("png", "webp", "avif", "tiff"):
        seen = await maker.make(half, f"format={format}")
        assert seen.convert("RGBA").getpixel((1, 1))[3] in range(97, 104)  # type: ignore[index]

    palette = gradient(40, 30).quantize(8)
    palette.info["transparency"] = 0
    for mode in ("1", "L", "LA", "I;16", "RGB", "RGBA"):
        content = encoded(
            Image.new("I;16", (40, 30), 30000) if mode == "I;16" else gradient(40, 30, mode), "PNG"
        )
        for query in ("width=20", "width=20&quality=50", "width=50&height=50&fit=contain", "format=gif"):
            assert (await maker.make(content, query, "image/png")).format
    deep = encoded(Image.new("I;16", (4, 4), 257 * 100), "PNG")
    assert (await maker.make(deep, "format=png", "image/png")).getpixel((0, 0)) == 100
    for content, kind in [
        (encoded(palette, "PNG", transparency=0), "image/png"),
        (encoded(gradient(40, 30).quantize(8), "GIF"), "image/png"),
        (encoded(gradient(40, 30, "CMYK"), "JPEG"), "image/jpeg"),
        (encoded(gradient(40, 30, "CMYK"), "TIFF"), "image/tiff"),
        (encoded(gradient(40, 30, "L").convert("F"), "TIFF"), "image/tiff"),
        (encoded(gradient(40, 30, "LAB"), "TIFF"), "image/tiff"),
    ]:
        assert (await maker.make(content, "width=20&format=jpg", kind)).size == (20, 15)


async def test_colours_are_those_of_the_profile(maker: Maker) -> None:
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encoded(Image.new("RGB", (8, 8), (200, 100, 50)), "PNG", icc_profile=profile)
    made = await maker.make(content, "width=4&format=png")
    assert "icc_profile" not in made.info
    assert made.getpixel((1, 1)) == (200, 100, 50)
    for broken in (swapped.tobytes(), b"no profile", profile[:200], b"\0" * 200):
        content = encoded(Image.new("RGB", (8, 8), (200, 100, 50)), "PNG", icc_profile=broken)
        assert (await maker.make(content, "width=4&format=png")).getpixel((1, 1)) == (200, 100, 50)


async def test_only_the_first_frame_is_made(maker: Maker) -> None:
    for format in ("WEBP", "PNG", "TIFF", "AVIF"):
        made = await maker.make(animated(format), "width=20&format=webp")
        assert (made.size, getattr(made, "n_frames", 1)) == ((20, 15), 1)


async def test_every_operation_does_something(maker: Maker) -> None:
    image = gradient(30, 20)
    image.paste((255, 255, 255), (5, 5, 15, 15))
    image.putalpha(200)
    content, before = encoded(image, "PNG"), image.tobytes()
    calls: list[list[Any]] = [
        *(["flip"], ["flop"], ["rotate", 90], ["rotate", 45], ["extend", 3]),
        ["resize", {"width": 10, "height": 10, "fit": "contain", "background": "#ff000080"}],
        ["extract", {"left": 1, "top": 1, "width": 5, "height": 5}],
        *(["flatten"], ["gamma", 2, 1], ["negate"], ["negate", {"alpha": False}], ["normalise"]),
        *(["threshold", 100], ["threshold", 100, {"grayscale": False}], ["linear", 0.5, 10]),
        *(["linear", [1, 2, 3], [1, 2, 3]], ["recomb", [[0, 1, 0], [1, 0, 0], [0, 0, 1]]]),
        ["convolve", {"width": 3, "height": 3, "kernel": [-1, 0, 1, -2, 0, 2, -1, 0, 1]}],
        ["modulate", {"brightness": 0.5, "saturation": 2, "hue": 90, "lightness": 3}],
        *(["tint", "red"], ["tint", {"r": 1, "g": 2, "b": 250}], ["greyscale"], ["toColourspace", "b-w"]),
        *(["median", 3], ["median", 4], ["blur"], ["blur", 5], ["sharpen"], ["sharpen", {"sigma": 2}]),
        *(["removeAlpha"], ["extractChannel", "alpha"], ["extractChannel", 1], ["bandbool", "eor"]),
    ]
    for call in calls:
        made = await maker.make(content, "transforms=" + quote(json.dumps([call])), "image/png")
        assert made.size != (30, 20) or made.convert("RGBA").tobytes() != before, call
    framed = Image.new("RGB", (30, 20), (5, 5, 5))
    framed.paste((0, 0, 255), (5, 5, 15, 12))
    for call in (["trim"], ["trim", {"background": "black", "threshold": 20}]):
        query = "transforms=" + quote(json.dumps([call]))
        assert (await maker.make(encoded(framed, "PNG"), query, "image/png")).size == (10, 7)
    opaque = encoded(gradient(30, 20), "PNG")
    made = await maker.make(opaque, 'transforms=[["ensureAlpha",0.5]]', "image/png")
    assert made.convert("RGBA").getpixel((1, 1))[3] == 128  # type: ignore[index]
    assert {call[0] for call in calls} | {"ensureAlpha", "trim"} == STEPS.keys() | {"toColourspace"}


async def test_places_are_cut_where_they_are_asked(maker: Maker) -> None:
    content = encoded(gradient(60, 40), "PNG")

    async def corner(query: str) -> tuple[int, ...]:
        made = await maker.make(content, query, "image/png")
        return made.convert("RGB").getpixel((0, 0))  # type: ignore[return-value]

    assert (await corner("width=40&height=40"))[0] in range(38, 46)
    assert (await corner("width=40&height=40&focal_point_x=0&focal_point_y=0"))[0] < 5
    assert (await corner("width=40&height=40&focal_point_x=59&focal_point_y=0"))[0] in range(80, 90)
    right = 'transforms=[["resize",{"width":40,"height":40,"position":"right"}]]'
    assert (await corner(right))[0] in range(80, 90)
    # a JPEG that is decoded smaller first is cut where the whole one would be
    large = encoded(gradient(400, 160), "JPEG")
    made = await maker.make(large, "width=20&height=40&focal_point_x=280&focal_point_y=80")
    assert (made.size, made.convert("RGB").getpixel((10, 20))[0] in range(172, 186)) == ((20, 40), True)  # type: ignore[index]
    query = "width=2000&height=40&fit=contain&withoutEnlargement=true"
    assert (await maker.make(large, query)).size == (400, 40)
    assert (await maker.make(encoded(gradient(401, 301), "JPEG"), "width=50")).size == (50, 38)
    turned = await corner('transforms=[["rotate",90]]')
    assert (turned[0] < 10, turned[1] > 240) == (True, True)


@pytest.mark.parametrize(
    "transforms",
    [
        '[["extract",{"left":55,"top":5,"width":10,"height":10}]]',
        '[["tint","bogus"]]',
        '[["extractChannel","alpha"]]',
        '[["flatten",{"background":"nocolour"}]]',
    ],
)
async def test_what_an_image_does_not_allow_is_refused(maker: Maker, transforms: str) -> None:
    with pytest.raises(CausewayError) as refused:
        await maker.make(encoded(gradient(60, 40), "JPEG"), f"transforms={transforms}")
    assert refused.value.code == "ILLEGAL_ASSET_TRANSFORMATION"
    assert refused.value.extensions["invalidTransformations"] == [json.loads(transforms)[0][0]]


async def test_images_are_described(images: Images, tmp_path: Path) -> None:
    path = tmp_path / "image"
    exif = Image.Exif()
    exif.update({0x0112: 6, 0x010F: "Maker", 0x0132: "2020:01:02 03:04:05", 0x010E: "x\0" + "y" * 9000})
    exif.get_ifd(0x8769).update(
        {0x829D: IFDRational(28, 10), 0x8827: 200, 0x927C: b"\1\2", 0x920A: IFDRational(1, 0)}
    )
    exif.get_ifd(0x8825).update({1: "N", 2: (IFDRational(52), IFDRational(1), IFDRational(2)), 5: b"\0"})
    path.write_bytes(with_iptc(encoded(gradient(60, 40), "JPEG", exif=exif)))
    described = await images.describe(path, "image/jpeg")
    assert described is not None
    assert (described.width, described.height) == (40, 60)
    assert described.metadata["ifd0"]["Make"] == "Maker"
    assert described.metadata["ifd0"]["DateTime"] == "2020-01-02T03:04:05.000Z"
    assert len(described.metadata["ifd0"]["ImageDescription"]) == 2000
    assert described.metadata["exif"] == {"FNumber": 2.8, "ISOSpeedRatings": 200}
    assert described.metadata["gps"] == {
        "GPSLatitudeRef": "N",
        "GPSLatitude": [52, 1, 2],
        "GPSAltitudeRef": 0,
    }
    assert described.metadata["iptc"] == {"caption": "Caption ä", "keywords": ["one", "two"]}
    assert (described.description, described.tags) == ("Caption ä", ("one", "two"))
    for format in ("PNG", "WEBP", "GIF", "TIFF", "AVIF"):
        path.write_bytes(encoded(gradient(60, 40), format))
        described = await images.describe(path, f"image/{format.lower()}")
        assert described is not None
        assert (described.width, described.height) == (60, 40)
    # what is behind the header is not looked at
    path.write_bytes(png_of_size(9000, 8000))
    described = await images.describe(path, "image/png")
    assert described is not None
    assert (described.width, described.height, described.metadata) == (9000, 8000, {})
    # notes that are broken do not make the image so
    broken = encoded(gradient(60, 40), "JPEG", exif=b"Exif\0\0MM\0*" + b"\xff" * 40)
    path.write_bytes(broken)
    described = await images.describe(path, "image/jpeg")
    assert described is not None
    assert (described.width, described.metadata) == (60, {})
    assert await images.describe(path, "image/svg+xml") is None
    assert await images.describe(path, None) is None


async def test_only_what_is_allowed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "image"
    exif = Image.Exif()
    exif.update({0x010F: "Maker", 0x0110: "Model"})
    exif.get_ifd(0x8825).update({1: "N"})
    path.write_bytes(with_iptc(encoded(gradient(6, 4), "JPEG", exif=exif)))
    pool = Images(ImageBounds(workers=1, allowed_metadata=("ifd0.Make", "iptc")))
    described = await pool.describe(path, "image/jpeg")
    await pool.close()
    assert described is not None
    assert described.metadata == {
        "ifd0": {"Make": "Maker"},
        "iptc": {"caption": "Caption ä", "keywords": ["one", "two"]},
    }
