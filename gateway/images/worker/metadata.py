"""What an image says of itself: EXIF and IPTC, by the allow-list.

    {"ifd0": {"Make": "Canon"}, "exif": {"FNumber": 2.8}, "gps": {...}, "iptc": {"caption": "..."}}

Names and forms are those of the protocol. Blocks of bytes that only a maker understands are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from math import isfinite
from typing import Any, Final

from PIL import ExifTags, ImageFile, IptcImagePlugin

from gateway.images.worker.opening import BROKEN, exif_of

_EXIF: Final = 0x8769
_GPS: Final = 0x8825

#: where the library says otherwise than the protocol
_NAMES: Final = {0x8769: "ExifTag", 0x8825: "GPSTag", 0xA002: "PixelXDimension", 0xA003: "PixelYDimension"}

_IPTC: Final = {
    (2, 15): "category",
    (2, 25): "keywords",
    (2, 55): "dateCreated",
    (2, 80): "byline",
    (2, 85): "bylineTitle",
    (2, 105): "headline",
    (2, 110): "credit",
    (2, 116): "copyright",
    (2, 120): "caption",
    (2, 122): "captionWriter",
}

_MOST_TEXT: Final = 2000
_MOST_VALUES: Final = 64
_DATE: Final = re.compile(r"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d", re.ASCII)


def metadata_of(image: ImageFile.ImageFile, allowed: Collection[str]) -> dict[str, dict[str, Any]]:
    """Sections without anything in them are not there."""
    exif = exif_of(image)
    found = {
        "ifd0": _read(lambda: _named(dict(exif), ExifTags.TAGS)),
        "exif": _read(lambda: _named(exif.get_ifd(_EXIF), ExifTags.TAGS)),
        "gps": _read(lambda: _named(exif.get_ifd(_GPS), ExifTags.GPSTAGS)),
        "iptc": iptc_of(image),
    }
    kept = {
        section: {name: value for name, value in values.items() if _is_allowed(section, name, allowed)}
        for section, values in found.items()
    }
    return {section: values for section, values in kept.items() if values}


def _is_allowed(section: str, name: str, allowed: Collection[str]) -> bool:
    return "*" in allowed or section in allowed or f"{section}.{name}" in allowed


def _named(values: Mapping[int, Any], names: Mapping[int, str]) -> dict[str, Any]:
    named = {}
    for tag, value in list(values.items())[: 4 * _MOST_VALUES]:
        name = _NAMES.get(tag) or names.get(tag)
        told = _told(value)
        if name is not None and told is not None:
            named[name] = told
    return named


def _told(value: Any) -> Any:
    """As JSON; None: not to be told."""
    if isinstance(value, bytes):
        return value[0] if len(value) == 1 else None
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, tuple):
        told = [_told(one) for one in value[:_MOST_VALUES]]
        return None if None in told else told
    if isinstance(value, int):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    if not isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def _text(value: str) -> str:
    text = value.replace("\0", "").strip()[:_MOST_TEXT]
    if _DATE.fullmatch(text):
        # cameras note no zone: the protocol takes it for UTC
        date, time = text.split(" ")
        try:
            moment = datetime.fromisoformat(f"{date.replace(':', '-')}T{time}")
        except ValueError:
            return text
        return moment.isoformat(timespec="milliseconds") + "Z"
    return text


def _read(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Empty where it is broken: the image may be good."""
    try:
        return read()
    except BROKEN:
        return {}


def iptc_of(image: ImageFile.ImageFile) -> dict[str, Any]:
    return _read(lambda: _iptc_of(image))


def _iptc_of(image: ImageFile.ImageFile) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for tag, value in (IptcImagePlugin.getiptcinfo(image) or {}).items():
        name = _IPTC.get(tag)
        if name is None:
            continue
        values = [_decoded(one) for one in (value if isinstance(value, list) else [value])][:_MOST_VALUES]
        found[name] = values if name == "keywords" else values[0]
    return found


def _decoded(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return text.replace("\0", "").strip()[:_MOST_TEXT]
