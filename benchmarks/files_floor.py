"""The floor of stored bytes: a Starlette application that answers with `FileResponse`, and does nothing else.

    python -m benchmarks.files_floor DIRECTORY 8153

One process and the settings of uvicorn that the other floor has. `GET /NAME` is the file of that name.
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route


def application(directory: Path) -> Starlette:
    async def stored(request: Request) -> FileResponse:
        return FileResponse(directory / request.path_params["name"])

    return Starlette(routes=[Route("/{name}", stored)])


def main() -> None:
    directory, port = sys.argv[1:]
    uvicorn.run(
        application(Path(directory)),
        host="127.0.0.1",
        port=int(port),
        access_log=False,
        log_level="warning",
        server_header=False,
    )


if __name__ == "__main__":
    main()
