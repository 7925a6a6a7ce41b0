"""Worker processes: what ends them, what that costs, and that none is left."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from gateway.images import pool as pool_module
from gateway.images.pool import ImageBounds, Images, Made
from gateway.images.recipe import Recipe
from gateway.images.work import Worker
from schema_gen.errors import CausewayError
from tests.support.images import encoded, gradient

WEBP = Recipe(steps=(), format="webp", quality=None, varies=False)
ROOT = Path(__file__).parents[3]


class Desk:
    """A pool of one worker that can be stopped, and a small image to ask for."""

    def __init__(self, images: Images, directory: Path) -> None:
        self.images = images
        self.target = directory / "target"
        self.source = directory / "source"
        self.source.write_bytes(encoded(gradient(20, 10), "JPEG"))

    async def make(self) -> Made:
        return await self.images.transform(self.source, WEBP, self.target)

    async def worker(self) -> Worker:
        """The one that does the next job."""
        await self.make()
        return self.images._idle[-1]

    async def stopped(self) -> Worker:
        """It does nothing any more, but is there."""
        worker = await self.worker()
        os.kill(worker.pid, signal.SIGSTOP)
        return worker

    async def began(self) -> asyncio.Task[Made]:
        """A job that is with the worker, or waits for it."""
        jobs = self.images._jobs
        task = asyncio.create_task(self.make())
        while self.images._jobs == jobs or not self.images._busy:
            await asyncio.sleep(0)
        return task


@pytest.fixture(scope="module")
async def images() -> AsyncIterator[Images]:
    pool = Images(ImageBounds(workers=1, most_jobs=2))
    yield pool
    await pool.close()


@pytest.fixture
def desk(images: Images, tmp_path: Path) -> Desk:
    return Desk(images, tmp_path)


def refused(error: BaseException | None) -> tuple[str, str]:
    assert isinstance(error, CausewayError)
    return error.code, error.message


async def gone(worker: Worker) -> bool:
    """Ended by somebody else."""
    async with asyncio.timeout(10):
        await worker._process.wait()
    try:
        os.kill(worker.pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_job_that_takes_too_long_is_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = await desk.stopped()
    with monkeypatch.context() as patch:
        patch.setattr(desk.images, "_bounds", replace(desk.images._bounds, seconds=0.01))
        with pytest.raises(CausewayError) as error:
            await desk.make()
    assert refused(error.value) == (
        "SERVICE_UNAVAILABLE",
        'Service "assets" is unavailable. Transformation timed out.',
    )
    assert await gone(worker)
    assert not desk.target.exists()
    assert (await desk.make()).width == 20


async def test_a_worker_that_dies_fails_its_job_only(desk: Desk) -> None:
    worker = await desk.stopped()
    first, second = await desk.began(), await desk.began()
    os.kill(worker.pid, signal.SIGKILL)
    done, failed = await asyncio.gather(second, first, return_exceptions=True)
    assert refused(failed if isinstance(failed, BaseException) else None)[0] == "SERVICE_UNAVAILABLE"
    assert isinstance(done, Made)


async def test_a_worker_that_died_while_it_waited_costs_nothing(desk: Desk) -> None:
    worker = await desk.worker()
    os.kill(worker.pid, signal.SIGKILL)
    await worker._process.wait()
    assert (await desk.make()).width == 20


async def test_who_goes_away_frees_the_worker(desk: Desk) -> None:
    worker = await desk.stopped()
    task = await desk.began()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(worker)
    assert not desk.target.exists()
    assert (await desk.make()).width == 20


async def test_more_than_may_wait_are_refused(desk: Desk) -> None:
    worker = await desk.stopped()
    waiting = [await desk.began() for _ in range(2)]
    with pytest.raises(CausewayError) as error:
        await desk.make()
    assert refused(error.value) == ("SERVICE_UNAVAILABLE", 'Service "files" is unavailable. Server too busy.')
    os.kill(worker.pid, signal.SIGCONT)
    assert [made.width for made in await asyncio.gather(*waiting)] == [20, 20]


async def test_workers_are_replaced_now_and_then(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = await desk.worker()
    monkeypatch.setattr(pool_module, "_JOBS", worker.jobs + 1)
    await desk.make()
    assert not desk.images._idle
    assert await gone(worker)
    assert (await desk.worker()).pid != worker.pid


async def test_looking_does_not_wait_for_transformations(desk: Desk) -> None:
    worker = await desk.stopped()
    task = await desk.began()
    seen = await desk.images.describe(desk.source, "image/jpeg")
    assert seen is not None
    assert (seen.width, seen.height) == (20, 10)
    os.kill(worker.pid, signal.SIGCONT)
    assert (await task).width == 20


async def test_workers_without_work_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_REST", 0)
    desk = Desk(Images(ImageBounds(workers=1)), tmp_path)
    assert (await desk.make()).width == 20
    (worker,) = desk.images._idle
    while desk.images._idle:
        await asyncio.sleep(0)
    assert await gone(worker)
    assert (await desk.make()).width == 20
    await desk.images.close()


async def test_memory_has_a_bound(tmp_path: Path) -> None:
    """What needs more than the limit is refused, and the next is served."""
    pool = Images(ImageBounds(workers=1, memory=128 * 1024 * 1024))
    desk = Desk(pool, tmp_path)
    worker = await desk.worker()
    large = tmp_path / "large"
    large.write_bytes(encoded(Image.new("L", (6000, 6000)), "PNG", compress_level=1))
    with pytest.raises(CausewayError) as error:
        await pool.transform(large, WEBP, desk.target)
    assert error.value.code == "ILLEGAL_ASSET_TRANSFORMATION"
    assert not desk.target.exists()
    assert await gone(worker)
    assert (await desk.make()).width == 20
    await pool.close()


async def test_closing_leaves_no_process(tmp_path: Path) -> None:
    desk = Desk(Images(ImageBounds(workers=2)), tmp_path)
    busy = await desk.stopped()
    task = await desk.began()
    await desk.make()
    idle = desk.images._idle[0]
    await desk.images.close()
    assert (await gone(busy), await gone(idle)) == (True, True)
    assert refused((await asyncio.gather(task, return_exceptions=True))[0])[0] == "SERVICE_UNAVAILABLE"  # type: ignore[arg-type]
    with pytest.raises(CausewayError):
        await desk.make()


async def test_workers_know_no_secret_and_are_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "never-told-to-workers")
    await (await desk.worker()).end()
    home = Path("/proc") / str((await desk.worker()).pid)
    if not home.exists():
        pytest.skip("this system does not tell of processes")
    assert b"never-told" not in (home / "environ").read_bytes()
    limits = (home / "limits").read_text()
    rows = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert rows["Max address space"] == str(1024**3)
    assert rows["Max core file size"] == "0"
    assert rows["Max cpu time"] != "unlimited"
    assert [line for line in (home / "fd").iterdir() if str(line.readlink()).startswith("socket")] == []


def test_only_workers_import_an_image_library() -> None:
    importing = {
        path.parent.relative_to(ROOT).as_posix()
        for path in (ROOT / "gateway").rglob("*.py")
        if re.search(r"^\s*(?:import|from)\s+PIL\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert importing == {"gateway/images/worker"}
