"""The workloads of files: uploads, bytes as they are stored, and images made smaller, cold and cached.

    FILES["asset_100kb"].requests("causeway", "admin", keys)     GET /assets/..., one for each file

Contents are made once from a fixed seed: a photo of 2,000 x 1,500 points with the grain that photos have, and
bytes that nothing compresses. The floor of stored bytes is a Starlette application with `FileResponse`
(`benchmarks.files_floor`); there is none of uploads and of images.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image

from benchmarks.workloads import Parameters, Request, System, Workload

#: one word for all of them on the command line
ALL_FILES: Final = "files"
KB: Final = 1000
MB: Final = 1000 * KB
#: workload -> bytes that one request uploads
UPLOADS: Final[Mapping[str, int]] = {"upload_1mb": MB, "upload_100mb": 100 * MB}
#: workload -> bytes of the file that is asked for
ASSETS: Final[Mapping[str, int]] = {"asset_100kb": 100 * KB, "asset_10mb": 10 * MB}
COLD: Final = "transform_cold"
CACHED: Final = "transform_cached"
PHOTO: Final = (2000, 1500)
SHOWN: Final = (400, 300)
SHOWN_AS: Final = f"width={SHOWN[0]}&height={SHOWN[1]}&format=webp&quality=80"
_SEED: Final = 20_240


def _each(keys: Sequence[Any]) -> list[Parameters]:
    return [(key,) for key in keys]


def _uploaded(given: Parameters) -> Request:
    return Request(path="/files?fields=id", method="POST")


def _stored(given: Parameters) -> Request:
    return Request(path=f"/assets/{given[0]}")


def _shown(given: Parameters) -> Request:
    return Request(path=f"/assets/{given[0]}?{SHOWN_AS}")


def _plain(given: Parameters) -> Request:
    """`given`: the name of a file of the floor."""
    return Request(path=f"/{given[0]}")


def _workload(
    name: str,
    title: str,
    ask: Callable[[Parameters], Request],
    connections: int,
    floor: Callable[[Parameters], Request] | None = None,
) -> Workload:
    asked: dict[System, Callable[[Parameters], Request]] = {"causeway": ask, "directus": ask}
    if floor is not None:
        asked["floor"] = floor
    return Workload(
        name=name, title=title, door="files", ask=asked, parameters=_each, connections=(connections,)
    )


FILES: Final[Mapping[str, Workload]] = {
    workload.name: workload
    for workload in (
        _workload("upload_1mb", "upload 1 MB", _uploaded, 8),
        _workload("upload_100mb", "upload 100 MB", _uploaded, 1),
        _workload("asset_100kb", "asset 100 kB as stored", _stored, 16, _plain),
        _workload("asset_10mb", "asset 10 MB as stored", _stored, 4, _plain),
        _workload(CACHED, "JPEG 2000x1500 as WebP 400x300, cached", _shown, 16),
        _workload(COLD, "JPEG 2000x1500 as WebP 400x300, cold", _shown, 2),
    )
}


def blob(directory: Path, size: int) -> Path:
    """A file of so many bytes that nothing compresses."""
    path = directory / f"blob-{size}.bin"
    if not path.exists() or path.stat().st_size != size:
        path.write_bytes(random.Random(_SEED).randbytes(size))
    return path


def photo(directory: Path) -> Path:
    """Coloured areas that run into each other, under the grain of a sensor: about 700 kB."""
    path = directory / "photo.jpg"
    if not path.exists():
        chance = random.Random(_SEED)
        width, height = PHOTO
        areas = Image.frombytes("RGB", (100, 75), chance.randbytes(100 * 75 * 3))
        grain = Image.frombytes("L", (width // 2, height // 2), chance.randbytes(width * height // 4))
        smooth = areas.resize(PHOTO, Image.Resampling.BICUBIC)
        Image.blend(smooth, grain.resize(PHOTO).convert("RGB"), 0.12).save(path, quality=85)
    return path
