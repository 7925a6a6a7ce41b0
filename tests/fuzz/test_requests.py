"""Whatever is asked: no 5xx, the protocol's envelope, in time, and nothing of what must stay hidden.

1,520 random requests of four callers (administrator, editor, reader, nobody), REST and GraphQL, on both
databases, against the demo site in process. A request that fails is printed as it was sent.
FUZZ_EXAMPLES=2000 asks more.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schema_gen.errors import STATUS
from tests.conftest import MakeDatabase
from tests.fuzz.documents import INTROSPECTION, Known, payloads
from tests.fuzz.rest import Request, requests
from tests.fuzz.words import Words
from tests.support.asgi import Answer
from tests.support.project import Site, change, running
from tests.support.seeds import TOKEN, seed_demo

CALLERS = {"admin": TOKEN, "editor": "editor-static", "reader": "reader-static", "nobody": None}
SCOPES = ("/graphql", "/graphql/system")
#: seconds after which a request hangs
LONGEST = 30
BIGGEST = 20_000_000
#: what no answer to anybody may hold
SECRETS = (b"$argon2", TOKEN.encode(), b"editor-static", b"reader-static")

# without shrinking: a request is small enough to read, and a failure is told at once
EACH = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "380")),
    deadline=None,
    phases=[Phase.generate],
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


class Place:
    """`hidden`: what only the administrator and the editor may see; `known`: the schema of each caller.

    No dataclass: Hypothesis would write all of it into its report, in place of the request.
    """

    def __init__(
        self, site: Site, words: Words, hidden: tuple[bytes, ...], known: dict[tuple[str, str], Known]
    ) -> None:
        self.site = site
        self.words = words
        self.hidden = hidden
        self.known = known
        self.seen: Counter[str] = Counter()

    def assert_reach(self) -> None:
        """Requests were answered, and refused: a grammar that only makes mistakes tests nothing."""
        asked = sum(self.seen.values())
        if asked >= 500:  # fewer where a failure ended the run
            assert self.seen["answered"] > asked // 20, self.seen
            assert self.seen["refused"] > asked // 20, self.seen


@pytest.fixture
async def place(make_database: MakeDatabase) -> AsyncIterator[Place]:
    # a busy machine is no reason to refuse here; lists of lists of all there is are no way to find anything
    limits = {"PRESSURE_LIMITER_ENABLED": "false", "QUERY_LIMIT_MAX": "200"}
    async with running(await make_database(seed_demo), **limits) as site:
        for name in ("editor", "reader"):
            sql = "update directus_users set token = $1 where email = $2"
            await change(site.database, sql, f"{name}-static", f"{name}@example.com")
        answer = await site.ask("GET", "/items/authors?fields=email&limit=-1", token=TOKEN)
        emails = tuple(row["email"].encode() for row in json.loads(answer.body)["data"] if row["email"])
        assert emails
        made = Place(
            site=site,
            words=Words.of(site.project.holder.current.snapshot),
            hidden=emails,
            known={
                (caller, scope): await schema_of(site, scope, CALLERS[caller])
                for caller in CALLERS
                for scope in SCOPES
            },
        )
        yield made
        made.assert_reach()


async def schema_of(site: Site, scope: str, token: str | None) -> Known:
    answer = await site.ask("POST", scope, {"query": INTROSPECTION}, token=token)
    assert answer.status == 200, answer.body
    return Known.of(json.loads(answer.body))


async def answered(place: Place, caller: str, method: str, target: str, **sent: Any) -> Answer:
    """The answer, which holds whatever is asked."""
    async with asyncio.timeout(LONGEST):
        answer = await place.site.ask(method, target, token=CALLERS[caller], **sent)
    assert answer.status < 500, answer.body[:500]
    assert len(answer.body) < BIGGEST
    assert answer.headers["x-content-type-options"] == "nosniff"
    for secret in SECRETS:
        assert secret not in answer.body
    if caller in ("reader", "nobody"):
        asked = f"{target}{sent}".encode()
        assert not [text for text in place.hidden if text in answer.body and text not in asked]
    return answer


def refused_well(answer: Answer) -> None:
    """The error envelope with a code that belongs to the status."""
    body = json.loads(answer.body)
    assert list(body) == ["errors"]
    assert body["errors"]
    for error in body["errors"]:
        assert isinstance(error["message"], str)
        assert STATUS[error["extensions"]["code"]] == answer.status


# --- REST ---------------------------------------------------------------------------------------------------


@EACH
@given(data=st.data(), caller=st.sampled_from(sorted(CALLERS)))
async def test_rest(place: Place, data: st.DataObject, caller: str) -> None:
    request = data.draw(requests(place.words))
    sent = {"headers": request.headers, "payload": request.body or None}
    answer = await answered(place, caller, request.method, request.target, **sent)
    place.seen["answered" if answer.status == 200 else "refused"] += 1
    rest_answer(request, answer)


def rest_answer(request: Request, answer: Answer) -> None:
    if answer.status >= 400:
        refused_well(answer)
        return
    media = answer.headers.get("content-type", "")
    if media.startswith("application/json") and "export=" not in request.target and answer.body:
        body = json.loads(answer.body)
        # the list of login providers says besides whether there is a login without one
        assert list(body) in (["data"], ["meta", "data"], ["data", "disableDefault"]), request.target


# --- GraphQL ------------------------------------------------------------------------------------------------


@EACH
@given(data=st.data(), caller=st.sampled_from(sorted(CALLERS)), scope=st.sampled_from(SCOPES))
async def test_graphql(place: Place, data: st.DataObject, caller: str, scope: str) -> None:
    payload = data.draw(payloads(place.known[caller, scope]))
    answer = await answered(place, caller, "POST", scope, payload=json.dumps(payload).encode())
    place.seen[graphql_answer(answer)] += 1


def graphql_answer(answer: Answer) -> str:
    if answer.status >= 400:
        refused_well(answer)
        return "refused"
    assert answer.status == 200
    body = json.loads(answer.body)
    assert list(body) in (["data"], ["data", "errors"], ["errors"])
    for error in body.get("errors", ()):
        assert isinstance(error["message"], str)
        code = error["extensions"]["code"]
        assert STATUS[code] < 500, error
        assert error["locations"]
        assert error["path"]
    return "refused" if "errors" in body else "answered"
