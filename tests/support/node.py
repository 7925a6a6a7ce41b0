"""Node.js of the system, or the one that `make explorer` may have put beside Python."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path


def path() -> str:
    """A PATH with both."""
    return os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))


def environment() -> dict[str, str]:
    return {**os.environ, "PATH": path()}


def npm(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", *arguments],
        cwd=directory,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
