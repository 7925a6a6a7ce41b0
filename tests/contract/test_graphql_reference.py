"""The GraphQL schemas and answers of a Directus 12 server, beside ours on the same database.

What was recorded is in `tests/data/directus12_graphql.json`; every departure is listed here, with its reason.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from resolvers.context import Actor, RequestContext
from resolvers.permissions import UNRESTRICTED
from resolvers.structure.signatures import PUBLIC
from schema_gen.graphql.build import build_schema
from schema_gen.graphql.view import Everything
from schema_gen.naming import Scope
from tests.data.make_directus12_graphql import shapes
from tests.support.blog import NOW
from tests.support.project import Site, running

DATA = Path(__file__).parents[1] / "data"
RECORDED = json.loads((DATA / "directus12_graphql.json").read_text())

#: types of what cannot be done yet (versions, subscriptions), by their names
LATER = re.compile(
    r"version_|Subscription|EventEnum|"
    r"(update_)?directus_extensions(_meta|_schema|_input.*)?$|"
    r".*_mutated$"
)
LATER_ROOTS = re.compile(
    r".*_by_version|extensions|"
    r"(create|update|delete)_(extensions|deployments)_(items?|batch)$"
)
#: types that one scope of the reference shows only because subscriptions speak of every collection
SUBSCRIBED: Mapping[Scope, re.Pattern[str]] = {
    "items": re.compile(r"directus_|Hash|GraphQLBigInt"),
    "system": re.compile(r"(?!directus_|server_|auth_|policy_|[a-z_]*operators$)"),
}
#: the reference says String, gives an object where a client asks, and fails; values are only tested for null
BETTER_TYPED = re.compile(r"(create_|update_)?places(_filter|_input)?\.f_geometry_|kinds_filter\.f_binary")
#: a default of false is a default: nobody has to send what the database fills in
DEFAULTS = re.compile(
    r"create_directus_(panels_input\.show_header|policies_input\.(\w+_access|enforce_tfa)) "
)
#: what is encrypted is compared with nothing: there would be only secrets to be guessed
UNGUESSED = re.compile(r"directus_deployments_filter\.credentials ")
#: null for system collections and their fields; where one is asked for, the reference fails
NOT_OF_SYSTEM = re.compile(
    r"directus_fields_meta\.id |directus_collections_meta\.(archive_app_filter|collapse|status|versioning) "
)
#: ways to say what plain lists and objects cannot, and to create or update; the name and the table of a new
#: collection, without which the reference's input can make none
MORE_WAYS = re.compile(
    r".*_changes$|any_key_input$|item__|write_directus_collections_(schema_)?input$|"
    # whether somebody may do something, and why; hashes, which Directus 12.1 has taken away
    r"permissions_simul|utils_hash_|"
    # where one is logged in
    r"(delete_)?users_me_sessions?$"
)
#: of the answers about the server itself
ABOUT_SERVER = re.compile(r"server_info|binary_filter_operators")
#: min and max of dates and big integers, and the types that hold them
RICHER = re.compile(r".*_aggregated(_fields)?$")


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    path = tmp_path_factory.mktemp("directus") / "directus12.sqlite"
    path.write_bytes(gzip.decompress((DATA / "directus12.sqlite.gz").read_bytes()))
    async with running(f"sqlite:///{path}") as opened:
        yield opened


def readable(types: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Object and input types, without the arguments that only versions have, or only ours."""
    found: dict[str, dict[str, str]] = {}
    for name, fields in types.items():
        if LATER.match(name) or not isinstance(fields, dict):
            continue
        found[name] = {
            field: _NOT_SHARED.sub("", signature).replace("()", "")
            for field, signature in fields.items()
            if not (name in ("Query", "Mutation") and LATER_ROOTS.match(field))
        }
    return found


_NOT_SHARED = re.compile(r"(, )?version: String|, on_conflict: \[String!\]")


async def ours(site: Site, scope: Scope) -> dict[str, Any]:
    admin = Actor(kind="user", user="00000000-0000-0000-0000-000000000000", admin=True)
    context = RequestContext(actor=admin, rules=UNRESTRICTED, now=NOW)
    schema = site.project.graphql.schema(scope, context)._schema
    return shapes(schema)


@pytest.mark.parametrize("scope", ["items", "system"])
async def test_every_type_and_field(site: Site, scope: Scope) -> None:
    reference, mine = readable(RECORDED["schemas"][scope]), readable(await ours(site, scope))
    missing = {name for name in reference if name not in mine}
    assert {name for name in missing if not SUBSCRIBED[scope].match(name)} == set()
    different: list[str] = []
    for name, fields in reference.items():
        for field, signature in fields.items():
            found = mine.get(name, {}).get(field)
            if name in missing or found == signature:
                continue
            # counting a relation asks for a column that there is not, and fails
            if name.endswith("_aggregated_count") and found is None:
                continue
            different.append(f"{name}.{field} is {found}, not {signature}")
    on_purpose = (BETTER_TYPED, DEFAULTS, ABOUT_SERVER, UNGUESSED, NOT_OF_SYSTEM)
    assert [told for told in different if not any(known.match(told) for known in on_purpose)] == []


#: what is made has a name, and a table
NAMED = {
    ("write_directus_collections_input", "collection"),
    ("write_directus_collections_input", "schema"),
}


async def test_the_roots_that_change_the_structure(site: Site) -> None:
    """Names and types of the roots, whether they are bound to anything or not."""
    bundle = site.project.holder.current
    everything = Everything(bundle.snapshot)
    signatures = tuple(PUBLIC.values())
    mine = shapes(build_schema(bundle.snapshot, bundle.names, everything, "system", signatures))
    reference = RECORDED["schemas"]["system"]
    family = re.compile(r"(write_)?directus_(collections|fields|relations)(_|$)(?!filter|aggregated|mutated)")
    names = {name for name in reference if family.match(name)} | {
        "delete_collection",
        "delete_field",
        "delete_relation",
    }
    different = [
        f"{name}.{field} is {mine[name].get(field)}, not {signature}"
        for name in names
        for field, signature in reference[name].items()
        if mine[name].get(field) != signature
    ]
    assert [told for told in different if not NOT_OF_SYSTEM.match(told)] == []
    assert {(name, field) for name in names for field in mine[name] if field not in reference[name]} == NAMED
    for kind in ("Query", "Mutation"):
        for name, signature in PUBLIC.items():
            if (signature.kind == "query") == (kind == "Query"):
                assert mine[kind][name] == reference[kind][name], name


@pytest.mark.parametrize("scope", ["items", "system"])
async def test_what_is_ours_alone(site: Site, scope: Scope) -> None:
    reference, mine = readable(RECORDED["schemas"][scope]), await ours(site, scope)
    more = {
        (name, field)
        for name, fields in mine.items()
        if isinstance(fields, dict) and not RICHER.match(name) and not ABOUT_SERVER.match(name)
        for field in fields
        if name not in reference or field not in reference[name]
    }
    assert {one for one in more if not MORE_WAYS.match(one[0]) and not MORE_WAYS.match(one[1])} == set()


async def test_upserts_are_offered(site: Site) -> None:
    mine = await ours(site, "items")
    assert mine["Mutation"]["create_tags_item"] == (
        "(data: create_tags_input!, on_conflict: [String!]): tags"
    )


async def test_unions_and_scalars(site: Site) -> None:
    mine = await ours(site, "items")
    for name, value in RECORDED["schemas"]["items"].items():
        if name in mine and not isinstance(value, dict):
            assert mine[name] == value


#: requests whose recorded answer is not ours, and what ours is
BETTER: Mapping[str, tuple[int, Any]] = {
    # one value stands for a list of it, as the language has it
    "{ articles(filter: {_and: {id: {_in: [1, 2]}}}) { id } }": (
        200,
        {"data": {"articles": [{"id": "2"}, {"id": "1"}]}},
    ),
    # refused in both, here with the name of what is missing
    "query ($x: GraphQLStringOrFloat) { articles(filter: {id: {_eq: $x}}) { id } }": (
        200,
        {
            "errors": [
                {
                    "message": 'Invalid query. The variable "$x" has no value.',
                    "extensions": {"code": "INVALID_QUERY", "reason": 'The variable "$x" has no value'},
                    "locations": [{"line": 1, "column": 36}],
                    "path": ["articles"],
                }
            ]
        },
    ),
}


_SUGGESTION = re.compile(r" Did you mean [^?]*\?")


@pytest.mark.parametrize(
    "recorded", RECORDED["answers"], ids=lambda entry: str(entry["request"].get("query"))
)
async def test_every_answer(site: Site, recorded: Mapping[str, Any]) -> None:
    query = str(recorded["request"].get("query"))
    path = "/graphql" if recorded["scope"] == "items" else "/graphql/system"
    answer = await site.ask("POST", path, recorded["request"], token="admin-token")
    status, body = BETTER.get(query, (recorded["status"], recorded["body"]))
    assert answer.status == status
    assert plain(json.loads(answer.body)) == plain(body)


def plain(body: Any) -> Any:
    """Without suggestions, which tell of names that may be hidden: ours makes none. Errors about a key of an
    object are told at the object.
    """
    if isinstance(body, dict):
        if _ABOUT_KEY.match(str(body.get("message"))):
            return {"message": _SUGGESTION.sub("", body["message"])}
        return {key: plain(value) for key, value in body.items()}
    if isinstance(body, list):
        return [plain(item) for item in body]
    return _SUGGESTION.sub("", body) if isinstance(body, str) else body


_ABOUT_KEY = re.compile(r'Field "\w+" is not defined by type')
