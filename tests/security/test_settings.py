"""Settings and utilities: what strangers and app users neither read, write nor make the server spend."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from schema_gen.registry import SYSTEM
from tests.support.lending import Lend
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add_policy,
    add_user,
    change,
    code,
    data,
    grant,
    running,
    seed_system,
)

APP: Final = "the-token-of-app"
#: whom administrators let write the settings
KEEPER: Final = "the-token-of-keeper"
SECRETS: Final = (
    "ai_openai_api_key",
    "ai_anthropic_api_key",
    "ai_google_api_key",
    "ai_openai_compatible_api_key",
    "license_key",
    "license_token",
)
SHOWN: Final = "**********"


async def seed_settings(url: str) -> None:
    await seed_system(url)
    async with running(url) as site:
        database = site.database
        app = await add_user(database, "app@example.com", token=APP)
        await add_policy(database, user=app, app_access=True)
        keeper = await add_user(database, "keeper@example.com", token=KEEPER)
        policy = await add_policy(database, user=keeper)
        await grant(database, policy, "directus_settings")
        await grant(database, policy, "directus_settings", "update")
        for name in SECRETS:
            await change(database, f"update directus_settings set {name} = $1", f"sk-{name}")


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_settings, CAUSEWAY_ACCESS_TTL="0")


async def test_secrets_of_the_settings_are_read_by_nobody(site: Site) -> None:
    """GHSA-r9xq-xp38-j4j3: app users do not see them, and nobody their values."""
    minimum = data(await site.ask("GET", "/settings", token=APP))
    assert not minimum.keys() & set(SECRETS)
    for name in SECRETS:
        answer = await site.ask("GET", f"/settings?fields={name}", token=APP)
        assert code(answer) == "FORBIDDEN"
        asked = {"query": f"{{ settings {{ {name} }} }}"}
        assert b"sk-" not in (await site.ask("POST", "/graphql/system", asked, token=APP)).body
    for token in (ADMIN_TOKEN, KEEPER):
        answer = await site.ask("GET", "/settings", token=token)
        assert {data(answer)[name] for name in SECRETS} == {SHOWN}
        assert b"sk-" not in answer.body
    assert code(await site.ask("GET", "/settings")) == "FORBIDDEN"


async def test_every_field_of_the_settings_is_written_and_read(site: Site) -> None:
    table = SYSTEM["directus_settings"]
    values: dict[str, Any] = {
        "boolean": True,
        "json": [{"name": "x"}],
        "integer": 5,
        "string": "all",
        "text": "x",
    }
    kept = {"id", "project_id", "project_color", "license_key", "license_token", "auth_password_policy"}
    sent = {
        field.name: values[field.storage]
        for field in table.columns
        if field.name not in kept and field.storage in values
    }
    assert len(sent) > 50
    written = data(await site.ask("PATCH", "/settings", sent, token=ADMIN_TOKEN))
    hidden = {name for name in sent if name.endswith("_api_key")}
    assert {name: written[name] for name in sent} == {
        name: SHOWN if name in hidden else value for name, value in sent.items()
    }
    assert data(await site.ask("GET", "/settings", token=ADMIN_TOKEN)) == written
    empty = dict.fromkeys(hidden)
    cleared = data(await site.ask("PATCH", "/settings", empty, token=ADMIN_TOKEN))
    assert {cleared[name] for name in hidden} == {None}


@pytest.mark.parametrize(
    "colour", ["red", "", "#12345", "#6644FF;x", "#6644FF\n", "<b>", "url(//x)", 5, ["#fff"]]
)
async def test_the_colour_of_the_project_is_a_colour(site: Site, colour: Any) -> None:
    """Pages and mails carry it."""
    answer = await site.ask("PATCH", "/settings", {"project_color": colour}, token=ADMIN_TOKEN)
    assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")
    mutation = "mutation ($c: String) { update_settings(data: {project_color: $c}) { project_color } }"
    asked = {"query": mutation, "variables": {"c": colour if isinstance(colour, str) else "red"}}
    answer = await site.ask("POST", "/graphql/system", asked, token=ADMIN_TOKEN)
    assert code(answer) == "INVALID_PAYLOAD"


async def test_colours(site: Site) -> None:
    for colour in ("#fff", "#FFFF", "#6644ff", "#6644FF80"):
        told = data(await site.ask("PATCH", "/settings", {"project_color": colour}, token=ADMIN_TOKEN))
        assert told["project_color"] == colour


async def test_licences_are_not_set_by_hand(site: Site) -> None:
    for name in ("license_key", "license_token"):
        for value in ("x", None):
            answer = await site.ask("PATCH", "/settings", {name: value}, token=ADMIN_TOKEN)
            assert code(answer) == "INVALID_PAYLOAD"


async def test_only_who_may_change_the_settings_says_whose_the_project_is(site: Site) -> None:
    """GHSA-6hpw-rhhq-6xq3: and nobody outside is told."""
    owner = {"project_owner": "eve@example.com", "org_name": "Eve", "product_updates": True}
    for token in (None, APP):
        assert code(await site.ask("POST", "/settings/owner", owner, token=token)) == "FORBIDDEN"
    told = data(await site.ask("GET", "/settings", token=ADMIN_TOKEN))
    assert (told["project_owner"], told["org_name"]) == (None, None)
    more = {**owner, "project_name": "mine", "nonsense": 1}
    assert (await site.ask("POST", "/settings/owner", more, token=KEEPER)).status == 204
    told = data(await site.ask("GET", "/settings", token=ADMIN_TOKEN))
    assert {name: told[name] for name in owner} == owner
    assert (told["project_name"], told["project_status"]) == ("Causeway", None)
    assert code(await site.ask("GET", "/settings/owner", token=ADMIN_TOKEN)) == "ROUTE_NOT_FOUND"
    nothing: tuple[Any, ...] = ({}, {"project_name": "x"}, [])
    for body in nothing:
        assert code(await site.ask("POST", "/settings/owner", body, token=ADMIN_TOKEN)) == "INVALID_PAYLOAD"


async def test_random_texts_stay_random_whatever_length_is_asked_for(site: Site) -> None:
    """GHSA-632p-p495-25m5."""
    for length in ("foo", "0", "-1", "501", "1e9", "1000000000", "8.5", "", "%D9%A3", "9" * 5000):
        answer = await site.ask("GET", f"/utils/random/string?length={length}")
        assert (answer.status, code(answer)) == (400, "INVALID_QUERY"), length
        assert len(data(await site.ask("GET", "/utils/random/string"))) == 32
    found = {data(await site.ask("GET", "/utils/random/string?length=500")) for _ in range(3)}
    assert {len(text) for text in found} == {500}
    assert len(found) == 3
    assert len(data(await site.ask("GET", "/utils/random/string?length=1"))) == 1


async def test_hashes_are_for_who_has_a_user_and_bounded(site: Site) -> None:
    """GHSA-xw72-c69j-h2rj: hashing costs, so strangers get none, and a hash names no cost of its own."""

    async def asked(what: str, body: Any, token: str | None = APP) -> Any:
        return await site.ask("POST", f"/utils/hash/{what}", body, token=token)

    for what in ("generate", "verify"):
        assert code(await asked(what, {"string": "a", "hash": "b"}, None)) == "FORBIDDEN"
    made = data(await asked("generate", {"string": "secret"}))
    assert made.startswith("$argon2id$")
    assert data(await asked("verify", {"string": "secret", "hash": made})) is True
    assert data(await asked("verify", {"string": "wrong", "hash": made})) is False
    for other in ("no hash", "", "é", made.replace("$m", "$é"), made + "\ud800", made[:-1] + "é", made[:40]):
        assert data(await asked("verify", {"string": "secret", "hash": other})) is False
    salt = "c29tZXNhbHRzb21lc2FsdA$" + "A" * 43
    for costs in ("m=4194304,t=3,p=4", "m=65536,t=100000,p=4", "m=65536,t=3,p=64"):
        answer = await asked("verify", {"string": "secret", "hash": f"$argon2id$v=19${costs}${salt}"})
        assert code(answer) == "INVALID_PAYLOAD"
    wrong: tuple[Any, ...] = ({}, {"string": ""}, {"string": 5}, {"string": "x" * 4097}, [])
    for body in wrong:
        assert code(await asked("generate", body)) == "INVALID_PAYLOAD"
    wrong = ({"string": "a"}, {"hash": made}, {"string": "x" * 4097, "hash": made})
    for body in wrong:
        assert code(await asked("verify", body)) == "INVALID_PAYLOAD"
    query = 'mutation { h: utils_hash_generate(string: "a") }'
    answer = await site.ask("POST", "/graphql/system", {"query": query}, token=APP)
    assert data(answer)["h"].startswith("$argon2id$")
    assert code(await site.ask("POST", "/graphql/system", {"query": query})) == "GRAPHQL_VALIDATION"


async def test_hashes_are_throttled(site: Site) -> None:
    codes = set()
    for _ in range(200):
        answer = await site.ask("POST", "/utils/hash/verify", {"string": "a", "hash": "b"}, token=APP)
        if answer.status == 429:
            codes.add(json.loads(answer.body)["errors"][0]["extensions"]["code"])
            break
    assert codes == {"REQUESTS_EXCEEDED"}
    other = await site.ask("POST", "/utils/hash/verify", {"string": "a", "hash": "b"}, token=KEEPER)
    assert data(other) is False


@pytest.mark.parametrize("value", [5, 1.5, "x", True, [1]])
async def test_whatever_stands_in_the_settings_the_server_tells_of_itself(site: Site, value: Any) -> None:
    """A database may keep a number that stands in a JSON column as a number."""
    written = {"theme_light_overrides": value}
    assert (await site.ask("PATCH", "/settings", written, token=ADMIN_TOKEN)).status == 200
    told = data(await site.ask("GET", "/server/info"))["project"]["theme_light_overrides"]
    assert (
        told == data(await site.ask("GET", "/settings", token=ADMIN_TOKEN))["theme_light_overrides"] == value
    )


async def test_what_the_server_tells_of_itself(site: Site) -> None:
    public = data(await site.ask("GET", "/server/info"))
    user = data(await site.ask("GET", "/server/info", token=APP))
    admin = data(await site.ask("GET", "/server/info", token=ADMIN_TOKEN))
    assert public.keys() == {"project", "license"}
    assert user.keys() - public.keys() >= {"queryLimit", "rateLimit", "files", "extensions", "websocket"}
    assert admin.keys() - user.keys() == {"version"}
    assert public["project"] == user["project"] == admin["project"]
    assert not [name for name in public["project"] if "key" in name or "license" in name]
