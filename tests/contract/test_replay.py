"""The recorded conversations with a Directus, replayed against a server process of ours that begins empty.

Every step has to match what was recorded, but for those that `docs/compatibility.md` lists with a reason; a
step that is listed and matches all the same is told too, so that the list stays true.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import ROOT, MakeDatabase
from tests.support.project import ADMIN_TOKEN
from tests.support.server import ServerProcess, causeway, running_server
from tests.support.session import Dialect

#: groups that share a server, of about the same length
SHARES: Final = (
    ("auth", "collections", "fields", "graphql-system"),
    ("query", "graphql-read", "graphql-write"),
    ("permissions", "presets", "relations-api", "schema-api", "settings", "users"),
    ("assets", "items-crud", "relations", "server", "utils", "files"),
)
PAGE: Final = ROOT / "docs" / "compatibility.md"
#: what the recordings ask of the server (see their own description)
ADMIN: Final = {"ADMIN_EMAIL": "admin@example.com", "ADMIN_PASSWORD": "password", "ADMIN_TOKEN": ADMIN_TOKEN}
_ROW: Final = re.compile(
    r"^\| `(?P<scenario>[a-z-]+/[a-z0-9-]+)` \| `(?P<step>.+?)` \| (?P<why>.+) \|$", re.M
)
#: of rows that hold there alone
_POSTGRESQL: Final = "on PostgreSQL:"
#: steps that are sent at once after another one; where half a minute ends between them they match
_BY_THE_CLOCK: Final = "auth/tfa"
#: seconds for all of them; they take some, but the machine may be busy with other tests
_PATIENCE: Final = 300


def departures() -> Mapping[tuple[str, str], str]:
    """(scenario, step) -> why the answer is another one on purpose; of one database where it says so."""
    return {
        (row["scenario"], row["step"].replace("\\|", "|")): row["why"]
        for row in _ROW.finditer(PAGE.read_text(encoding="utf-8"))
    }


@contextmanager
def empty_server(url: str, directory: Path) -> Iterator[ServerProcess]:
    made = causeway(url, directory, "bootstrap", **ADMIN)
    assert made.returncode == 0, made.stderr
    with running_server(url, directory) as server:
        yield server


@pytest.mark.reference
@pytest.mark.parametrize("groups", SHARES, ids="+".join)
async def test_steps_are_answered_as_recorded(
    groups: tuple[str, ...],
    make_database: MakeDatabase,
    dialect: Dialect,
    tmp_path: Path,
    reference_dir: Path,
) -> None:
    found = tmp_path / "found.json"
    with empty_server(await make_database(), tmp_path) as server:
        played = subprocess.run(
            [
                sys.executable,
                str(reference_dir / "conformance" / "replay.py"),
                *("--url", server.url, "--token", ADMIN_TOKEN, "--json", str(found)),
                *(part for group in groups for part in ("--group", group)),
            ],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    assert found.is_file(), played.stdout + played.stderr
    report: dict[str, Any] = json.loads(found.read_text())
    assert set(report["groups"]) == set(groups)
    assert [one["scenario"] for one in report["scenarios"] if one["setup_problems"]] == []
    known = {
        place
        for place, why in departures().items()
        if dialect == "postgresql" or not why.startswith(_POSTGRESQL)
    }
    unlike: list[str] = []
    for one in report["scenarios"]:
        place = f"{one['group']}/{one['scenario']}"
        for step in one["steps"]:
            listed = (place, step["step"]) in known
            if not step["ok"] and not listed:
                unlike.append(f"{place}: {step['step']}: {step['diff']}")
            if step["ok"] and listed and place != _BY_THE_CLOCK:
                unlike.append(f"{place}: {step['step']}: listed as another answer, and matches")
    assert unlike == []


@pytest.mark.reference
def test_what_is_listed_was_recorded(reference_dir: Path) -> None:
    folder = reference_dir / "conformance" / "scenarios"
    assert {place for place, _ in departures() if not (folder / f"{place}.json").is_file()} == set()
