"""Path -> `Route`: what is asked for, and with which methods it may be. Look-ups only, user items first.

    match("/items/articles/7")     -> Route(verb="one", collection="articles", key="7", methods=("GET", ...))
    match("/users/me")             -> Route(verb="users_me", collection="directus_users")
    match("/permissions/me")       -> Route(about="permissions", collection="directus_permissions")
    match("/utils/sort/articles")  -> Route(utility="sort", collection="articles", methods=("POST",))
    match("/fields/articles")      -> Route(place=Place(pattern="fields/:collection", ...), ...)

The routes of system collections come from the registry. A path is percent-encoded; keys may hold anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote

from rest_bridge.forms import ACCEPT, INVITE, REGISTER, VERIFY, Form
from rest_bridge.structure import HEADS, Place, find_place
from rest_bridge.writer import Verb
from schema_gen.errors import forbidden, route_not_found
from schema_gen.registry import BY_PATH, SystemTable

Methods = tuple[str, ...]
About = Literal["globals", "permissions", "item", "extensions"]
Utility = Literal[
    "cache_clear",
    "revert",
    "sort",
    "owner",
    "random",
    "hash_generate",
    "hash_verify",
    "simulate",
    "tfa_generate",
    "tfa_enable",
    "tfa_disable",
    "tfa_disable_of",
    "track_page",
    "sessions",
    "sessions_end",
    "session_end",
]

_LIST: Final = ("POST", "SEARCH", "GET", "HEAD", "PATCH", "DELETE")
_ONE: Final = ("GET", "HEAD", "PATCH", "DELETE")
_ITEM: Final = ("GET", "HEAD", "PUT", "PATCH", "DELETE")
_READ_LIST: Final = ("SEARCH", "GET", "HEAD")
_READ: Final = ("GET", "HEAD")
_SINGLETON: Final = ("GET", "HEAD", "PATCH")
#: rows of these are written by the server alone, or by routes that do more than that
_READ_ONLY: Final = frozenset({"directus_activity", "directus_deployments", "directus_revisions"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Items (`verb` and `collection`), what the caller may (`about`; "item" with `collection` and `key`),
    something that is done with a collection or a revision (`utility`), what a few texts are sent for
    (`form`), or how collections are made (`place`).

    `methods`: as OPTIONS tells them; of items, those that are answered.
    """

    collection: str
    verb: Verb | None = None
    key: str | None = None
    about: About | None = None
    utility: Utility | None = None
    form: Form | None = None
    #: POST fetches what becomes the item
    importing: bool = False
    place: Place | None = None
    methods: Methods = _READ


@dataclass(frozen=True, slots=True, kw_only=True)
class _System:
    """The routes below one segment: of all items, of one, and those with names of their own."""

    items: Route
    one: Methods | None
    named: Mapping[str, Route]


#: ends the path of what is done with another's second factor
_SECOND_FACTOR: Final = "/tfa/disable"
#: below `/utils`
_UTILITIES: Final[Mapping[str, Route]] = {
    "cache/clear": Route(utility="cache_clear", collection="", methods=("POST",)),
    "random/string": Route(utility="random", collection=""),
    "hash/generate": Route(utility="hash_generate", collection="", methods=("POST",)),
    "hash/verify": Route(utility="hash_verify", collection="", methods=("POST",)),
}
#: begins the path of a login of one's own
_OWN_LOGIN: Final = "me/sessions/"
_NAMED: Final[Mapping[str, Mapping[str, Route]]] = {
    "users": {
        "me": Route(verb="users_me", collection="directus_users", methods=_ONE),
        "me/track/page": Route(utility="track_page", collection="directus_users", methods=("PATCH",)),
        "me/sessions": Route(
            utility="sessions", collection="directus_users", methods=("GET", "HEAD", "DELETE")
        ),
        "invite": Route(form=INVITE, collection="directus_users", methods=("POST",)),
        "invite/accept": Route(form=ACCEPT, collection="directus_users", methods=("POST",)),
        "register": Route(form=REGISTER, collection="directus_users", methods=("POST",)),
        "register/verify-email": Route(form=VERIFY, collection="directus_users", methods=("GET",)),
        "me/tfa/generate": Route(utility="tfa_generate", collection="directus_users", methods=("POST",)),
        "me/tfa/enable": Route(utility="tfa_enable", collection="directus_users", methods=("POST",)),
        "me/tfa/disable": Route(utility="tfa_disable", collection="directus_users", methods=("POST",)),
    },
    "files": {
        "import": Route(
            verb="one",
            key="import",
            importing=True,
            collection="directus_files",
            methods=("POST", *_ONE),
        ),
    },
    "settings": {
        "owner": Route(utility="owner", collection="directus_settings", methods=("POST",)),
    },
    "roles": {"me": Route(verb="roles_me", collection="directus_roles")},
    "policies": {"me/globals": Route(about="globals", collection="directus_policies")},
    "permissions": {
        "me": Route(about="permissions", collection="directus_permissions", methods=_ONE),
        "simulate": Route(utility="simulate", collection="directus_permissions", methods=("POST",)),
    },
}


def _system(table: SystemTable) -> _System:
    named = _NAMED.get(table.path or "", {})
    if table.singleton:
        items = Route(verb="singleton", collection=table.name, methods=_SINGLETON)
        return _System(items=items, one=None, named=named)
    fixed = table.name in _READ_ONLY
    items = Route(verb="list", collection=table.name, methods=_READ_LIST if fixed else _LIST)
    return _System(items=items, one=_READ if fixed else _ONE, named=named)


SYSTEM_ROUTES: Final[Mapping[str, _System]] = {
    **{path: _system(table) for path, table in BY_PATH.items() if table.graphql},
    "extensions": _System(
        items=Route(about="extensions", collection="directus_extensions"), one=None, named={}
    ),
}


def match(path: str) -> Route:
    """Raises ROUTE_NOT_FOUND; FORBIDDEN for system collections among the items."""
    if path.startswith("/items/"):
        return _items(path)
    head, _, rest = path[1:].partition("/")
    system = SYSTEM_ROUTES.get(head)
    if head == "utils":
        return _utility(path, rest.rstrip("/"))
    if head in HEADS:
        place = find_place(path)
        return Route(collection=f"directus_{head}", place=place, methods=place.methods)
    if system is None:
        raise route_not_found(path)
    rest = rest.rstrip("/")
    if not rest:
        return system.items
    route = system.named.get(rest)
    if route is not None:
        return route
    if head == "users" and rest.endswith(_SECOND_FACTOR):
        return _second_factor(path, rest.removesuffix(_SECOND_FACTOR))
    if head == "users" and rest.startswith(_OWN_LOGIN):
        return _own_login(path, rest.removeprefix(_OWN_LOGIN))
    if head == "permissions" and rest.startswith("me/"):
        return _rights(path, rest[3:])
    if system.one is None or "/" in rest:
        raise route_not_found(path)
    return Route(verb="one", collection=system.items.collection, key=unquote(rest), methods=system.one)


def _items(path: str) -> Route:
    name, _, rest = path[7:].partition("/")
    if not name:
        raise route_not_found(path)
    if "%" in name:
        name = unquote(name)
    if name[:9] == "directus_":
        raise forbidden()
    if not rest:
        return Route(verb="list", collection=name, methods=_LIST)
    rest = rest.rstrip("/")
    if "/" in rest:
        raise route_not_found(path)
    return Route(
        verb="one" if rest else "list",
        collection=name,
        key=unquote(rest) if rest else None,
        methods=_ITEM if rest else _LIST,
    )


def _rights(path: str, rest: str) -> Route:
    """`/permissions/me/articles/7`, or without key for what is there but once."""
    collection, _, key = rest.partition("/")
    if "/" in key:
        raise route_not_found(path)
    return Route(about="item", collection=unquote(collection), key=unquote(key) if key else None)


def _second_factor(path: str, user: str) -> Route:
    """`/users/<key>/tfa/disable`."""
    if not user or "/" in user:
        raise route_not_found(path)
    return Route(utility="tfa_disable_of", collection="directus_users", key=unquote(user), methods=("POST",))


def _own_login(path: str, name: str) -> Route:
    """`/users/me/sessions/<id>`."""
    if not name or "/" in name:
        raise route_not_found(path)
    return Route(utility="session_end", collection="directus_users", key=unquote(name), methods=("DELETE",))


def _utility(path: str, rest: str) -> Route:
    """`/utils/cache/clear`, `/utils/revert/7`, `/utils/sort/articles`."""
    if rest in _UTILITIES:
        return _UTILITIES[rest]
    name, _, of = rest.partition("/")
    if not of or "/" in of:
        raise route_not_found(path)
    if name == "revert":
        collection = "directus_revisions"
        return Route(utility="revert", collection=collection, key=unquote(of), methods=("POST",))
    if name == "sort":
        return Route(utility="sort", collection=unquote(of), methods=("POST",))
    raise route_not_found(path)
