"""multipart/form-data for the tests, byte by byte: also what no library would send."""

from __future__ import annotations

from typing import Final

CONTENT_TYPE: Final = "multipart/form-data; boundary=BOUNDARY"
END: Final = b"--BOUNDARY--\r\n"
HEADERS: Final = {"content-type": CONTENT_TYPE}


def field(name: str, text: str) -> bytes:
    return _part(f'name="{name}"', None, text.encode())


def file(filename: str, content: bytes, type_: str | None = "text/plain", *, name: str = "file") -> bytes:
    return _part(f'name="{name}"; filename="{filename}"', type_, content)


def form(*parts: bytes, end: bytes = END) -> bytes:
    return b"".join(parts) + end


def _part(disposition: str, type_: str | None, content: bytes) -> bytes:
    head = f"--BOUNDARY\r\nContent-Disposition: form-data; {disposition}\r\n"
    if type_ is not None:
        head += f"Content-Type: {type_}\r\n"
    return head.encode() + b"\r\n" + content + b"\r\n"
