"""`python -m gateway.images.worker`: requests on stdin, one answer each on stdout, until stdin ends.

    {"do": "describe", "path": ..., "allowed": [...], "seconds": 7.5}
    {"do": "transform", "path": ..., "target": ..., "steps": [...], "format": ..., "quality": ...,
     "largest": 6000, "largest_output": 6000, "seconds": 7.5}
    -> {"done": {...}} or {"refused": "unreadable" | "large" | "memory" | name of a step, "cause": ...}

`cause`: the error behind a refusal, for the log; null where the image was just looked at.

The first argument is the bound on memory in bytes. The first answer, before any request, says that it is
ready.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO

from gateway.images.frames import HEAD, LONGEST, pack
from gateway.images.geometry import placed
from gateway.images.worker.limits import bound_job, bound_process
from gateway.images.worker.metadata import iptc_of, metadata_of
from gateway.images.worker.opening import Refused, opened, prepare_library, seen_size, turned, upright
from gateway.images.worker.pixels import perform
from gateway.images.worker.saving import save

#: what is described, not decoded; the largest that common image libraries take
_MOST_PIXELS = 0x3FFF * 0x3FFF
#: characters of an error that are told
_LONGEST_CAUSE = 300


def main() -> None:
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    bound_process(int(sys.argv[1]))
    prepare_library()
    _send(answers, {"done": {}})
    while (request := _next(requests)) is not None:
        _send(answers, _answer(request))


def _next(requests: BinaryIO) -> Mapping[str, Any] | None:
    head = requests.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    (length,) = HEAD.unpack(head)
    body = requests.read(length) if length <= LONGEST else b""
    return json.loads(body) if len(body) == length else None


def _send(answers: BinaryIO, message: Mapping[str, Any]) -> None:
    answers.write(pack(message))
    answers.flush()


def _answer(request: Mapping[str, Any]) -> Mapping[str, Any]:
    bound_job(request["seconds"])
    try:
        return {"done": (_describe if request["do"] == "describe" else _transform)(request)}
    except Refused as refused:
        return {"refused": refused.reason, "cause": _told(refused.__cause__)}
    except MemoryError:
        return {"refused": "memory"}


def _told(cause: BaseException | None) -> str | None:
    return None if cause is None else repr(cause)[:_LONGEST_CAUSE]


def _describe(request: Mapping[str, Any]) -> Mapping[str, Any]:
    with opened(request["path"], _MOST_PIXELS) as image:
        width, height = seen_size(image)
        iptc = iptc_of(image)
        return {
            "width": width,
            "height": height,
            "metadata": metadata_of(image, request["allowed"]),
            "description": iptc.get("caption"),
            "tags": iptc.get("keywords"),
        }


def _transform(request: Mapping[str, Any]) -> Mapping[str, Any]:
    largest = request["largest"]
    steps = [(name, options) for name, options in request["steps"]]
    with opened(request["path"], largest * largest) as image:
        size = seen_size(image)
        if max(size) > largest:
            raise Refused("large")
        if image.format in ("JPEG", "MPO") and steps and steps[0][0] == "resize":
            _shrink(image, size, steps[0][1])
        made = perform(upright(image), steps, request["largest_output"], size)
        written = save(made, request["format"], request["quality"], request["target"])
    return {"size": written, "width": made.width, "height": made.height}


def _shrink(image: Any, size: tuple[int, int], options: Mapping[str, Any]) -> None:
    """A JPEG can be decoded smaller: as long as it stays larger than what is made of it."""
    width, height = placed(size, options).scaled
    image.draft(None, (height, width) if turned(image) else (width, height))


if __name__ == "__main__":
    main()
