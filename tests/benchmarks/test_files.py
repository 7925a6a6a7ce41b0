"""The part of the benchmark that is about files: its generator, its floor, what it compares and tells."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from PIL import Image

from benchmarks import files_run
from benchmarks.aims import findings
from benchmarks.files import COLD, FILES, PHOTO, blob, photo
from benchmarks.files_floor import application
from benchmarks.files_load import Sending, drive, multipart
from benchmarks.files_run import unlike_files
from benchmarks.load import ServerStuck, content_length
from benchmarks.measure import forget_peak, peak_bytes, resident_bytes
from benchmarks.report import chart, markdown, terminal
from benchmarks.results import RunResult
from benchmarks.rounds import Cell
from benchmarks.servers import Target
from benchmarks.writes import EVERY, chosen


class TestGenerator:
    async def test_a_file_is_sent_as_often_as_wanted_in_a_form(self, tmp_path: Path) -> None:
        """The server that reads it parses the form with the parser of another library."""
        bodies: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    bodies.append(head + await reader.readexactly(content_length(head[:-4])))
                    status = b"200 OK" if len(bodies) % 2 else b"503 No"
                    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")
            except asyncio.IncompleteReadError:
                writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            file = blob(tmp_path, 1000)
            before, after = multipart("/files?fields=id", port, "secret", file, times=3)
            sending = Sending(
                port=port,
                requests=[before] * 4,
                connections=2,
                seconds=0,
                body=str(file),
                times=3,
                after=after,
            )
            assert Sending.from_json(sending.to_json()) == sending
            sample = await asyncio.to_thread(drive, sending)
            timed = await asyncio.to_thread(drive, replace(sending, requests=[before], seconds=0.1, rate=1e6))
        assert (sample.answers, sample.errors, sample.size) == (4, {"503": 2}, 3000)
        assert timed.answers > 2
        head, _, form = bodies[0].partition(b"\r\n\r\n")
        assert b"Authorization: Bearer secret" in head
        assert form.count(file.read_bytes() * 3) == 1
        assert form.count(b'name="file"; filename="blob-1000.bin"') == 1

    async def test_a_server_that_hangs_up_is_no_figure(self) -> None:
        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            sending = Sending(port=port, requests=[b"GET / HTTP/1.1\r\n\r\n"], connections=1, seconds=0)
            with pytest.raises(ServerStuck, match="closed"):
                await asyncio.to_thread(drive, sending)


def test_contents_are_made_once(tmp_path: Path) -> None:
    path = photo(tmp_path)
    with Image.open(path) as image:
        assert (image.format, image.size) == ("JPEG", PHOTO)
    assert 300_000 < path.stat().st_size < 1_500_000
    made = path.stat().st_mtime_ns
    assert photo(tmp_path).stat().st_mtime_ns == made
    assert blob(tmp_path, 10).read_bytes() == blob(tmp_path, 10).read_bytes() != bytes(10)


async def test_the_floor_answers_with_the_file(tmp_path: Path) -> None:
    file = blob(tmp_path, 1000)
    transport = httpx.ASGITransport(application(tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://floor") as client:
        assert (await client.get(f"/{file.name}")).content == file.read_bytes()


async def test_other_bytes_and_other_images_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_run, "CACHE", tmp_path)
    Image.new("RGB", (40, 30)).save(tmp_path / "small.webp")
    said = {
        "right": blob(tmp_path, 100_000).read_bytes(),
        "wrong": b"!",
        "small": (tmp_path / "small.webp").read_bytes(),
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        body = said.get(line.removeprefix("/assets/").partition("?")[0])
        status = b"404 No" if body is None else b"200 OK"
        body = body or b""
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        target = Target(system="causeway", dialect="sqlite", port=port, pid=1, store=None, version="")

        def asked(name: str, key: str) -> list[str]:
            keys = {target: {name: [key], "transform_cached": [key]}}
            return list(unlike_files(FILES[name], keys))

        found = await asyncio.to_thread(
            lambda: [asked("asset_100kb", key) for key in said] + [asked(COLD, "small"), asked(COLD, "none")]
        )
    assert found[0] == []
    assert [len(one) for one in found[1:]] == [1, 1, 1, 1]
    assert "other bytes" in found[1][0]
    assert "an image of ('WEBP', (40, 30))" in found[3][0]
    assert "status 404" in found[4][0]


def test_the_peak_of_memory_is_seen_after_it_is_over() -> None:
    pids = [os.getpid()]
    forget_peak(pids)
    before = resident_bytes(pids[0])
    block = bytearray(b"x") * (40 * 2**20)
    del block
    assert peak_bytes(pids) - before > 30 * 2**20
    assert peak_bytes([2**30]) == 0


def test_a_run_tells_of_files_and_of_receiving() -> None:
    values = {
        "workload": "asset_100kb", "actor": "admin", "connections": 16, "database": "postgresql",
        "p50": 1.0, "p99": 2.0, "server_cpu": 900.0, "database_cpu": None, "client_cpu": 20.0,
        "size": 100_000.0, "answers": 10, "errors": {}, "memory": 12.0,
    }  # fmt: skip
    cells = tuple(
        Cell(system=system, requests_per_second=rate, rounds=(rate,), **values)  # type: ignore[arg-type]
        for system, rate in (("causeway", 600.0), ("floor", 1000.0), ("directus", 100.0))
    )
    p99 = {"idle": 1.0, "as fast as it is taken": 4.0, "at 1 Gbit/s": 1.5}
    receiving = {
        "memory above idle": 32.0,
        **{f"p99 of {name}, {when}": value for name in ("ping", "one item") for when, value in p99.items()},
    }
    result = RunResult(
        at="2026-01-02T03:04:05+00:00", machine={"cores": "2"}, settings={}, versions={}, cells=cells,
        receiving=receiving,
    )  # fmt: skip
    assert RunResult.from_json(result.to_json()) == result
    earlier = replace(
        result,
        cells=(replace(cells[0], workload="list", connections=32), replace(cells[1], p50=9.0)),
        receiving={},
    )
    both = result.onto(earlier)
    assert [one.workload for one in both.cells] == ["list", *["asset_100kb"] * 3]
    assert (both.receiving, both.cells[1:]) == (receiving, cells)
    assert [one.met for one in findings(cells)] == [False, True]
    page = markdown(result)
    assert (
        "| asset 100 kB as stored | 16 | causeway | 600 | 60 | 1.00 | 2.00 | 0.90 | 100 | 12 | 0.60 | 6.00 |"
        in page
    )
    assert "| memory above idle, aim: at most 64 | 32.0 | met |" in page
    assert (
        "| p99 of one item, as fast as it is taken / idle, aim: at most 2 | 4.00 | missed by 100% |" in page
    )
    assert "| p99 of ping, at 1 Gbit/s / idle, aim: at most 2 | 1.50 | met |" in page
    assert "## 16 connections" not in page
    assert "asset 100 kB" in terminal(result)
    assert chart(result).startswith("<svg")


def test_they_are_chosen_by_one_word() -> None:
    assert [one.name for one in chosen("files")] == list(FILES)
    assert set(FILES) < set(EVERY)
