"""The types of `causeway types` with the compiler of the language and the client that they are for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Final

import pytest

from rest_bridge.client_types.typescript import typescript
from tests.rest_bridge.test_client_types import odd
from tests.support.seeds import seed_demo
from tests.support.server import causeway

SDK: Final = Path(__file__).parents[1] / "data" / "sdk"


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with @directus/sdk and TypeScript; skipped with a word where npm cannot get them, except in
    CI.
    """
    directory = tmp_path_factory.mktemp("sdk")
    shutil.copytree(SDK, directory, dirs_exist_ok=True)
    missing = None if shutil.which("npm", path=path()) else "npm was not found"
    if missing is None:
        got = npm(directory, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
        if got.returncode != 0:
            missing = f"npm could not get @directus/sdk and typescript: {got.stderr[-500:]}"
    if missing is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    return directory


def path() -> str:
    """With the Node.js that `make explorer` may have put beside Python."""
    return os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))


def npm(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", *arguments],
        cwd=directory,
        env={**os.environ, "PATH": path()},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


async def test_the_demo_site_with_the_sdk(workshop: Path, tmp_path: Path) -> None:
    """`use.ts` reads and writes; what it marks as mistakes are mistakes."""
    database = f"sqlite:///{tmp_path}/demo.sqlite"
    await seed_demo(database)
    made = causeway(
        database, tmp_path, "types", "--lang", "typescript", "--output", str(workshop / "schema.ts")
    )
    assert made.returncode == 0, made.stderr
    assert made.stdout == ""
    checked = npm(workshop, "exec", "--", "tsc", "-p", ".")
    assert checked.returncode == 0, checked.stdout


def test_odd_names_are_typescript(workshop: Path) -> None:
    (workshop / "odd.ts").write_text(typescript(odd()), encoding="utf-8")
    checked = npm(workshop, "exec", "--", "tsc", "--noEmit", "--strict", "odd.ts")
    assert checked.returncode == 0, checked.stdout
