"""Tags, conditional requests, types and policies of files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.assets.caching import CacheTerms, Version, is_known, is_same, moment, version_of
from gateway.assets.kinds import content_type, file_policies, is_shown, is_viewed, kind_in
from gateway.assets.place import OneFile, Place, SomeFiles, WholeFolder, read_place
from resolvers.files.rows import FileRow
from schema_gen.errors import CausewayError

ROW = FileRow(
    id="f0",
    storage="local",
    disk="a.png",
    name="x.png",
    type="image/png",
    size=10,
    modified_on="2026-11-21T23:43:35.250Z",
)
DATE = "Sat, 21 Nov 2026 23:43:35 GMT"


def test_the_tag_changes_with_the_bytes_and_not_with_the_name() -> None:
    tags = {
        version_of(ROW, None).tag,
        version_of(ROW, "640").tag,
        *(
            version_of(changed, None).tag
            for changed in (
                replace(ROW, disk="b.png"),
                replace(ROW, storage="s3"),
                replace(ROW, size=11),
                replace(ROW, modified_on="2026-11-21T23:43:35.251Z"),
            )
        ),
    }
    assert len(tags) == 6
    assert version_of(replace(ROW, name="y.png"), None) == version_of(ROW, None)


def test_headers() -> None:
    version = version_of(ROW, None)
    assert version.headers == (("etag", version.tag), ("last-modified", DATE))
    assert [name for name, _ in version_of(replace(ROW, tells_when=False), None).headers] == ["etag"]
    assert version_of(replace(ROW, modified_on="nonsense"), None).modified is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-21T23:43:35", datetime(2026, 11, 21, 23, 43, 35, tzinfo=UTC)),
        ("2026-11-21T23:43:35.9+01:00", datetime(2026, 11, 21, 22, 43, 35, tzinfo=UTC)),
        (None, None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_moments(text: str | None, found: datetime | None) -> None:
    assert moment(text) == found


VERSION = Version(tag='"abc"', modified=moment("2026-11-21T23:43:35Z"))


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({}, False),
        ({"if-none-match": '"abc"'}, True),
        ({"if-none-match": 'W/"abc"'}, True),
        ({"if-none-match": '"x", "abc"'}, True),
        ({"if-none-match": "*"}, True),
        ({"if-none-match": '"x"'}, False),
        ({"if-modified-since": DATE}, True),
        ({"if-modified-since": "Sat, 21 Nov 2026 23:43:34 GMT"}, False),
        ({"if-modified-since": "soon"}, False),
        ({"if-modified-since": "Sat, 14 Mar 2026 99999999999999999999:30:00 GMT"}, False),
        ({"if-modified-since": "Mon, 01 Jan 0001 00:00:00 +2359"}, False),
        # a tag says more than a date
        ({"if-none-match": '"x"', "if-modified-since": DATE}, False),
    ],
)
def test_who_has_it_already(headers: dict[str, str], known: bool) -> None:
    assert is_known(headers, VERSION) is known


@pytest.mark.parametrize(
    ("given", "same"),
    [(None, True), ('"abc"', True), ('W/"abc"', False), ('"x"', False), (DATE, True), ("soon", False)],
)
def test_parts_of_the_same_bytes(given: str | None, same: bool) -> None:
    assert is_same({} if given is None else {"if-range": given}, VERSION) is same


def test_who_may_keep_it() -> None:
    terms = CacheTerms(ttl=60, revalidate=False)
    assert terms.cache_control(everybody=False) == "private, max-age=60"
    assert terms.cache_control(everybody=True) == "public, max-age=60"
    asking = CacheTerms(ttl=60, revalidate=True)
    assert asking.cache_control(everybody=True) == "public, max-age=0, must-revalidate"


@pytest.mark.parametrize(
    ("stored", "kind"),
    [
        ("image/png", "image/png"),
        ("Text/HTML; charset=utf-7", "text/html"),
        (None, "application/octet-stream"),
        ("", "application/octet-stream"),
        ("text/html\r\nx: y", "application/octet-stream"),
        ("text", "application/octet-stream"),
        ("a/" + "b" * 200, "application/octet-stream"),
    ],
)
def test_types_of_rows(stored: str | None, kind: str) -> None:
    assert kind_in(stored) == kind


def test_what_may_run_is_never_shown() -> None:
    for kind in ("image/png", "image/jpeg", "video/mp4", "audio/mpeg", "text/plain", "application/pdf"):
        assert is_shown(kind)
    for kind in (
        *("text/html", "image/svg+xml", "text/xml", "application/xml", "application/xhtml+xml"),
        *("text/javascript", "application/javascript", "application/octet-stream", "text/vtt", "multipart/x"),
        *("video/x+xml", "audio/a+xml", "image/a+xml", "video/", "text/html;video/mp4"),
        *("application/x-shockwave-flash", "application/rss+xml", "message/rfc822", "text/cache-manifest"),
    ):
        assert not is_shown(kind)


def test_texts_say_how_they_are_encoded() -> None:
    assert content_type("text/plain", None) == "text/plain; charset=utf-8"
    assert content_type("text/plain", "iso-8859-1") == "text/plain; charset=iso-8859-1"
    assert content_type("text/plain", "x\r\ny: z") == "text/plain; charset=utf-8"
    assert content_type("image/png", "utf-8") == "image/png"


def test_policies() -> None:
    assert file_policies(()) == ("default-src 'none'; sandbox", "default-src 'none'; media-src 'self'")
    changes = [("img-src", "'self'"), ("sandbox", None), ("media-src", None)]
    assert set(file_policies(changes)) == {"default-src 'none'; img-src 'self'"}
    assert [is_viewed(kind) for kind in ("application/pdf", "video/mp4", "image/png")] == [True, True, False]


@pytest.mark.parametrize(
    ("method", "path", "place"),
    [
        ("GET", "/assets/a1", OneFile(id="a1", name=None)),
        ("HEAD", "/assets/a1/", OneFile(id="a1", name=None)),
        ("GET", "/assets/a1.png", OneFile(id="a1", name=None)),
        ("GET", "/assets/a1/b%2Fc%20d.png", OneFile(id="a1", name="b/c d.png")),
        ("GET", "/assets/files", OneFile(id="files", name=None)),
        ("POST", "/assets/files", SomeFiles()),
        ("POST", "/assets/folder/f1", WholeFolder(id="f1")),
    ],
)
def test_places(method: str, path: str, place: Place) -> None:
    assert read_place(method, path) == place


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in ("/assets", "/assets/", "/assets/a/b/c")),
        *((method, "/assets/a1") for method in ("POST", "PATCH", "DELETE", "PUT", "SEARCH")),
        *(("POST", path) for path in ("/assets/folder", "/assets/folder/", "/assets/folder/f/x")),
    ],
)
def test_no_such_place(method: str, path: str) -> None:
    with pytest.raises(CausewayError, match="doesn't exist"):
        read_place(method, path)
