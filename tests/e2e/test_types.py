"""The types of `causeway types` with the compiler of the language and the client that they are for."""

from __future__ import annotations

from pathlib import Path

from rest_bridge.client_types.typescript import typescript
from tests.rest_bridge.test_client_types import odd
from tests.support.node import npm
from tests.support.seeds import seed_demo
from tests.support.server import causeway


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
