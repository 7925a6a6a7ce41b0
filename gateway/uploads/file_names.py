"""Names of files: what is kept of the one that was sent, its title, and what a file is called in storage.

    download_name("C:\\\\photos\\\\my_holiday-2.JPG")  -> "my_holiday-2.JPG"
    title_of("my_holiday-2.JPG")                     -> "My Holiday 2"
    disk_name("0b3c...", "my_holiday-2.JPG", "image/jpeg" -> "jpg")  -> "0b3c....JPG"

Nothing that was sent reaches a path but the letters and digits of an extension. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: as many characters as the columns of names hold
LONGEST: Final = 255
_EXTENSION: Final = re.compile(r"[A-Za-z0-9]{1,16}")
_APART: Final = re.compile(r"[_-]")
_HUMPS: Final = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z\d])")
#: words that are not capitalised inside a title
_SMALL: Final = frozenset(
    {"a", "an", "and", "as", "at", "but", "by", "for", "from", "in", "into", "nor", "of", "on", "or", "per"}
    | {"so", "the", "to", "up", "via", "with", "yet"}
)
#: words that are written in a way of their own
_OWN: Final = {
    word.lower(): word
    for line in (
        "AI API CD CMS CPU CSS CSV CV DVD EU FAQ GIF GPS GPU HD HTML HTTP HTTPS ID IP IT JPEG JPG JS JSON",
        "MP3 MP4 PDF PHP PNG RAM RSS SEO SMS SQL SSL SVG TCP TIFF TV UI UK UN URI URL US USA USB UTF UUID",
        "UX WWW XLS XML YAML ZIP eBay eBook GitHub GraphQL iMac iOS iPad iPhone iPod JavaScript LinkedIn",
        "macOS McDonald OpenAPI PayPal PostgreSQL SQLite TypeScript WebP WordPress YouTube",
    )
    for word in line.split()
}


def download_name(sent: str | None) -> str | None:
    """The last part of what may be a path, without what no terminal or header should meet; None where nothing
    is left that could be a name.
    """
    last = re.split(r"[/\\]", sent or "")[-1]
    name = "".join(one for one in last if unicodedata.category(one) not in ("Cc", "Cs"))
    if not name.strip(". "):
        return None
    if len(name) <= LONGEST:
        return name
    extension = extension_of(name)
    end = f".{extension}" if extension else ""
    return name[: LONGEST - len(end)] + end


def extension_of(name: str) -> str:
    """Lower case, without the dot; "" where there is none, or none that is one.

    >>> extension_of("a.tar.GZ"), extension_of(".htaccess"), extension_of("x.a/b")
    ('gz', '', '')
    """
    return _extension(name).lower()


def _extension(name: str) -> str:
    stem, dot, end = name.rpartition(".")
    return end if stem and dot and _EXTENSION.fullmatch(end) else ""


def disk_name(id_: str, name: str, other: str) -> str:
    """`other`: the extension of a file whose name has none."""
    return f"{id_}.{_extension(name) or other}"


def title_of(name: str) -> str:
    """
    >>> title_of("up_fu_some-name.txt"), title_of("fooBarBaz.txt"), title_of("url of the cat.png")
    ('Up Fu Some Name', 'Foo Bar Baz', 'URL of the Cat')
    """
    extension = _extension(name)
    stem = name[: -len(extension) - 1] if extension else name
    words = _HUMPS.sub(" ", _APART.sub(" ", stem)).split(" ")
    places = [place for place, word in enumerate(words) if word]
    return " ".join(
        _titled(word, inside=bool(places) and places[0] < place < places[-1])
        for place, word in enumerate(words)
    )[:LONGEST]


def _titled(word: str, *, inside: bool) -> str:
    low = word.lower()
    if low in _OWN:
        return _OWN[low]
    return low if inside and low in _SMALL else low[:1].upper() + low[1:]
