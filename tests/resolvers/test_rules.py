"""Policies and permission rows -> rules, and from where a policy holds. Pure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.addresses import covers, parse_addresses
from resolvers.app_access import APP_PERMISSIONS
from resolvers.permissions import NOTHING, UNRESTRICTED, AccessRules
from resolvers.rules import applying_policies, merge_rules, read_fields, read_grant
from resolvers.sql.access import PermissionRow, PolicyRow


def permission(collection: str = "articles", **values: Any) -> PermissionRow:
    row = {"policy": "p", "action": "read", "fields": "*", **values}
    return PermissionRow(collection=collection, **row)


def merged(*rows: PermissionRow, **flags: Any) -> AccessRules:
    return merge_rules([PolicyRow(id="p", **flags)], rows)


# --- rules ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("*", None),
        ("id,*", None),
        ("id,title", {"id", "title"}),
        (" id , title ,", {"id", "title"}),
        ("", set()),
        (None, set()),
    ],
)
def test_fields(text: str | None, fields: set[str] | None) -> None:
    assert read_fields(text) == fields


def test_an_empty_rule_is_no_rule() -> None:
    for text in (None, "null", "{}"):
        grant = read_grant(permission(permissions=text))
        assert grant is not None
        assert not grant.rule


@pytest.mark.parametrize("column", ["permissions", "validation", "presets"])
@pytest.mark.parametrize("text", ["{", "[]", '"x"', "1", ""])
def test_a_row_that_cannot_be_read_gives_nothing(column: str, text: str) -> None:
    assert merged(permission(**{column: text})).grants == {}


def test_an_unknown_action_gives_nothing() -> None:
    assert merged(permission(action="drop")).grants == {}


def test_an_administrator_needs_no_rows() -> None:
    assert merged(admin=True) is UNRESTRICTED
    with_tfa = merged(admin=True, enforce_tfa=True)
    assert with_tfa.admin
    assert with_tfa.enforce_tfa
    assert with_tfa.fingerprint == UNRESTRICTED.fingerprint


def test_what_is_given_to_everybody_makes_nobody_an_administrator() -> None:
    rules = merged(permission(), admin=True, app=True, enforce_tfa=True, public=True)
    assert not rules.admin
    assert not rules.app
    assert not rules.enforce_tfa
    assert set(rules.grants) == {("read", "articles")}


def test_no_rows_are_nothing() -> None:
    assert merged() is NOTHING


def test_app_access_brings_the_least_that_apps_need() -> None:
    rules = merged(app=True)
    assert {(p.action, p.collection) for p in APP_PERMISSIONS} == set(rules.grants)
    (user,) = rules.grants["read", "directus_users"]
    assert user.rule == {"id": {"_eq": "$CURRENT_USER"}}
    assert user.fields is not None
    assert "token" not in user.fields
    (settings,) = rules.grants["read", "directus_settings"]
    assert settings.fields is not None
    assert not any(name.endswith("_api_key") or name.startswith("license") for name in settings.fields)
    public_facts = {"directus_collections", "directus_fields", "directus_relations", "directus_translations"}
    for (action, collection), grants in rules.grants.items():
        if action in ("read", "update", "delete") and collection not in {*public_facts, "directus_settings"}:
            assert all("$CURRENT" in json.dumps(grant.rule) for grant in grants)


def test_variables_stay_as_they_are() -> None:
    (grant,) = merged(permission(permissions='{"owner":{"_eq":"$CURRENT_USER"}}')).grants["read", "articles"]
    assert grant.rule == {"owner": {"_eq": "$CURRENT_USER"}}


ROWS = [
    permission(fields="id,title", permissions='{"a":{"_eq":1},"b":{"_eq":2}}'),
    permission(fields="title"),
    permission("authors", action="update", presets='{"x":1}'),
    permission("authors", validation='{"x":{"_nnull":true}}'),
]


@given(st.permutations(ROWS), st.lists(st.sampled_from(ROWS), max_size=3), st.text(min_size=1, max_size=8))
def test_the_fingerprint_knows_content_only(
    order: list[PermissionRow], again: list[PermissionRow], policy: str
) -> None:
    renamed = [
        PermissionRow(
            policy=policy,
            collection=row.collection,
            action=row.action,
            permissions=row.permissions,
            validation=row.validation,
            presets=row.presets,
            fields=row.fields,
        )
        for row in [*order, *again]
    ]
    assert merged(*renamed).fingerprint == merged(*ROWS).fingerprint


def test_other_content_has_another_fingerprint() -> None:
    different = [
        merged(),
        merged(app=True),
        merged(permission()),
        merged(permission(), app=True),
        merged(permission("authors")),
        merged(permission(action="update")),
        merged(permission(fields="id")),
        merged(permission(permissions='{"id":{"_eq":1}}')),
        merged(permission(permissions='{"id":{"_eq":2}}')),
        merged(permission(validation='{"id":{"_eq":1}}')),
        merged(permission(presets='{"id":1}')),
        merged(permission(fields="id"), permission(fields="title")),
        merged(permission(fields="id,title")),
        merged(admin=True),
    ]
    assert len({rules.fingerprint for rules in different}) == len(different)


# --- addresses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("addresses", "ip", "inside"),
    [
        (None, "10.0.0.1", True),
        ("", "10.0.0.1", True),
        (" ", None, True),
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.1", None, False),
        ("10.0.0.1", "no address", False),
        ("10.0.0.0/8", "10.255.255.255", True),
        ("10.0.0.0/8", "11.0.0.0", False),
        ("10.0.0.9/8", "10.1.1.1", True),
        ("10.0.0.1-10.0.0.9", "10.0.0.9", True),
        ("10.0.0.1 - 10.0.0.9", "10.0.0.5", True),
        ("10.0.0.1-10.0.0.9", "10.0.0.10", False),
        ("192.0.2.1, 10.0.0.1 ", "10.0.0.1", True),
        ("::1", "::1", True),
        ("::1", "127.0.0.1", False),
        ("2001:db8::/32", "2001:db8::5", True),
        ("2001:db8::1-2001:db8::9", "2001:db8::5", True),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("10.0.0.0/8", "::ffff:10.0.0.1", True),
        ("0.0.0.0/0", "::1", False),
        ("bogus", "10.0.0.1", False),
        ("bogus,10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1-bogus", "10.0.0.1", False),
        ("10.0.0.1-::1", "10.0.0.1", False),
        ("10.0.0.0/99", "10.0.0.1", False),
        ("10.0.0.*", "10.0.0.1", False),
        ("*", "10.0.0.1", False),
    ],
)
def test_where_a_policy_holds(addresses: str | None, ip: str | None, inside: bool) -> None:
    assert covers(parse_addresses(addresses), ip) is inside
    policy = PolicyRow(id="p", ip_access=addresses)
    assert applying_policies([policy], ip) == ((policy,) if inside else ())
