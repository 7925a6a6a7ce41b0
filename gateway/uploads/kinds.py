"""What a file is, by its first bytes; what a client says of it counts only where the bytes leave that open.

    kind_of(b"\\x89PNG...", "report.pdf", "application/pdf")   -> "image/png"
    kind_of(b"a,b\\n1,2", "table.csv", None)                   -> "text/csv"
    kind_of(b"PK\\x03\\x04...", "letter.docx", None)           -> "application/vnd.openxml...document"
    kind_of(b"hello", "photo.png", "image/png")               -> "text/plain"

Three questions in this order: is there a signature? is it text? does the client name a kind that has no
signature by which it could be told? Pure.
"""

from __future__ import annotations

import mimetypes
import re
from codecs import getincrementaldecoder
from functools import cache
from typing import Final

import puremagic
from puremagic.main import PureError

from gateway.uploads.file_names import extension_of

#: as much of a file as has to be known to say what it is
HEAD: Final = 8192
UNKNOWN: Final = "application/octet-stream"
PLAIN: Final = "text/plain"
SVG: Final = "image/svg+xml"

_ZIP: Final = "application/zip"
_OLE: Final = "application/x-ole-storage"
_XML: Final = "application/xml"
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_OPEN: Final = "application/vnd.oasis.opendocument."

#: (place, bytes, kind); those of the first table are believed of text, too
_PRINTABLE: Final = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"PK\x03\x04", _ZIP),
    (0, b"PK\x05\x06", _ZIP),
)
_SIGNATURES: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"\0\0\x01\0", "image/x-icon"),
    (0, b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (0, b"\xff\x0a", "image/jxl"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"MThd", "audio/midi"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\0\0\x01\xba", "video/mpeg"),
    (0, b"\0\0\x01\xb3", "video/mpeg"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO\0", "font/otf"),
    (0, b"\0\x01\0\0\0", "font/ttf"),
    (0, b"\0asm", "application/wasm"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"CWS", "application/x-shockwave-flash"),
    (0, b"FWS", "application/x-shockwave-flash"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
#: brands of ISO media files; every other brand is a video
_BRANDS: Final = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
}
#: what an archive is besides an archive, by the end of its name
_ZIPPED: Final = {
    "docx": f"{_OFFICE}wordprocessingml.document",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "pptx": f"{_OFFICE}presentationml.presentation",
    "odt": f"{_OPEN}text",
    "ods": f"{_OPEN}spreadsheet",
    "odp": f"{_OPEN}presentation",
    "odg": f"{_OPEN}graphics",
    "epub": "application/epub+zip",
    "jar": "application/java-archive",
    "apk": "application/vnd.android.package-archive",
    "kmz": "application/vnd.google-earth.kmz",
    "3mf": "model/3mf",
    "usdz": "model/vnd.usdz+zip",
}
_COMPOUND: Final = {
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook",
    "msi": "application/x-msi",
}
_VARIANTS: Final = {_ZIP: _ZIPPED, _OLE: _COMPOUND}
#: names of kinds for which the system's table has others, or none
_TEXT_NAMES: Final = {
    "txt": PLAIN,
    "text": PLAIN,
    "log": PLAIN,
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "md": "text/markdown",
    "markdown": "text/markdown",
    "html": "text/html",
    "htm": "text/html",
    "xhtml": "application/xhtml+xml",
    "css": "text/css",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "json": "application/json",
    "geojson": "application/geo+json",
    "jsonl": "application/jsonl",
    "xml": _XML,
    "xsl": _XML,
    "xslt": _XML,
    "svg": SVG,
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "ics": "text/calendar",
    "vcf": "text/vcard",
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
    "sql": "application/sql",
    "sh": "application/x-sh",
    "gpx": "application/gpx+xml",
    "kml": "application/vnd.google-earth.kml+xml",
}
_TEXTS: Final = frozenset({*_TEXT_NAMES.values(), "application/javascript", "application/x-javascript"}) - {
    SVG
}
#: families of which every member can be told by its bytes
_TOLD: Final = frozenset({"audio", "font", "image", "video"})
_OPEN_FAMILIES: Final = frozenset({"application", "chemical", "message", "model"})
_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_CONTROL: Final = bytes([*range(9), *range(14, 27), *range(28, 32)])
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_MARKUP: Final = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*(?:<!doctype\s+(html|svg)\b|<(html|svg|head|body)\b)",
    re.I | re.S,
)
#: a match of fewer bytes is chance
_LEAST_SURE: Final = 0.4


def kind_of(head: bytes, name: str, claimed: str | None) -> str:
    """The media type. `head`: the first bytes, up to `HEAD`; `claimed`: by the client."""
    said = media_type(claimed)
    found = _signed(head, _PRINTABLE)
    if found is None and not _is_unicode(head):
        # of letters alone, a signature may as well be how a text begins
        found = _signature(head)
    if found is not None:
        return _variant(found, name, said)
    if _is_text(head):
        return _text_kind(head, name, said)
    return _magic(head) or _believed(said) or UNKNOWN


def media_type(value: str | None) -> str | None:
    """The type alone, lower case; None for what is none.

    >>> media_type("TEXT/Plain; charset=utf-8")
    'text/plain'
    """
    bare = (value or "").partition(";")[0].strip().lower()
    return bare if _TYPE.fullmatch(bare) else None


def extension_for(kind: str) -> str:
    """The usual end of names of this kind, without the dot.

    >>> extension_for("image/jpeg"), extension_for("application/x-nobody-knows")
    ('jpg', 'bin')
    """
    for table in (_ZIPPED, _COMPOUND, _TEXT_NAMES):
        for extension, each in table.items():
            if each == kind:
                return extension
    return (mimetypes.guess_extension(kind) or ".bin")[1:]


# --- signatures -----------------------------------------------------------------------------------------


def _signed(head: bytes, table: tuple[tuple[int, bytes, str], ...]) -> str | None:
    return next((kind for place, sign, kind in table if head.startswith(sign, place)), None)


def _signature(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if head[:4] == b"\x1aE\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head[:4] == b"OggS":
        return "video/ogg" if b"theora" in head[:256] else "audio/ogg"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return "image/bmp"
    return _signed(head, _SIGNATURES)


def _of_brands(head: bytes) -> str:
    """The main brand first; `mif1` only says that it is some image."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size, 4))]
    known = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
    if brands[0] in _BRANDS or (known and known[0] == "image/avif"):
        return next((kind for kind in known if kind != "image/heif"), known[0])
    return "video/mp4"


def _variant(found: str, name: str, said: str | None) -> str:
    """What is packed in a container is told by the name, and by the client."""
    variants = _VARIANTS.get(found)
    if variants is None:
        return found
    named = variants.get(extension_of(name))
    if named is not None:
        return named
    return said if said is not None and said in variants.values() else found


def _magic(head: bytes) -> str | None:
    """Rarer signatures."""
    try:
        found = puremagic.magic_string(head)
    except (PureError, ValueError):
        return None
    sure = (one.mime_type for one in found if one.confidence >= _LEAST_SURE and len(one.byte_match) > 3)
    return next(
        (kind for kind in (media_type(each) for each in sure) if kind and not _is_text_type(kind)), None
    )


@cache
def _magic_kinds() -> frozenset[str]:
    return frozenset(one.mime_type for one in puremagic.magic_header_array)


def _believed(said: str | None) -> str | None:
    """A kind of which the bytes could not tell: one that has no signature."""
    if said is None or said.partition("/")[0] not in _OPEN_FAMILIES or _is_text_type(said):
        return None
    signed = {kind for _, _, kind in (*_PRINTABLE, *_SIGNATURES)}
    signed.update(_ZIPPED.values(), _COMPOUND.values())
    return None if said in signed or said in _magic_kinds() else said


# --- text -----------------------------------------------------------------------------------------------


def _is_unicode(head: bytes) -> bool:
    try:
        # the last character may have been cut
        getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return head.startswith(_UTF16)
    return _is_text(head)


def _is_text(head: bytes) -> bool:
    """In whatever alphabet of bytes."""
    return head.startswith(_UTF16) or not head.translate(None, delete=_NO_CONTROL)


_NO_CONTROL: Final = bytes(set(range(256)) - set(_CONTROL))


def _is_text_type(kind: str) -> bool:
    return kind.startswith("text/") or kind in _TEXTS or kind.endswith(("+json", "+xml"))


def _text_kind(head: bytes, name: str, said: str | None) -> str:
    """What the client says where that is a kind of text, then the name, then the markup in it."""
    named = _TEXT_NAMES.get(extension_of(name))
    markup = _markup(head)
    if said is not None and said not in (PLAIN, UNKNOWN) and _fits(said, markup):
        return said
    if named is not None and _fits(named, markup):
        return named
    if said == PLAIN or markup is None:
        return _believed(said) or PLAIN
    return markup


def _fits(kind: str, markup: str | None) -> bool:
    if kind.partition("/")[0] in _TOLD:
        return kind == SVG and markup == SVG
    return _is_text_type(kind)


def _markup(head: bytes) -> str | None:
    found = _MARKUP.match(head)
    if found is not None:
        return SVG if b"svg" in (found[1] or found[2]).lower() else "text/html"
    return _XML if head.lstrip().startswith(b"<?xml") else None
