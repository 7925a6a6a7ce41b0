"""Opening images: a few formats by name, sizes before pixels, the first frame, upright, in colours that can
be worked with.

    with opened(path, largest) as image:        header only; raises Refused
        size = seen_size(image)                 as it is seen: after the camera's orientation
    upright(image) -> Image                     pixels, in L, LA, RGB or RGBA
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Final

from PIL import AvifImagePlugin, Image, ImageCms, ImageFile

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF")

#: colour profiles that are larger are left out of account
_LONGEST_PROFILE: Final = 4 * 1024 * 1024

_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


#: what the library raises at files that are broken: its plugins check little before they compute
BROKEN: Final = (
    *(OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, ArithmeticError, AttributeError),
    *(RuntimeError, AssertionError, struct.error, zlib.error),
)


class Refused(Exception):
    """What is asked cannot be done with this image. `reason`: unreadable, large, or the name of a step."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def prepare_library() -> None:
    """What the library would forgive is an error; nothing uses more threads than its own."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


@contextmanager
def opened(path: str, most_pixels: int) -> Iterator[ImageFile.ImageFile]:
    """Only the header is read. More pixels than `most_pixels`: Refused."""
    Image.MAX_IMAGE_PIXELS = most_pixels
    try:
        with Image.open(path, formats=FORMATS) as image:
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused("large") from error
    except MemoryError:
        raise
    except BROKEN as error:
        raise Refused("unreadable") from error


def turned(image: Image.Image) -> bool:
    """Whether width and height change places when the image is put upright."""
    return orientation(image) in (5, 6, 7, 8)


def exif_of(image: Image.Image) -> Image.Exif:
    """Empty where there is none or it cannot be read: the pixels may be good."""
    if image.format == "PNG" and "exif" not in image.info:
        # the library would decode all pixels to look behind them
        return Image.Exif()
    try:
        return image.getexif()
    except BROKEN:
        return Image.Exif()


def orientation(image: Image.Image) -> int:
    try:
        noted = exif_of(image).get(_ORIENTATION, 1)
    except BROKEN:
        return 1
    return noted if isinstance(noted, int) else 1


def seen_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (height, width) if turned(image) else (width, height)


def upright(image: Image.Image) -> Image.Image:
    """The pixels of the first frame, as screens show them. What a camera or an editor noted beside them is
    gone.
    """
    turn = _TURNS.get(orientation(image))
    image.load()
    profile = image.info.get("icc_profile")
    plain = _plain(image if turn is None else image.transpose(turn))
    if profile and len(profile) <= _LONGEST_PROFILE and image.mode != "LAB":
        plain = _converted(plain, profile)
    plain = plain.convert("RGB") if plain.mode == "CMYK" else plain
    plain.info = {}
    return plain


def _plain(image: Image.Image) -> Image.Image:
    """In one of the modes that all steps know; CMYK stays until its profile was used."""
    if image.mode in ("RGB", "L", "LA", "RGBA", "CMYK"):
        return image.convert("RGBA" if image.mode == "RGB" else "LA") if _has_key(image) else image
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode.startswith("I;16"):
        # eight bits of sixteen; `convert` alone would cut what is above 255
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if image.mode == "I":
        return image.point(lambda value: value * (1 / 257)).convert("L")
    if image.mode == "LAB":
        seen = ImageCms.profileToProfile(
            image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        return image.convert("RGB") if seen is None else seen
    return image.convert("L" if image.mode in ("1", "F") else "RGBA" if image.mode == "RGBa" else "RGB")


def _has_key(image: Image.Image) -> bool:
    """One colour stands for what is not there."""
    return image.mode in ("L", "RGB") and "transparency" in image.info


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    colours = image.convert({"LA": "L", "RGBA": "RGB"}[image.mode]) if alpha else image
    try:
        converted: Image.Image | None = ImageCms.profileToProfile(
            colours,
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        converted = None
    if converted is None:
        # a profile that is broken or for other channels: the numbers are taken as they are
        return image
    if alpha is not None:
        converted.putalpha(alpha)
    return converted
