"""Small images for tests, as files have them."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    written = BytesIO()
    image.save(written, format, **options)
    return written.getvalue()


def gradient(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Red grows to the right, green downwards."""
    across = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (across, down, Image.new("L", (width, height), 128))).convert(mode)


def animated(format: str, frames: int = 3, size: tuple[int, int] = (40, 30)) -> bytes:
    images = [Image.new("RGB", size, (at * 60 % 256, 10, 20)) for at in range(frames)]
    return encoded(images[0], format, save_all=True, append_images=images[1:], duration=100)


def png_of_size(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG that says how large it is, with a few bytes of pixels only; `chunks` come before these."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def with_iptc(jpeg: bytes) -> bytes:
    """The JPEG with a caption "Caption ä" and the keywords "one" and "two"."""
    records = ((120, "Caption ä"), (25, "one"), (25, "two"))
    noted = b"".join(
        struct.pack(">BBBH", 0x1C, 2, tag, len(text.encode())) + text.encode() for tag, text in records
    )
    block = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(noted)) + noted + b"\0" * (len(noted) % 2)
    body = b"Photoshop 3.0\0" + block
    return jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]
