"""Heads of tus requests, read without a server: what they ask for, and with which status they are refused."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from gateway.tus.metadata import read_metadata, replaced_by, wish_of, written
from gateway.tus.protocol import (
    PART,
    Checksum,
    Part,
    Refused,
    abilities,
    check_version,
    expires,
    id_of,
    method_of,
    read_creation,
    read_part,
)
from schema_gen.errors import CausewayError
from tests.gateway.tus.words import pairs

FIELDS = frozenset({"id", "filename_download", "folder", "storage", "title", "type", "description"})
NAMED = pairs(filename_download="a.txt")


def status_of(asked: Callable[[], object]) -> int:
    with pytest.raises(Refused) as refused:
        asked()
    return refused.value.status


def test_versions() -> None:
    check_version({"tus-resumable": "1.0.0"})
    for headers in ({}, {"tus-resumable": "0.2.2"}, {"tus-resumable": "1.0.0, 1.0.0"}):
        with pytest.raises(Refused) as refused:
            check_version(headers)
        assert (refused.value.status, refused.value.headers) == (412, (("tus-version", "1.0.0"),))


def test_what_is_possible_is_told() -> None:
    told = dict(abilities(1000).headers)
    assert told == {
        "tus-resumable": "1.0.0",
        "tus-version": "1.0.0",
        "tus-extension": "creation,creation-with-upload,termination,expiration,checksum",
        "tus-checksum-algorithm": "sha1,sha256,md5",
        "tus-max-size": "1000",
    }
    assert "tus-max-size" not in dict(abilities(None).headers)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"upload-length": ""}, 400),
        ({"upload-length": "-1"}, 400),
        ({"upload-length": "1.5"}, 400),
        ({"upload-length": "٣"}, 400),
        ({"upload-length": "1" * 19}, 400),
        ({"upload-length": "101"}, 413),
        ({"upload-defer-length": "1"}, 501),
        ({"upload-length": "5", "upload-concat": "partial"}, 501),
        ({"upload-length": "5", "content-type": PART, "upload-checksum": "sha1 YQ=="}, 400),
    ],
)
def test_creations_that_are_refused(headers: dict[str, str], status: int) -> None:
    assert status_of(lambda: read_creation({"upload-metadata": NAMED, **headers}, 100)) == status


def test_a_creation() -> None:
    read = read_creation({"upload-length": "0100", "upload-metadata": NAMED}, 100)
    assert (read.length, read.metadata, read.first) == (100, {"filename_download": "a.txt"}, None)
    with_bytes = {"upload-length": "5", "upload-metadata": NAMED, "content-type": PART}
    assert read_creation(with_bytes, None).first == Part(offset=0)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"upload-offset": "0"}, 415),
        ({"upload-offset": "0", "content-type": "text/plain"}, 415),
        ({"content-type": PART}, 400),
        ({"content-type": PART, "upload-offset": "-1"}, 400),
        ({"content-type": PART, "upload-offset": "0", "upload-checksum": "crc32 YWJjZA=="}, 400),
        ({"content-type": PART, "upload-offset": "0", "upload-checksum": "sha1"}, 400),
        ({"content-type": PART, "upload-offset": "0", "upload-checksum": "sha1 !!"}, 400),
        ({"content-type": PART, "upload-offset": "0", "upload-checksum": "md5 YWJjZA=="}, 400),
    ],
)
def test_parts_that_are_refused(headers: dict[str, str], status: int) -> None:
    assert status_of(lambda: read_part(headers)) == status


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_a_part_with_a_checksum(algorithm: str) -> None:
    digest = hashlib.new(algorithm, b"hello").digest()
    sent = f"{algorithm} {base64.b64encode(digest).decode()}"
    read = read_part({"content-type": PART, "upload-offset": "5", "upload-checksum": sent})
    assert read == Part(offset=5, checksum=Checksum(algorithm=algorithm, digest=digest))
    assert read.checksum is not None
    begun = read.checksum.begin()
    begun.update(b"hello")
    assert begun.digest() == digest


def test_methods_and_paths() -> None:
    named = {"x-http-method-override": "patch"}
    assert [method_of(method, named) for method in ("POST", "GET", "DELETE")] == ["PATCH", "GET", "DELETE"]
    assert method_of("POST", {"x-http-method-override": "GET"}) == "POST"
    assert id_of("/files/tus") is None
    for path in ("/files/tus/x", "/files/tus/../../x", f"/files/tus/{'a' * 31}", f"/files/tus/{'a' * 32}/b"):
        assert status_of(lambda path=path: id_of(path)) == 404  # type: ignore[misc]


def test_moments_are_those_of_http() -> None:
    moment = datetime(2026, 5, 1, 8, tzinfo=UTC)
    assert expires(moment) == (("upload-expires", "Fri, 01 May 2026 08:00:00 GMT"),)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "a YQ==,,b YQ==",
        "a !!!",
        "a YQ",
        "a YQ== YQ==",
        "a YQ==,a YQ==",
        "ä YQ==",
        pairs(a="x\0y"),
        "a /w==",
    ],
)
def test_metadata_that_is_none(header: str) -> None:
    with pytest.raises(CausewayError) as refused:
        read_metadata(header)
    assert (refused.value.code, refused.value.status) == ("INVALID_METADATA", 400)


def test_metadata_comes_back_as_it_came() -> None:
    header = f"{pairs(filename_download='ä, b.txt')},private,{pairs(title='T')}"
    read = read_metadata(header)
    assert read == {"filename_download": "ä, b.txt", "private": None, "title": "T"}
    assert written(read) == header
    assert read_metadata("a ,b YQ==") == {"a": None, "b": "a"}


def test_what_is_wished_of_a_file() -> None:
    sent = {"filename_download": "a.txt", "type": "text/plain", "storage": "s3", "title": "T", "folder": None}
    wish = wish_of({**sent, "relativePath": "x/a.txt"}, FIELDS)
    assert (wish.filename, wish.type, wish.storage, wish.replaces) == ("a.txt", "text/plain", "s3", None)
    assert wish.columns == {"filename_download": "a.txt", "title": "T"}


@pytest.mark.parametrize("name", ["id", "replace_id"])
def test_a_file_that_is_replaced(name: str) -> None:
    metadata = {"filename_download": "a.txt", name: "k"}
    assert replaced_by(metadata) == "k"
    wish = wish_of(metadata, FIELDS)
    assert (wish.replaces, wish.columns) == ("k", {"filename_download": "a.txt"})


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"title": "T"},
        {"filename_download": ""},
        {"filename_download": None},
        {"filename_download": "a.txt", "id": "1", "replace_id": "2"},
    ],
)
def test_wishes_that_are_none(metadata: dict[str, str | None]) -> None:
    with pytest.raises(CausewayError) as refused:
        wish_of(metadata, FIELDS)
    assert refused.value.code == "INVALID_METADATA"
