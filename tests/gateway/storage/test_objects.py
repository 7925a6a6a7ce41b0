"""Object stores: parts, memory, what stays behind, servers that refuse or are silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.storage import objects, uploading
from gateway.storage.objects import StoredLocation
from gateway.storage.opening import open_location
from gateway.storage.uploading import PART
from resolvers.files.storage import StorageError
from tests.support.object_stub import Asked, Stub, stubbed
from tests.support.s3 import S3Server
from tests.support.storage import Broken, breaking, content, joined, open_s3, stream

MB = 1 << 20


@contextmanager
def stub_location(stub: Stub, **more: str) -> Iterator[StoredLocation]:
    options = {
        "DRIVER": "s3",
        "BUCKET": "files",
        "ENDPOINT": stub.url,
        "FORCE_PATH_STYLE": "true",
        "KEY": "a-key",
        "SECRET": "a-secret",
        **more,
    }
    location = open_location("cloud", {f"CLOUD_{name}": text for name, text in options.items()}, None)
    assert isinstance(location, StoredLocation)
    yield location
    location.close()


async def test_a_large_upload_holds_few_parts_in_memory() -> None:
    taken = 0
    most_held = 0

    async def endless() -> AsyncGenerator[bytes, None]:
        nonlocal taken
        part = bytes(MB)
        for _ in range(120):
            taken += len(part)
            yield part

    def note(received: int) -> None:
        nonlocal most_held
        most_held = max(most_held, taken - received)

    async with stubbed(Stub(on_bytes=note)) as stub:
        with stub_location(stub) as location:
            assert await location.write("large", endless()) == 120 * MB

    assert stub.received >= 120 * MB
    assert most_held <= 5 * PART
    parts = [asked for asked in stub.requests if asked.method == "PUT"]
    assert len(parts) == 120 * MB // PART


async def test_up_to_one_part_is_one_request() -> None:
    async with stubbed(Stub()) as stub:
        with stub_location(stub) as location:
            await location.write("small", stream(*[bytes(MB)] * 7))

    assert [asked.method for asked in stub.requests] == ["PUT"]


async def test_what_is_broken_off_is_given_up(s3: S3Server, tmp_path: Path) -> None:
    """Parts that nobody completes would be paid for, and no listing shows them."""
    bucket = s3.fresh_bucket()
    location = open_s3(s3, bucket, tmp_path)
    under_way = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        for _ in range(18):
            yield bytes(MB)
        under_way.set()
        await asyncio.Event().wait()

    with pytest.raises(Broken):
        await location.write("broken", breaking(*[bytes(MB)] * 18))
    writing = asyncio.create_task(location.write("cancelled", endless()))
    await under_way.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert (s3.keys(bucket), s3.unfinished(bucket)) == ([], [])
    location.close()


async def test_a_store_that_fails_in_the_middle_is_told_at_once() -> None:
    def refuse(asked: Asked) -> tuple[str, str] | None:
        full = "<Error><Code>QuotaExceeded</Code></Error>"
        return ("403 Forbidden", full) if "partNumber=2" in asked.path else None

    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            yield bytes(MB)

    async with stubbed(Stub(refuse=refuse)) as stub:
        told = pytest.raises(StorageError, match="writing: it answers 403 Forbidden, QuotaExceeded")
        with stub_location(stub) as location, told:
            await location.write("large", endless())

    assert stub.requests[-1].method == "DELETE"
    assert "uploadId" in stub.requests[-1].path


async def test_errors_hold_no_secrets() -> None:
    """Stores quote keys and what was signed."""
    quoted = (
        "<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>a-key</AWSAccessKeyId>"
        "<StringToSign>AWS4-HMAC-SHA256 20260101</StringToSign></Error>"
    )
    async with stubbed(Stub(refuse=lambda _: ("403 Forbidden", quoted))) as stub:
        with stub_location(stub) as location:
            for asking in (
                location.open("a"),
                location.write("a", stream(b"x")),
                location.remove(["a"]),
                location.listed("a"),
                location.size_of("a"),
                location.check(),
            ):
                with pytest.raises(StorageError) as error:
                    await asking
                assert str(error.value).endswith("it answers 403 Forbidden, SignatureDoesNotMatch")
                assert error.value.__suppress_context__


async def test_a_silent_store_is_not_waited_for() -> None:
    async with stubbed(Stub(silent=True)) as stub:
        told = pytest.raises(StorageError, match="reading: it does not answer in time")
        with stub_location(stub, SOCKET_TIMEOUT="50") as location, told:
            await location.open("a")


@pytest.mark.parametrize("size", [1, 20])
async def test_a_request_that_is_over_does_not_wait_for_a_silent_store(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    for module in (uploading, objects):
        monkeypatch.setattr(module, "PATIENCE", 0.01)
    under_way = asyncio.Event()

    async with stubbed(Stub(silent=True, on_request=under_way.set)) as stub:
        with stub_location(stub, SOCKET_TIMEOUT="60000") as location:
            writing = asyncio.create_task(location.write("a", stream(*[bytes(MB)] * size)))
            await under_way.wait()
            writing.cancel()
            async with asyncio.timeout(30):
                with pytest.raises(asyncio.CancelledError):
                    await writing


async def test_a_bucket_that_is_missing_is_no_missing_object(s3: S3Server) -> None:
    location = open_s3(s3, "no-such-bucket")

    with pytest.raises(StorageError, match="reading: it answers 404 Not Found, NoSuchBucket"):
        await location.open("a")
    location.close()


async def test_what_the_settings_say_is_sent() -> None:
    async with stubbed(Stub()) as stub:
        with stub_location(
            stub,
            SESSION_TOKEN="a-token",
            SERVER_SIDE_ENCRYPTION="aws:kms",
            SERVER_SIDE_ENCRYPTION_KMS_KEY_ID="a-key-id",
            REGION="eu-central-1",
        ) as location:
            await location.write("a", stream(b"x"))

    headers = stub.requests[0].headers
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "a-key-id"
    assert headers["x-amz-security-token"] == "a-token"
    assert "Credential=a-key/" in headers["authorization"]
    assert "/eu-central-1/s3/" in headers["authorization"]


async def test_a_range_is_of_the_object_that_was_opened(s3: S3Server) -> None:
    location = open_s3(s3, s3.fresh_bucket())
    await location.write("a", stream(b"old" * MB))
    opened = await location.open("a")
    await location.write("a", stream(b"new" * MB))

    with pytest.raises(StorageError, match="it answers 412 Precondition Failed, PreconditionFailed"):
        await joined(opened.chunks(2 * MB))
    location.close()


async def test_another_machine_goes_on(s3: S3Server) -> None:
    bucket = s3.fresh_bucket()
    one, other = open_s3(s3, bucket), open_s3(s3, bucket)
    await one.append("up", 0, stream(b"one "))

    assert await other.append("up", await other.size_of("up"), stream(b"two")) == 7
    await one.finish("up", "final")

    assert await content(other, "final") == b"one two"
    assert s3.keys(bucket) == ["final"]
    for location in (one, other):
        location.close()


async def test_an_upload_that_was_half_cleared_is_none(s3: S3Server) -> None:
    """Composed, and killed while the parts were removed: doing it once more leaves what was composed."""
    bucket = s3.fresh_bucket()
    location = open_s3(s3, bucket)
    await location.append("up", 0, stream(b"one "))
    await location.append("up", 4, stream(b"two"))
    removed: list[str] = []

    async def killed(keys: list[str]) -> None:
        if removed:
            raise Broken
        removed.extend(keys)
        await remove(keys)

    remove = location._parts.remove
    location._parts.remove = killed  # type: ignore[assignment, method-assign]
    with pytest.raises(Broken):
        await location.finish("up", "final")
    location._parts.remove = remove  # type: ignore[method-assign]

    assert await location.finish("up", "final") == 7
    assert await content(location, "final") == b"one two"
    location.close()
