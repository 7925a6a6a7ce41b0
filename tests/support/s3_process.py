"""The process of a throw-away S3 server: `python -m tests.support.s3_process DIRECTORY`.

`moto` keeps the objects in memory. A process of its own, so that the memory of what is tested is its own too,
and that importing moto (a second) is paid once in a run. DIRECTORY/url is written when it answers.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server


def serve(directory: Path) -> None:
    # a line for each request would be the largest file of the run
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    (directory / "pid").write_text(str(os.getpid()))
    unsaved = directory / "url.new"
    unsaved.write_text(f"http://127.0.0.1:{server.port}")
    unsaved.rename(directory / "url")
    server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
