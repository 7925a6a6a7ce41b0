"""Requests that the OpenAPI document of a caller describes, made by Schemathesis: what comes back is what the
document says.

Each caller asks what its own document has, on both databases, against the demo site in process. No 5xx, no
status, content type or body that is not in the document. FUZZ_EXAMPLES=2000 asks more.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, get_args

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from schema_gen.model import FieldType
from tests.conftest import MakeDatabase
from tests.fuzz.test_requests import CALLERS
from tests.support.openapi import Fits, operations
from tests.support.project import Site, change, running
from tests.support.seeds import seed_demo

BASE = "http://causeway.example"
load_all_checks()
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
PROMISES = CHECKS.get_by_names(["not_a_server_error", "status_code_conformance", "content_type_conformance"])
#: logging out and deleting oneself would end the run; documents of half a megabyte tell nothing new; where
#: nothing answers, nothing is imported
NOT_ASKED = ("/files/import", "/users/me", "/server/specs", "/utils/cache/clear")

EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "120"))
STRUCTURE: Final = ("/collections", "/fields", "/relations")
#: values of what is random otherwise, so that some changes can be made
LIKELY: Final[Mapping[str, Sequence[Any]]] = {
    "collection": ("tags", "articles", "blocks", "homepage", "new_one", "articles_tags", "directus_users"),
    "related_collection": ("authors", "tags", "new_one", None, "directus_files"),
    "field": ("id", "name", "title", "author", "tags", "item", "new_one", "status", "email"),
    "type": get_args(FieldType),
    "schema": (
        *({}, {}, {}, None, {"is_nullable": False}, {"is_unique": True}, {"is_indexed": True}),
        *({"max_length": 20}, {"default_value": "x"}, {"default_value": 1}, {"on_delete": "CASCADE"}),
        *({"is_primary_key": True}, {"numeric_precision": 5, "numeric_scale": 9}, {"comment": "'"}),
    ),
    "meta": (
        *({}, {}, None, {"hidden": True}, {"special": ["m2o"]}, {"special": ["uuid"]}, {"note": "\x00"}),
        *({"one_field": "new_one"}, {"group": "blocks"}, {"singleton": True}, {"sort_field": "id"}),
        *({"junction_field": "tags_id"}, {"one_allowed_collections": ["tags"]}, {"options": []}),
    ),
    "fields": ([], [{"field": "id", "type": "uuid"}], [{"field": "a", "type": "string"}] * 2),
}

EACH = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


class Place:
    """No dataclass: Hypothesis would write all of it into its report, in place of the request."""

    def __init__(self, site: Site, described: Mapping[str, tuple[list[Any], Fits]]) -> None:
        self.site = site
        self.described = described
        self.seen: Counter[int] = Counter()


@pytest.fixture
async def place(make_database: MakeDatabase) -> AsyncIterator[Place]:
    limits = {"PRESSURE_LIMITER_ENABLED": "false", "QUERY_LIMIT_MAX": "50", "TUS_ENABLED": "true"}
    async with running(await make_database(seed_demo), **limits) as site:
        for name in ("editor", "reader"):
            sql = "update directus_users set token = $1 where email = $2"
            await change(site.database, sql, f"{name}-static", f"{name}@example.com")
        made = Place(site, {caller: await read(site, caller) for caller in CALLERS})
        # the table of keys is made when the first of them comes
        key = {"idempotency-key": "first"}
        await site.ask("POST", "/items/tags", {"name": "first"}, token=CALLERS["admin"], headers=key)
        yield made
        if sum(made.seen.values()) > 100:
            assert made.seen[200] > sum(made.seen.values()) // 20, made.seen


async def read(site: Site, caller: str) -> tuple[list[Any], Fits]:
    """The operations of the caller's document."""
    answer = await site.ask("GET", "/server/specs/oas", token=CALLERS[caller])
    document = json.loads(answer.body)
    schema = schemathesis.openapi.from_dict(document)
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(found) == len(list(operations(document)))
    return [one for one in found if not one.path.startswith(NOT_ASKED)], Fits(document)


async def ask(place: Place, caller: str, case: Any) -> None:
    kwargs = case.as_transport_kwargs(base_url=BASE)
    sent = requests.Request(
        **{
            name: value
            for name, value in kwargs.items()
            if name in ("method", "url", "params", "headers", "json", "data", "files", "cookies")
        }
    ).prepare()
    given = {name.lower(): str(value) for name, value in sent.headers.items()}
    headers = {
        name: value for name, value in given.items() if name not in ("authorization", "content-length")
    }
    target = str(sent.url).removeprefix(BASE)
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
    assert isinstance(body, bytes)
    answer = await place.site.ask(
        str(sent.method), target, body or None, token=CALLERS[caller], headers=headers
    )
    place.seen[answer.status] += 1
    response = httpx.Response(
        answer.status,
        headers=dict(answer.headers),
        content=answer.body,
        request=httpx.Request(str(sent.method), str(sent.url), content=body),
    )
    response.elapsed = timedelta()
    case.validate_response(response, checks=PROMISES)
    _, fits = place.described[caller]
    if answer.headers.get("content-type", "").startswith("application/json") and "export=" not in target:
        schema = fits.answer(case.operation.path, case.method.lower(), answer.status)
        assert schema is not None, f"{case.method} {target} promises no JSON: {answer.status}"
        faults = fits.faults(schema, json.loads(answer.body))
        assert not faults, f"{case.method} {target} {body!r}: {faults[:3]} in {answer.body[:300]!r}"


@EACH
@given(data=st.data(), caller=st.sampled_from(sorted(CALLERS)))
async def test_what_is_described(place: Place, data: st.DataObject, caller: str) -> None:
    described, _ = place.described[caller]
    await ask(place, caller, made(data, data.draw(st.sampled_from(described))))


@settings(EACH, max_examples=EXAMPLES // 3)
@given(data=st.data())
async def test_changes_of_the_structure(place: Place, data: st.DataObject) -> None:
    """Requests that make, change and drop tables, now and then those that are there."""
    described, _ = place.described["admin"]
    changing = [one for one in described if one.path.startswith(STRUCTURE) and one.method != "get"]
    case = made(data, data.draw(st.sampled_from(changing)))
    for place_of in (case.path_parameters, case.body):
        if isinstance(place_of, dict):
            for name in place_of.keys() & LIKELY.keys():
                if data.draw(st.integers(0, 4)):
                    place_of[name] = data.draw(st.sampled_from(LIKELY[name]))
    await ask(place, "admin", case)


def made(data: st.DataObject, operation: Any) -> Any:
    case = data.draw(operation.as_strategy())
    # with every parameter at once one of them is always wrong, and random keys are nobody's
    kept = data.draw(st.integers(0, 3))
    case.query = dict(list((case.query or {}).items())[:kept])
    if "id" in (case.path_parameters or {}) and data.draw(st.booleans()):
        case.path_parameters["id"] = data.draw(st.integers(1, 30))
    return case
