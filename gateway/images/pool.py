"""The pool of workers: who may ask, how long an answer may take, and what happens to a worker that breaks.

    images = Images(bounds)
    await images.describe(path, "image/jpeg")            -> Described | None
    await images.transform(source, recipe, target)       -> Made; raises what the caller may see
    await images.close()                                 no process is left

As many workers as processors transform, and one more looks at what comes in, so that uploads do not wait for
transformations. They are started when first needed and kept as long as there is something to do; each does
one job at a time. A job that takes too long, breaks its worker or whose asker goes away ends the worker by a
signal that cannot be ignored; another takes its place. More jobs than `bounds.most_jobs` are refused at once.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.images.recipe import TYPES, Recipe
from gateway.images.work import Broken, Worker
from gateway.observe import LOGGER
from schema_gen.errors import CausewayError, illegal_asset_transformation, service_unavailable

#: media types of which width and height are known
DESCRIBED: Final = frozenset(TYPES.values())

#: a worker is replaced after as many, so that what a library loses does not add up
_JOBS: Final = 500

#: a worker without a job is ended after as many seconds
_REST: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBounds:
    """`memory` in bytes, of each worker; `seconds` for one job; sides in pixels."""

    most_jobs: int = 25
    seconds: float = 7.5
    memory: int = 1024**3
    largest: int = 6000
    largest_output: int = 6000
    allowed_metadata: tuple[str, ...] = ()
    workers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Size as it is seen, after the orientation that a camera noted."""

    width: int
    height: int
    metadata: Mapping[str, Any]
    description: str | None
    tags: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """`size` in bytes."""

    type: str
    size: int
    width: int
    height: int


class Images:
    """One for each server process; belongs to the event loop in which it is first used."""

    def __init__(self, bounds: ImageBounds) -> None:
        self._bounds = bounds
        self._transforming = asyncio.Semaphore(bounds.workers or _processors())
        self._describing = asyncio.Semaphore(1)
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._jobs = 0
        self._closed = False

    async def describe(self, path: Path, type: str | None) -> Described | None:
        """None: no image, or one that cannot be read. Waits for its turn however long that takes."""
        if type not in DESCRIBED:
            return None
        request = {"do": "describe", "path": str(path), "allowed": self._bounds.allowed_metadata}
        try:
            told = await self._ask(request)
        except (Broken, TimeoutError) as error:
            _log("an image could not be looked at", str(error) or "out of time")
            return None
        if "done" not in told:
            _log("an image was not looked at", _refused(told))
            return None
        done = told["done"]
        tags = done["tags"]
        return Described(
            width=done["width"],
            height=done["height"],
            metadata=done["metadata"],
            description=done["description"],
            tags=None if tags is None else tuple(tags),
        )

    async def transform(self, source: Path, recipe: Recipe, target: Path) -> Made:
        """Writes `target`; there is none when this raises."""
        if self._jobs >= self._bounds.most_jobs:
            raise service_unavailable("files", "Server too busy", retry_after=1)
        request = {
            "do": "transform",
            "path": str(source),
            "target": str(target),
            "steps": [[step.name, step.options] for step in recipe.steps],
            "format": recipe.format,
            "quality": recipe.quality,
            "largest": self._bounds.largest,
            "largest_output": self._bounds.largest_output,
        }
        self._jobs += 1
        try:
            told = await self._ask(request, target)
        except TimeoutError as error:
            raise service_unavailable("assets", "Transformation timed out") from error
        except Broken as error:
            _log("a transformation failed", str(error))
            raise service_unavailable("assets", "Transformation failed") from error
        finally:
            self._jobs -= 1
        if "done" not in told:
            _log("a transformation was refused", _refused(told))
            raise _refusal(told["refused"])
        done = told["done"]
        return Made(type=recipe.type, size=done["size"], width=done["width"], height=done["height"])

    async def close(self) -> None:
        """Jobs that are under way fail."""
        self._closed = True
        for worker in (*self._idle, *self._busy):
            self._end(worker, None)
        self._idle.clear()
        while self._ending:
            await asyncio.gather(*self._ending)

    async def _ask(self, request: Mapping[str, Any], target: Path | None = None) -> Mapping[str, Any]:
        """One job on a worker of its own; without an answer that it is done there is no `target`. Raises
        Broken and TimeoutError.
        """
        async with self._describing if target is None else self._transforming:
            worker = await self._next()
            self._busy.add(worker)
            told: Mapping[str, Any] = {}
            try:
                async with asyncio.timeout(self._bounds.seconds):
                    told = await worker.ask({**request, "seconds": self._bounds.seconds})
            finally:
                self._busy.discard(worker)
                unfinished = None if "done" in told else target
                whole = bool(told) and told.get("refused") != "memory"
                if whole and worker.jobs < _JOBS and not self._closed:
                    self._rest(worker)
                    _remove(unfinished)
                else:
                    self._end(worker, unfinished)
            return told

    async def _next(self) -> Worker:
        """One that waits, or a new one. Raises Broken."""
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            self._end(worker, None)
        if self._closed:
            raise Broken("the server ends")
        return await Worker.start(self._bounds.memory)

    def _rest(self, worker: Worker) -> None:
        self._idle.append(worker)
        worker.timer = asyncio.get_running_loop().call_later(_REST, self._rested, worker)

    def _rested(self, worker: Worker) -> None:
        self._idle.remove(worker)
        self._end(worker, None)

    def _end(self, worker: Worker, unfinished: Path | None) -> None:
        """Killed at once; that the process is gone is waited for aside."""
        worker.kill()
        _remove(unfinished)
        task = asyncio.get_running_loop().create_task(self._gone(worker, unfinished))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _gone(self, worker: Worker, unfinished: Path | None) -> None:
        await worker.end()
        # what it may have begun after the first look
        _remove(unfinished)


def _processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _remove(path: Path | None) -> None:
    if path is not None:
        path.unlink(missing_ok=True)


def _log(what: str, why: str) -> None:
    logging.getLogger(LOGGER).warning("%s: %s", what, why)


def _refused(told: Mapping[str, Any]) -> str:
    """Why, and which error it was in the worker: it may be one of ours."""
    return f"{told['refused']} ({told['cause']})" if told.get("cause") else str(told["refused"])


def _refusal(reason: str) -> CausewayError:
    if reason in ("unreadable", "large", "memory"):
        return illegal_asset_transformation(("width", "height"))
    return illegal_asset_transformation((reason,))
