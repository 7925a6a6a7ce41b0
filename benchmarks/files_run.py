"""The part of a run that is about files: servers, the files in them, what they answer, and the figures.

    figures = file_figures(options, workloads, postgres, plan, rows, notes, progress)

On copies of the databases as those that write, on one database: bytes do not pass through it. What was
uploaded is deleted after each window.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from PIL import Image

from benchmarks.answers import fetch, token_of
from benchmarks.content import Content
from benchmarks.files import ASSETS, CACHED, COLD, FILES, SHOWN, UPLOADS, blob, photo
from benchmarks.files_load import Sending, multipart
from benchmarks.load import Sample
from benchmarks.measure import forget_peak, peak_bytes, process_tree, resident_bytes
from benchmarks.memory import receiving_figures
from benchmarks.places import CACHE, Postgres
from benchmarks.results import Figures
from benchmarks.rounds import Cell, Plan, cell, generated, processes_of, window
from benchmarks.servers import START_TIMEOUT, Target, free_port, wait_for_port
from benchmarks.stores import open_stores
from benchmarks.tables import ADMIN_TOKEN, Dialect
from benchmarks.workloads import Workload
from tests.support.server import ROOT

ROUNDS: Final = 3
#: seconds of a window, at least: an upload of 100 MB takes about one
WINDOW: Final = 1.0
#: seconds of uploads before those that count
WARM_UP: Final = 0.3
#: images of one window that nobody has asked for before
COLD_IMAGES: Final = 8
#: workload -> what may be asked for: keys of files, of the floor their names
Keys = Mapping[str, Sequence[str]]


def file_figures(
    options: argparse.Namespace,
    workloads: Sequence[Workload],
    postgres: Postgres,
    plan: Plan,
    rows: Content,
    notes: list[str],
    progress: Callable[[str], None],
) -> Figures:
    dialect: Dialect = "postgresql" if "postgresql" in options.databases else "sqlite"
    narrowed = argparse.Namespace(**{**vars(options), "databases": dialect})
    with ExitStack() as stack:
        stores = open_stores(stack, narrowed, postgres, rows, notes, progress)
        directory = CACHE / "floor"
        directory.mkdir(exist_ok=True)
        keys: dict[Target, Keys] = {}
        for target in [store.target for store in stores]:
            stack.callback(cleared, target, ())
            try:
                keys[target] = uploaded(target, CACHE, rounds=_rounds(plan), images=_images(workloads))
            except RuntimeError as error:
                notes.append(f"no figures of files: {error}")
                progress(notes[-1])
        floor = stack.enter_context(files_floor(dialect, directory))
        keys[floor] = {name: [blob(directory, size).name] for name, size in ASSETS.items()}
        mismatches = [text for one in workloads for text in unlike_files(one, keys)]
        for text in mismatches:
            progress(f"answers differ: {text}")
        cells: list[Cell] = []
        for workload in workloads:
            progress(f"{workload.title}, {workload.connections[0]} connections")
            cells += measured(plan, workload, keys)
        return Figures(
            cells=tuple(cells),
            mismatches=tuple(mismatches),
            versions={one.system: one.version for one in keys if one.version},
            receiving=_receiving(keys, progress),
        )


def _receiving(keys: Mapping[Target, Keys], progress: Callable[[str], None]) -> Mapping[str, float]:
    """Of ours, if files can be uploaded to it."""
    ours = next((target for target in keys if target.system == "causeway"), None)
    return {} if ours is None else receiving_figures(ours, CACHE, progress)


def _rounds(plan: Plan) -> int:
    return min(plan.rounds, ROUNDS)


def _images(workloads: Sequence[Workload]) -> bool:
    return any(one.name in (CACHED, COLD) for one in workloads)


@contextmanager
def files_floor(dialect: Dialect, directory: Path) -> Iterator[Target]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.files_floor", str(directory), str(port)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, process)
        yield Target(system="floor", dialect=dialect, port=port, pid=process.pid, store=None, version="")
    finally:
        process.terminate()
        process.wait(START_TIMEOUT)


# --- files in the servers -----------------------------------------------------------------------------------


def uploaded(target: Target, directory: Path, *, rounds: int, images: bool) -> Keys:
    """What the workloads ask for; one image more than are asked for cold, which wakes up who makes them."""
    keys = {name: [upload(target, blob(directory, size))] for name, size in ASSETS.items()}
    wanted = 1 + rounds * COLD_IMAGES if images else 0
    copies = [upload(target, photo(directory), "image/jpeg") for _ in range(wanted)]
    nothing = {name: [""] for name in UPLOADS}
    return {**keys, **nothing, CACHED: copies[:1], COLD: copies[1:]}


def upload(target: Target, file: Path, kind: str = "application/octet-stream") -> str:
    """The key of the new file. Raises RuntimeError where it was refused."""
    before, after = multipart("", target.port, ADMIN_TOKEN, file, kind)
    body = before.partition(b"\r\n\r\n")[2] + file.read_bytes() + after
    content_type = next(line for line in before.split(b"\r\n") if line.startswith(b"Content-Type"))
    headers = {"Content-Type": content_type.partition(b": ")[2].decode()}
    key: str = _asked(target, "POST", "/files?fields=id", body, headers)["id"]
    return key


def cleared(target: Target, kept: Sequence[str]) -> None:
    """Deletes all files but those."""
    found = _asked(target, "GET", "/files?fields=id&limit=-1", None, {})
    gone = [row["id"] for row in found if row["id"] not in kept]
    if gone:
        _asked(target, "DELETE", "/files", json.dumps(gone).encode(), {"Content-Type": "application/json"})


def _asked(target: Target, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=120)
    try:
        connection.request(method, path, body, {**headers, "Authorization": f"Bearer {ADMIN_TOKEN}"})
        reply = connection.getresponse()
        said = reply.read()
    finally:
        connection.close()
    if reply.status >= 300:
        raise RuntimeError(f"{target.label}: {method} {path}: {reply.status} {said[:200]!r}")
    return json.loads(said)["data"] if said else None


def unlike_files(workload: Workload, keys: Mapping[Target, Keys]) -> Iterator[str]:
    """What is not the file that was stored, or not an image as it was asked for, one line each."""
    for target, known in keys.items():
        if target.system not in workload.systems("admin") or workload.name in UPLOADS:
            continue
        # of the cold ones none is asked for before its time: the one that is asked for cached stands for them
        asked = CACHED if workload.name == COLD else workload.name
        status, body = fetch(target, workload.requests(target.system, "admin", known[asked])[0], "admin")
        said = None if status == 200 else f"status {status}: {body[:200]!r}"
        if said is None and workload.name in ASSETS:
            said = None if body == blob(CACHE, ASSETS[workload.name]).read_bytes() else "other bytes"
        elif said is None:
            with Image.open(BytesIO(body)) as image:
                found = (image.format, image.size)
            said = None if found == ("WEBP", SHOWN) else f"an image of {found}"
        if said is not None:
            yield f"{workload.name}, {target.label}: {said}"


# --- figures ------------------------------------------------------------------------------------------------


def measured(plan: Plan, workload: Workload, keys: Mapping[Target, Keys]) -> list[Cell]:
    """In turns, as `benchmarks.rounds.measure`; with the memory that each server took."""
    able = [target for target in keys if target.system in workload.systems("admin")]
    samples: dict[Target, list[Sample]] = {target: [] for target in able}
    broken: dict[Target, str] = {}
    memory: dict[Target, float] = {}
    for number in range(_rounds(plan)):
        turn = number % len(able)
        for target in [*able[turn:], *able[:turn]]:
            if target in broken:
                continue
            try:
                sample, taken = _window(plan, workload, target, keys[target], number)
            except RuntimeError as error:
                broken[target] = str(error)
                continue
            samples[target].append(sample)
            memory[target] = max(memory.get(target, 0.0), taken)
    return [
        replace(
            cell(workload.name, "admin", workload.connections[0], one, samples[one], broken.get(one)),
            memory=memory.get(one),
        )
        for one in able
    ]


def _window(plan: Plan, workload: Workload, target: Target, keys: Keys, number: int) -> tuple[Sample, float]:
    """And the MiB that the server had at most above what it had before."""
    if workload.name in UPLOADS:
        # each finds the memory that its bytes go through in use already, and a disk with nothing to do: on
        # virtual machines pages that nobody has used for a while cost several times as much
        _uploading(workload, target, WARM_UP, {})
        _clear(target, keys)
        os.sync()
    processes = processes_of(target, plan.admin_url)
    idle = {pid: resident_bytes(pid) for pid in processes["server"]}
    forget_peak(processes["server"])
    sample = _sample(plan, workload, target, keys, number, processes)
    tree = process_tree(target.pid)
    taken = (peak_bytes(tree) - sum(idle.get(pid, 0) for pid in tree)) / 2**20
    if workload.name in UPLOADS:
        _clear(target, keys)
    return sample, taken


def _clear(target: Target, keys: Keys) -> None:
    """What was uploaded by a window."""
    cleared(target, [key for name in FILES for key in keys[name]])


def _sample(
    plan: Plan,
    workload: Workload,
    target: Target,
    keys: Keys,
    number: int,
    processes: Mapping[str, list[int]],
) -> Sample:
    (connections,) = workload.connections
    seconds = max(plan.seconds / _rounds(plan), WINDOW)
    if workload.name in UPLOADS:
        return _uploading(workload, target, seconds, processes)
    asked = keys[workload.name]
    if workload.name == COLD:
        asked = asked[number * COLD_IMAGES : (number + 1) * COLD_IMAGES]
    requests = [
        request.on_the_wire(target.port, token_of(target.system, "admin"))
        for request in workload.requests(target.system, "admin", asked)
    ]
    if workload.name == COLD:
        sending = Sending(
            port=target.port, requests=requests, connections=connections, seconds=0, processes=processes
        )
        return generated("benchmarks.files_load", sending.to_json(), 0, target.label)
    return window(target, requests, connections=connections, seconds=seconds, settle=0.2, processes=processes)


def _uploading(
    workload: Workload, target: Target, seconds: float, processes: Mapping[str, list[int]]
) -> Sample:
    file = blob(CACHE, UPLOADS[workload.name])
    (request,) = workload.requests(target.system, "admin", [""])
    before, after = multipart(request.path, target.port, ADMIN_TOKEN, file)
    sending = Sending(
        port=target.port,
        requests=[before],
        connections=workload.connections[0],
        seconds=seconds,
        body=str(file),
        after=after,
        processes=processes,
    )
    return generated("benchmarks.files_load", sending.to_json(), seconds, target.label)
