"""Files that are made to break who looks at them: each costs an error, and the next request is served.

The Pillow rows of the catalogue of flaws (CVE-2026-40192, CVE-2026-55380, CVE-2026-55379, CVE-2026-112393,
CVE-2026-112403, CVE-2023-50447) and class 14.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from PIL import Image

from gateway.images.pool import ImageBounds, Images, Made
from gateway.images.recipe import AssetSettings, ImageFacts, Recipe, read_recipe
from gateway.observe import LOGGER
from schema_gen.errors import CausewayError
from tests.support.images import encoded, gradient, png_of_size


@pytest.fixture(scope="module")
async def images() -> AsyncIterator[Images]:
    pool = Images(ImageBounds(workers=1))
    yield pool
    await pool.close()


def recipe_of(*query: tuple[str, str]) -> Recipe:
    recipe = read_recipe(query, AssetSettings(), "", ImageFacts(type="image/jpeg"))
    assert recipe is not None
    return recipe


SMALL = recipe_of(("width", "10"), ("format", "webp"))


async def make(images: Images, directory: Path, content: bytes, recipe: Recipe = SMALL) -> Made:
    source = directory / "source"
    source.write_bytes(content)
    return await images.transform(source, recipe, directory / "target")


async def still_serves(images: Images, directory: Path) -> None:
    made = await make(images, directory, encoded(gradient(20, 20), "JPEG"))
    assert (made.width, made.height) == (10, 10)


def tiff_of(*tags: tuple[int, int, int, int]) -> bytes:
    """A TIFF of these tags (number, type, count, value) and nothing else."""
    return (
        b"II*\0"
        + struct.pack("<I", 8)
        + struct.pack("<H", len(tags))
        + b"".join(struct.pack("<HHII", *tag) for tag in tags)
        + bytes(4)
    )


def huge_tiff() -> bytes:
    # width and height in the header, one strip that is not there
    return tiff_of(
        (256, 4, 1, 60_000), (257, 4, 1, 60_000), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, 60_000), (279, 4, 1, 3_600_000_000),
    )  # fmt: skip


def silly_tiff() -> bytes:
    return tiff_of(
        (256, 3, 1, 40), (257, 3, 1, 30), (258, 3, 4_000_000_000, 8), (259, 3, 1, 7), (262, 3, 1, 6),
        (273, 4, 4_294_967_295, 4_294_967_295), (277, 3, 1, 65_535), (279, 4, 1_000_000_000, 8),
        (322, 4, 1, 0), (323, 4, 1, 4_294_967_295), (347, 7, 4_294_967_295, 8), (34665, 4, 1, 8),
    )  # fmt: skip


def huge_gif() -> bytes:
    gif = bytearray(encoded(Image.new("P", (4, 4)), "GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    return bytes(gif)


def huge_webp() -> bytes:
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + (16_383).to_bytes(3, "little") * 2
    body = b"WEBP" + chunk + b"VP8L" + struct.pack("<I", 8) + b"\x2f" + bytes(7)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def huge_avif() -> bytes:
    avif = encoded(gradient(40, 30), "AVIF")
    at = avif.index(b"ispe") + 8
    return avif[:at] + struct.pack(">II", 60_000, 60_000) + avif[at + 8 :]


def text_bomb(kind: bytes) -> bytes:
    squeezed = zlib.compress(bytes(20_000_000))
    head = {"zTXt": b"a\0\0", "iCCP": b"a\0\0", "iTXt": b"a\0\1\0\0\0"}[kind.decode()]
    return png_of_size(40, 30, *[(kind, head + squeezed)] * 3)


def truncated(format: str) -> bytes:
    whole = encoded(gradient(600, 400), format)
    return whole[: len(whole) // 2]


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="20" height="10"/></svg>'
FITS = (
    b"SIMPLE  =                    T".ljust(80)
    + b"BITPIX  =                    8".ljust(80)
    + b"END".ljust(80)
)
PSD = b"8BPS" + struct.pack(">H6sHIIHH", 1, bytes(6), 3, 30_000, 30_000, 8, 3) + bytes(16)
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n(%pipe%id) run\n"

HOSTILE: dict[str, Callable[[], bytes]] = {
    "a PNG of 50,000 x 50,000": lambda: png_of_size(50_000, 50_000),
    "a GIF of 65,535 x 65,535": huge_gif,
    "a TIFF of 60,000 x 60,000": huge_tiff,
    "a WEBP of 16,384 x 16,384": huge_webp,
    "an AVIF of 60,000 x 60,000": huge_avif,
    "a PNG of 2^31 - 1 squared": lambda: png_of_size(2**31 - 1, 2**31 - 1),
    "a PNG of nothing": lambda: png_of_size(0, 0),
    "a PNG without its pixels": lambda: png_of_size(5_000, 5_000),
    "zTXt that unfolds": lambda: text_bomb(b"zTXt"),
    "iTXt that unfolds": lambda: text_bomb(b"iTXt"),
    "iCCP that unfolds": lambda: text_bomb(b"iCCP"),
    "silly tags": silly_tiff,
    "half a JPEG": lambda: truncated("JPEG"),
    "half a PNG": lambda: truncated("PNG"),
    "half a WEBP": lambda: truncated("WEBP"),
    "half a GIF": lambda: truncated("GIF"),
    "half a TIFF": lambda: truncated("TIFF"),
    "half an AVIF": lambda: truncated("AVIF"),
    "an SVG": lambda: SVG,
    "FITS": lambda: FITS.ljust(2880) + bytes(2880),
    "PSD": lambda: PSD,
    "EPS": lambda: EPS,
    "PDF": lambda: b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>",
    "BMP": lambda: encoded(gradient(40, 30), "BMP"),
    "JPEG 2000": lambda: encoded(gradient(40, 30), "JPEG2000"),
    "ICNS": lambda: encoded(gradient(40, 30), "ICNS"),
    "a text": lambda: b"hello world",
    "nothing": bytes,
    "10 MB of noise": lambda: os.urandom(10_000_000),
    "noise that begins as a JPEG": lambda: encoded(gradient(40, 30), "JPEG")[:400] + os.urandom(1_000_000),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_files_cost_an_error(images: Images, tmp_path: Path, name: str) -> None:
    with pytest.raises(CausewayError) as refused:
        await make(images, tmp_path, HOSTILE[name]())
    assert refused.value.code == "ILLEGAL_ASSET_TRANSFORMATION"
    assert not (tmp_path / "target").exists()
    await images.describe(tmp_path / "source", "image/jpeg")
    await still_serves(images, tmp_path)


async def test_many_frames_are_one(images: Images, tmp_path: Path) -> None:
    gif = encoded(Image.new("L", (4, 4)), "GIF")
    frames = 13 + 3 * 2 ** ((gif[10] & 7) + 1)
    content = gif[:frames] + gif[frames:-1] * 10_000 + b";"
    described = tmp_path / "frames"
    described.write_bytes(content)
    seen = await images.describe(described, "image/gif")
    assert seen is not None
    assert (seen.width, seen.height) == (4, 4)
    assert (await make(images, tmp_path, content)).width == 10
    await still_serves(images, tmp_path)


async def test_the_log_is_told_which_error_is_behind_a_refusal(
    images: Images, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING", LOGGER), pytest.raises(CausewayError):
        await make(images, tmp_path, b"no image")

    (line,) = caplog.messages
    assert "unreadable" in line
    assert "UnidentifiedImageError" in line
