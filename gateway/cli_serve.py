"""`causeway serve`: looks at the database once, says what is missing, hands over to the server processes."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace
from typing import Any

from gateway.chosen import open_settings_database
from gateway.commands import add
from gateway.config import Settings
from gateway.secret import with_secret
from gateway.server import serve
from gateway.terminal import Terminal
from schema_gen.errors import ConfigurationError


def add_parser(commands: Any) -> None:
    serve = add(commands, "serve", serve_command, "Serve the database over HTTP. Changes nothing in it.")
    serve.add_argument("--host", help="address to listen on (HOST)")
    serve.add_argument("--port", type=int, help="port to listen on, 0 for a free one (PORT)")
    serve.add_argument("--workers", type=int, default=1, help="processes that serve (default: 1)")
    serve.add_argument("--reload", action="store_true", help="start again when Causeway's code changes")


def serve_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Does not return before the server ends. Raises ConfigurationError where it cannot start."""
    if arguments.workers < 1:
        raise ConfigurationError("--workers has to be at least 1")
    if arguments.reload and arguments.workers > 1:
        raise ConfigurationError("--reload works with one worker")
    chosen = with_secret(
        replace(
            settings,
            host=settings.host if arguments.host is None else arguments.host,
            port=settings.port if arguments.port is None else arguments.port,
        ),
        terminal.note,
    )
    asyncio.run(_look(chosen))
    serve(chosen, workers=arguments.workers, reload=arguments.reload, announce=terminal.say)
    return 0


async def _look(settings: Settings) -> None:
    """A database that cannot be opened is said here in one line, not by every worker."""
    database = await open_settings_database(settings)
    await database.close()
