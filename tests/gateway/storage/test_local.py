"""What is special about disks: links, killed processes, what stays behind, disks that are full."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from gateway.storage.local import LocalLocation
from gateway.storage.pieces import READ_AT_ONCE
from resolvers.files.storage import StorageError, StoredMissing
from tests.support.storage import content, joined, open_local, stream

ROOT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "uploads"


@pytest.fixture
def location(root: Path) -> Iterator[LocalLocation]:
    opened = open_local(root)
    yield opened
    opened.close()


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_no_link_is_followed(location: LocalLocation, root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    await location.write("a", stream(b"x"))
    (root / "link").symlink_to(secret)
    (root / ".part-link").symlink_to(secret)
    (root / "directory").mkdir()
    os.mkfifo(root / "pipe")

    for name in ("link", "directory", "pipe"):
        with pytest.raises(StoredMissing):
            await location.open(name)
        with pytest.raises(StoredMissing):
            async with location.local(name):
                pass
    with pytest.raises(StorageError):
        await location.append("link", 0, stream(b"overwritten"))
    with pytest.raises(StoredMissing):
        await location.size_of("link")

    # what is written under the name of a link takes its place
    await location.write("link", stream(b"mine"))
    await location.remove(["directory", "pipe"])
    assert secret.read_bytes() == b"secret"
    assert await content(location, "link") == b"mine"
    assert (root / "directory").is_dir()


async def test_no_descriptor_stays_open(location: LocalLocation) -> None:
    await location.write("small", stream(b"x"))
    await location.write("large", stream(bytes(READ_AT_ONCE * 3)))
    await content(location, "small")
    before = open_descriptors()

    for name in ("small", "large"):
        opened = await location.open(name)
        chunks = opened.chunks()
        await anext(chunks)
        await chunks.aclose()
        await opened.close()
        await opened.close()
    await location.append("up", 0, stream(b"x"))
    with pytest.raises(StorageError):
        await location.append("up", 7, stream(b"x"))

    assert open_descriptors() == before


async def test_a_file_that_becomes_shorter_is_no_whole_file(location: LocalLocation, root: Path) -> None:
    await location.write("large", stream(bytes(READ_AT_ONCE * 2)))
    opened = await location.open("large")
    os.truncate(root / "large", READ_AT_ONCE)

    with pytest.raises(StorageError):
        await joined(opened.chunks())
    await opened.close()


async def test_a_full_disk_is_told_and_leaves_nothing(location: LocalLocation, root: Path) -> None:
    await location.write("kept", stream(b"old"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(StorageError, match="writing: File too large"):
            await location.write("kept", stream(bytes(1 << 20), bytes(1 << 20)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)

    assert os.listdir(root) == ["kept"]
    assert await content(location, "kept") == b"old"


async def test_texts_of_errors_name_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    location = open_local(tmp_path / "file")

    with pytest.raises(StorageError) as error:
        await location.write("a", stream(b"x"))

    assert str(tmp_path) not in str(error.value)
    location.close()


KILLED = """
import asyncio, sys
from pathlib import Path
from tests.support.storage import open_local

async def chunks():
    for _ in range(3):
        yield bytes(1 << 20)
    print("under way", flush=True)
    await asyncio.Event().wait()

location = open_local(Path(sys.argv[1]))
asyncio.run(getattr(location, sys.argv[2])("new", *([0] if sys.argv[2] == "append" else []), chunks()))
"""


def kill_in_the_middle(root: Path, doing: str) -> None:
    command = [sys.executable, "-c", KILLED, str(root), doing]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"under way\n"
        process.kill()


async def test_a_process_that_is_killed_leaves_no_object(location: LocalLocation, root: Path) -> None:
    kill_in_the_middle(root, "write")

    assert await location.listed("") == []
    left = os.listdir(root)
    assert len(left) == 1

    # somebody may still write to what is young
    await location.tidy()
    assert os.listdir(root) == left
    day_before = time.time() - 2 * 24 * 3600
    os.utime(root / left[0], (day_before, day_before))
    await location.tidy()
    assert os.listdir(root) == []


async def test_what_arrived_of_an_upload_outlives_its_process(location: LocalLocation, root: Path) -> None:
    kill_in_the_middle(root, "append")

    there = await location.size_of("new")
    assert there >= 2 << 20
    assert await location.append("new", there, stream(b"end")) == there + 3
    await location.tidy()
    assert await location.size_of("new") == there + 3


async def test_two_do_not_add_to_an_upload_at_once(location: LocalLocation) -> None:
    async def interrupted() -> AsyncGenerator[bytes, None]:
        yield b"one"
        with pytest.raises(StorageError, match="somebody else"):
            await location.append("up", 0, stream(b"two"))

    await location.append("up", 0, interrupted())

    await location.finish("up", "final")
    assert await content(location, "final") == b"one"


async def test_files_that_are_taken_in_get_the_rights_of_others(
    location: LocalLocation, root: Path, tmp_path: Path
) -> None:
    await location.write("written", stream(b"x"))
    made = tmp_path / "made"
    made.touch(mode=0o600)

    await location.take_in("taken", made)

    assert (root / "taken").stat().st_mode == (root / "written").stat().st_mode


async def test_files_of_another_disk_are_copied(
    location: LocalLocation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "made"
    made.write_bytes(b"x" * 100)
    replace = os.replace

    def as_on_two_disks(source: Path, target: Path) -> None:
        if source == made:
            raise OSError(18, "Invalid cross-device link")
        replace(source, target)

    monkeypatch.setattr(os, "replace", as_on_two_disks)

    assert await location.take_in("taken", made) == 100
    assert await content(location, "taken") == b"x" * 100
    assert not made.exists()
