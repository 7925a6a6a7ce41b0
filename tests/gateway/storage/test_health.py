"""`storage:<name>:responseTime` of `/server/health`."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any, cast

from resolvers.behaviors.server import Server, Watched
from resolvers.files.storage import Location
from tests.conftest import MakeDatabase
from tests.support.project import ADMIN_TOKEN, running, seed_system
from tests.support.s3 import S3Server


async def health(url: str, **values: str) -> tuple[int, Any]:
    async with running(url, HEALTHCHECK_SERVICES="storage", **values) as site:
        answer = await site.ask("GET", "/server/health", token=ADMIN_TOKEN)
    return answer.status, json.loads(answer.body)


class Hanging:
    """A disk of the network whose server is gone."""

    name = "hanging"

    def __init__(self) -> None:
        self.asked = 0
        self.back = asyncio.Event()

    async def check(self) -> None:
        self.asked += 1
        await self.back.wait()


async def test_a_location_that_hangs_is_asked_once(make_database: MakeDatabase) -> None:
    hanging = Hanging()
    watched = Watched(location=cast(Location, hanging), threshold=60_000)
    async with running(await make_database(seed_system), HEALTHCHECK_SERVICES="storage") as site:
        own = site.project.server
        given = (site.database, own._snapshot, own._facts, site.project.post.connection, None)
        server = Server(*given, [watched], patience=0.001)

        for _ in range(2):
            report = await server._check()
            assert report.status == "warn"
            assert report.checks["storage:hanging:responseTime"][0]["output"] == "it does not answer in time"
        assert hanging.asked == 1

        hanging.back.set()
        await asyncio.gather(*server._asking.values())
        own_report = await Server(*given, [watched])._check()
        assert own_report.status == "ok"


async def test_every_location_is_told(make_database: MakeDatabase, s3: S3Server, tmp_path: Path) -> None:
    status, report = await health(
        await make_database(seed_system),
        STORAGE_LOCATIONS="disk,cloud",
        STORAGE_DISK_DRIVER="local",
        STORAGE_DISK_ROOT=str(tmp_path / "new"),
        STORAGE_DISK_HEALTHCHECK_THRESHOLD="60000",
        **s3.variables("cloud", s3.fresh_bucket(), HEALTHCHECK_THRESHOLD="60000"),
    )

    assert (status, report["status"]) == (200, "ok")
    assert list(report["checks"]) == ["storage:disk:responseTime", "storage:cloud:responseTime"]
    for check in report["checks"].values():
        assert {key: value for key, value in check[0].items() if key != "observedValue"} == {
            "status": "ok",
            "componentType": "objectstore",
            "observedUnit": "ms",
            "threshold": 60000,
        }


async def test_a_location_that_does_not_answer_is_a_warning(
    make_database: MakeDatabase, s3: S3Server, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    status, report = await health(
        await make_database(seed_system),
        STORAGE_LOCATIONS="local,gone,cloud",
        STORAGE_LOCAL_ROOT=str(tmp_path / "file"),
        **s3.variables("gone", "files", ENDPOINT=f"http://127.0.0.1:{port}"),
        **s3.variables("cloud", "no-such-bucket", SECRET="never-told"),
    )

    assert (status, report["status"]) == (200, "warn")
    outputs = {name: check[0]["output"] for name, check in report["checks"].items()}
    assert outputs == {
        "storage:local:responseTime": "writing: Not a directory",
        "storage:gone:responseTime": "writing: it cannot be connected to",
        "storage:cloud:responseTime": "writing: it answers 404 Not Found, NoSuchBucket",
    }
