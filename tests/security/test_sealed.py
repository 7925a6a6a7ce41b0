"""What has the special `encrypt` is stored encrypted, in a form that a Directus server with the same SECRET
reads; nobody is shown it.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.conftest import MakeDatabase
from tests.support.project import (
    ADMIN_TOKEN,
    SECRET,
    Site,
    add_policy,
    add_user,
    code,
    data,
    grant,
    running,
    seed_system,
)

#: what a Directus 12.4.1 stored of "sk-test-key"
THEIRS = (
    "1||scrypt||16384||8||1||ZVW5ZhR2GKnRUQky8zZ5RA==||LV4jM107Q5KVW6tR||fdJJr855fgRyC6E=||"
    "PXy+7N2zmi6jHeh84EqTOw=="
)
THEIR_SECRET = "peer-secret-peer-secret-peer-secret-32"


def opened(sealed: str, secret: str) -> str:
    version, way, n, r, p, salt, iv, text, tag = sealed.split("||")
    assert (version, way) == ("1", "scrypt")
    key = hashlib.scrypt(
        secret.encode(), salt=b64decode(salt), n=int(n), r=int(r), p=int(p), dklen=32, maxmem=2**26
    )
    return AESGCM(key).decrypt(b64decode(iv), b64decode(text) + b64decode(tag), None).decode()


def test_how_theirs_is_opened() -> None:
    assert opened(THEIRS, THEIR_SECRET) == "sk-test-key"


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(seed_system)) as running_site:
        yield running_site


async def stored(site: Site, sql: str) -> list[Any]:
    return [row[0] for row in await site.database.fetch(sql)]


async def test_keys_of_services(site: Site) -> None:
    async def change(value: Any) -> Any:
        answer = await site.ask("PATCH", "/settings", {"ai_openai_api_key": value}, token=ADMIN_TOKEN)
        return data(answer)["ai_openai_api_key"]

    read = "select ai_openai_api_key from directus_settings"
    assert await change("sk-live-1") == "**********"
    (first,) = await stored(site, read)
    assert opened(first, SECRET) == "sk-live-1"
    assert await change("sk-live-1") == "**********"
    (second,) = await stored(site, read)
    assert opened(second, SECRET) == "sk-live-1"
    assert first.split("||")[5:] != second.split("||")[5:]
    query = 'mutation { update_settings(data: {ai_openai_api_key: "clé"}) { ai_openai_api_key } }'
    answer = await site.ask("POST", "/graphql/system", {"query": query}, token=ADMIN_TOKEN)
    assert data(answer) == {"update_settings": {"ai_openai_api_key": "**********"}}
    (third,) = await stored(site, read)
    assert opened(third, SECRET) == "clé"
    history = json.dumps(await stored(site, "select data from directus_revisions"), default=str)
    history += json.dumps(await stored(site, "select delta from directus_revisions"), default=str)
    for told in ("sk-live-1", "cl\\u00e9", first, second, third):
        assert told not in history
    assert await change(None) is None
    assert await stored(site, read) == [None]


async def test_fields_of_one_s_own(site: Site) -> None:
    made = await site.ask(
        "POST",
        "/collections",
        {
            "collection": "vault",
            "schema": {},
            "fields": [
                {
                    "field": "id",
                    "type": "integer",
                    "schema": {"is_primary_key": True, "has_auto_increment": True},
                },
                {"field": "short", "type": "string", "meta": {"special": ["encrypt"]}, "schema": {}},
                {"field": "long", "type": "text", "meta": {"special": ["encrypt"]}, "schema": {}},
            ],
        },
        token=ADMIN_TOKEN,
    )
    assert made.status == 200, made.body
    items = [{"short": "a", "long": "x" * 4000}, {"short": None, "long": {"user": "ada", "keys": [1, 2]}}]
    answer = await site.ask("POST", "/items/vault", items, token=ADMIN_TOKEN)
    assert data(answer) == [
        {"id": 1, "short": "**********", "long": "**********"},
        {"id": 2, "short": None, "long": "**********"},
    ]
    short = await stored(site, "select short from vault order by id")
    assert [opened(short[0], SECRET), short[1]] == ["a", None]
    long = [opened(text, SECRET) for text in await stored(site, "select long from vault order by id")]
    assert (long[0], json.loads(long[1])) == ("x" * 4000, {"user": "ada", "keys": [1, 2]})
    for refused, told in (("y" * 200, "VALUE_TOO_LONG"), ("\ud800", "INVALID_PAYLOAD")):
        answer = await site.ask("POST", "/items/vault", {"short": refused}, token=ADMIN_TOKEN)
        assert (answer.status, code(answer)) == (400, told)
    assert len(await stored(site, "select id from vault")) == 2


async def test_what_a_permission_presets_of_them(site: Site) -> None:
    """Nobody sends it, and it is stored as if somebody had."""
    key = {"field": "id", "type": "integer", "schema": {"is_primary_key": True, "has_auto_increment": True}}
    fields = [
        key,
        {"field": "label", "type": "string", "schema": {}},
        {"field": "code", "type": "hash", "meta": {"special": ["hash"]}, "schema": {}},
        {"field": "note", "type": "text", "meta": {"special": ["encrypt"]}, "schema": {}},
    ]
    made = await site.ask(
        "POST", "/collections", {"collection": "boxes", "schema": {}, "fields": fields}, token=ADMIN_TOKEN
    )
    assert made.status == 200, made.body
    policy = await add_policy(site.database, user=await add_user(site.database, "b@example.com", token="bob"))
    await grant(
        site.database, policy, "boxes", "create", fields="label", presets={"code": "opensesame", "note": "n"}
    )
    await grant(site.database, policy, "boxes", "update", fields="label", presets={"code": "shibboleth"})
    await site.project.epochs.bump_access()
    assert (
        await site.ask("POST", "/items/boxes", [{"label": "a"}, {"label": "b"}], token="bob")
    ).status == 204
    codes = await stored(site, "select code from boxes order by id")
    assert [await site.project.hasher.verify(each, "opensesame") for each in codes] == [True, True]
    assert [opened(each, SECRET) for each in await stored(site, "select note from boxes")] == ["n", "n"]
    assert (await site.ask("PATCH", "/items/boxes/1", {"label": "c"}, token="bob")).status == 204
    codes = await stored(site, "select code from boxes order by id")
    assert [await site.project.hasher.verify(each, "shibboleth") for each in codes] == [True, False]
    history = json.dumps(await stored(site, "select data from directus_revisions"), default=str)
    assert "opensesame" not in history
    assert "shibboleth" not in history
