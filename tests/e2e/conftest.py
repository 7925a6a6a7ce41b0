from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.support.node import npm, path
from tests.support.session import TestRun

SDK: Final = Path(__file__).parent / "sdk"


@pytest.fixture(scope="session")
def node_modules(test_run: TestRun) -> Path:
    """The official client, as npm has it, and TypeScript, installed once for all workers; tests are skipped
    with a word where npm cannot get them, except in CI.
    """

    def install(directory: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SDK / name, directory)
        if shutil.which("npm", path=path()) is None:
            raise LookupError("npm was not found")
        got = npm(directory, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
        if got.returncode != 0:
            raise LookupError(f"npm could not get @directus/sdk and typescript: {got.stderr[-500:]}")

    try:
        return test_run.made_once("node", install) / "node_modules"
    except LookupError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, node_modules: Path) -> Path:
    """A directory of the module with the files of `sdk/`, and what they import."""
    directory = tmp_path_factory.mktemp("sdk")
    shutil.copytree(SDK, directory, dirs_exist_ok=True)
    (directory / "node_modules").symlink_to(node_modules)
    return directory
