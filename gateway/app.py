"""Which door answers which path, and the application that is made of them.

    create_app(settings) -> ASGI application

The table is all there is of routing here: the first segment of a path names a door, everything else is REST.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from gateway.assembly import open_project
from gateway.assets.door import assets_door
from gateway.auth_http import auth_door
from gateway.config import Settings
from gateway.config_load import load_settings
from gateway.files_http import files_door
from gateway.graphql_http import explorer_door, graphql_door
from gateway.observe import AccessLog
from gateway.rest_http import rest_door
from gateway.root_http import root_door
from gateway.server_http import server_door
from gateway.shell import Application, Doors

DOORS: Final = Doors(
    by_segment={
        "": root_door,
        "robots.txt": root_door,
        "assets": assets_door,
        "auth": auth_door,
        "files": files_door,
        "graphiql": explorer_door,
        "graphql": graphql_door,
        "server": server_door,
    },
    other=rest_door,
    streaming=frozenset({"files"}),
)


def create_app(settings: Settings) -> Application:
    """Logs requests to standard output where LOG_LEVEL asks for it."""
    access_log = None
    if settings.log_level in ("info", "debug", "trace"):
        access_log = AccessLog(sys.stdout, style=settings.log_style, ignore=settings.log_http_ignore_paths)
    return Application(settings, open_project, DOORS, access_log)


def app_from_environment() -> Application:
    """For `uvicorn --factory gateway.app:app_from_environment` and `--reload`. Raises ConfigurationError."""
    return create_app(load_settings(os.environ, Path.cwd()))
