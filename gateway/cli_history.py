"""`causeway history`: what becomes of old activity and revisions, where the server does not see to it."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from gateway.assembly import open_project
from gateway.cli_inspect import signing_nothing
from gateway.commands import add, group
from gateway.config import Settings
from gateway.terminal import Terminal


def add_parser(commands: Any) -> None:
    add(
        group(commands, "history", "Activity and revisions."),
        "prune",
        prune_command,
        "Take away what is older than ACTIVITY_RETENTION, REVISIONS_RETENTION and FLOW_LOGS_RETENTION say.",
    )


async def prune_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    async with open_project(signing_nothing(settings)) as project:
        removed = await project.retention.run(datetime.now(UTC))
    rows = [
        ("revisions", str(removed.revisions)),
        ("activity", str(removed.activity)),
        ("runs of flows", str(removed.flow_logs)),
    ]
    terminal.table(("REMOVED", "ROWS"), rows)
    return 0
