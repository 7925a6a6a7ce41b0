"""Which path asks for what."""

from __future__ import annotations

import pytest

from rest_bridge.routes import SYSTEM_ROUTES, Route, match
from schema_gen.errors import CausewayError
from schema_gen.registry import SYSTEM


@pytest.mark.parametrize(
    ("path", "verb", "collection", "key"),
    [
        ("/items/articles", "list", "articles", None),
        ("/items/articles/", "list", "articles", None),
        ("/items/articles/7", "one", "articles", "7"),
        ("/items/articles/7/", "one", "articles", "7"),
        ("/items/articles/a%2Fb", "one", "articles", "a/b"),
        ("/items/Order%20Details/1,2", "one", "Order Details", "1,2"),
        ("/items/me", "list", "me", None),
        ("/users", "list", "directus_users", None),
        ("/users/", "list", "directus_users", None),
        ("/users/7", "one", "directus_users", "7"),
        ("/users/me", "users_me", "directus_users", None),
        ("/roles/me", "roles_me", "directus_roles", None),
        ("/policies/me", "one", "directus_policies", "me"),
        ("/settings", "singleton", "directus_settings", None),
        ("/activity", "list", "directus_activity", None),
    ],
)
def test_items(path: str, verb: str, collection: str, key: str | None) -> None:
    route = match(path)
    assert (route.verb, route.collection, route.key, route.about) == (verb, collection, key, None)


@pytest.mark.parametrize(
    ("path", "about", "collection", "key"),
    [
        ("/policies/me/globals", "globals", "directus_policies", None),
        ("/permissions/me", "permissions", "directus_permissions", None),
        ("/permissions/me/", "permissions", "directus_permissions", None),
        ("/permissions/me/articles", "item", "articles", None),
        ("/permissions/me/articles/a%2Fb", "item", "articles", "a/b"),
    ],
)
def test_what_the_caller_may(path: str, about: str, collection: str, key: str | None) -> None:
    route = match(path)
    assert (route.about, route.collection, route.key, route.verb) == (about, collection, key, None)


@pytest.mark.parametrize(
    "path",
    ["", "/", "/items", "/items/", "//items/articles", "/items/articles/1/2", "/nope", "/Users", "/users/1/2",
     "/users/me/x", "/settings/1", "/permissions/me/a/b/c", "/policies/me/x", "/collections/a/b",
     "/fields/articles/a/b", "/relations//a", "/extensions/1", "/sessions", "/migrations", "items/articles"],
)  # fmt: skip
def test_no_such_route(path: str) -> None:
    with pytest.raises(CausewayError) as caught:
        match(path)
    assert (caught.value.code, caught.value.extensions) == ("ROUTE_NOT_FOUND", {"path": path})


@pytest.mark.parametrize(
    "path", ["/items/directus_users", "/items/directus_users/1", "/items/directus%5Fusers"]
)
def test_system_collections_are_no_items(path: str) -> None:
    with pytest.raises(CausewayError) as caught:
        match(path)
    assert (caught.value.code, caught.value.extensions) == ("FORBIDDEN", {})


def test_the_table_holds_every_system_collection_that_is_served_as_items() -> None:
    served = {table.path for table in SYSTEM.values() if table.path and table.graphql}
    assert set(SYSTEM_ROUTES) == served | {"extensions"}
    assert {"users", "roles", "policies", "access", "permissions", "files", "folders", "presets", "activity",
            "revisions", "notifications", "shares", "settings", "flows", "operations", "panels", "dashboards",
            "translations", "versions", "comments"} <= served  # fmt: skip


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/items/articles", "POST,SEARCH,GET,HEAD,PATCH,DELETE"),
        ("/items/articles/1", "GET,HEAD,PUT,PATCH,DELETE"),
        ("/users/1", "GET,HEAD,PATCH,DELETE"),
        ("/files", "POST,SEARCH,GET,HEAD,PATCH,DELETE"),
        ("/roles/me", "GET,HEAD"),
        ("/users", "POST,SEARCH,GET,HEAD,PATCH,DELETE"),
        ("/activity", "SEARCH,GET,HEAD"),
        ("/activity/1", "GET,HEAD"),
        ("/settings", "GET,HEAD,PATCH"),
        ("/users/me", "GET,HEAD,PATCH,DELETE"),
    ],
)
def test_methods(path: str, methods: str) -> None:
    route: Route = match(path)
    assert ",".join(route.methods) == methods
