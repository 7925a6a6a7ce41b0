"""Images written: one format each, nothing beside the pixels, chosen for size against time.

save(image, "webp", quality=None, target="/tmp/..../x") -> bytes written
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from PIL import Image

from gateway.images.worker.pixels import without_alpha

#: format -> name in the library, quality where none is asked for, what else it is told
_WRITERS: Final[Mapping[str, tuple[str, int | None, Mapping[str, Any]]]] = {
    "jpg": ("JPEG", 80, {"progressive": True}),
    "png": ("PNG", None, {"compress_level": 6}),
    "webp": ("WEBP", 80, {"method": 4}),
    "avif": ("AVIF", 50, {"speed": 8, "max_threads": 1}),
    "tiff": ("TIFF", 80, {}),
    "gif": ("GIF", None, {}),
}

#: of images with more pixels: half the time or less, for a few percent of size
_LARGE: Final = 1_500_000
_FASTER: Final[Mapping[str, Mapping[str, Any]]] = {
    "png": {"compress_level": 3},
    "webp": {"method": 2},
    "avif": {"speed": 9},
}


def save(image: Image.Image, name: str, quality: int | None, target: str) -> int:
    library_name, usual, options = _WRITERS[name]
    large = image.width * image.height > _LARGE
    told: dict[str, Any] = {**options, **(_FASTER.get(name, {}) if large else {})}
    if name in ("jpg", "webp", "avif", "tiff"):
        told["quality"] = usual if quality is None else quality
    if name == "jpg":
        image = without_alpha(image)
    elif name == "png" and quality is not None and quality < 100:
        # fewer colours are what quality can mean for this format
        image = _few_colours(image)
    elif name == "tiff":
        alpha = image.mode in ("LA", "RGBA")
        told = {"compression": "tiff_adobe_deflate"} if alpha else {**told, "compression": "jpeg"}
    elif name == "gif":
        image = _few_colours(image)
    image.info = {}
    image.save(target, library_name, **told)
    return os.path.getsize(target)


def _few_colours(image: Image.Image) -> Image.Image:
    if image.mode == "L":
        return image
    return image.convert("RGBA" if image.mode == "LA" else image.mode).quantize(
        256, Image.Quantize.FASTOCTREE
    )
