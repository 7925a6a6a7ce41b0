"""What a running Directus answered, asked of this server: the reading steps of the recorded scenarios.

Answers are compared as the recordings' own README says: the order of keys never matters, the order of lists
only where the request sorts, errors by their code. The reference answers differently on its two databases
(numbers as text, nulls first or last); this server answers alike on both, with either of those answers.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.project import ADMIN_TOKEN, running, seed_system
from tests.support.scenarios import Step, prepare

SCENARIOS = (
    "query/fields",
    "query/alias-deep",
    "query/filter-numbers-dates",
    "query/filter-strings",
    "query/group",
    "query/sort-page",
    "relations/m2a",
    "relations/tree",
    "permissions/reader",
    "items-crud/singleton",
    "graphql-read/lists",
    "graphql-read/aggregated",
)

#: (scenario, what path or body hold) -> why the answer is another one on purpose
ON_PURPOSE = {
    ("query/filter-strings", "_nicontains"): "the operator exists here",
    ("graphql-read/lists", "author { __typename }"): "an author that is there is no null",
    (
        "permissions/reader",
        "name%22%3A%7B%22_eq%22%3A%22Bob",
    ): "items that a rule hides cannot be found by asking",
}


@pytest.fixture(scope="session")
def replay(reference_dir: Path) -> ModuleType:
    """The comparison that came with the recordings."""
    found = importlib.util.spec_from_file_location("replay", reference_dir / "conformance" / "replay.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.reference
@pytest.mark.parametrize("name", SCENARIOS)
async def test_reading_steps_are_answered_as_recorded(
    name: str, make_database: MakeDatabase, reference_dir: Path, replay: ModuleType
) -> None:
    scenario = json.loads((reference_dir / "conformance" / "scenarios" / f"{name}.json").read_text())
    saved: dict[str, Any] = {}
    wrong: list[str] = []
    url = await make_database(seed_system)
    async with running(url) as maker:
        steps = await prepare(maker.database, scenario, saved)
    async with running(url) as site:
        for step in steps:
            method, path, options = replay.build(step, _variables(replay, saved), ADMIN_TOKEN)
            body = options.get("content", b"")
            if any(name == place and part in f"{path} {body.decode()}" for place, part in ON_PURPOSE):
                continue
            headers = {header.lower(): value for header, value in options["headers"].items()}
            answer = await site.ask(method, path, body or None, headers=headers)
            accepted = [step["expect"], *step.get("expect_on", {}).values()]
            found = [_differences(replay, step, expected, answer) for expected in accepted]
            if all(found):
                wrong += [f"{method} {path} {body!r}", *map(str, found[0])]
    assert steps
    assert not wrong, "\n".join(wrong)


def _variables(replay: ModuleType, saved: dict[str, Any]) -> Any:
    variables = replay.Vars(saved)
    variables.values.update(saved)
    return variables


def _differences(
    replay: ModuleType, step: Step, expected: dict[str, Any], answer: Answer
) -> list[tuple[str, Any, Any]]:
    if expected["status"] >= 500 and answer.status >= 400:
        return []
    if expected["status"] != answer.status:
        return [("status", expected["status"], f"{answer.status} {answer.body[:300]!r}")]
    if step.get("compare") == "status":
        return []
    media = answer.headers.get("content-type", "").partition(";")[0]
    if media != expected["headers"]["media-type"]:
        return [("media type", expected["headers"]["media-type"], media)]
    if media != "application/json":
        return list(replay.diff_exact(expected["body"], {"$text": answer.body.decode()}, "body"))
    body = json.loads(answer.body)
    wanted = expected["body"]
    if answer.status >= 400 or "errors" in body or "errors" in wanted:
        wrong = list(replay.diff_errors(wanted, {**replay.error_view(body)}))
        wanted, body = wanted.get("data"), body.get("data")
    else:
        wrong = []
    return [*wrong, *replay.diff_exact(wanted, replay.unordered(body, step.get("ordered")), "body")]
