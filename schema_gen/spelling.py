"""Names that GraphQL can spell, and names that it keeps for itself. Pure.

spelled(["id", "a b"], RESERVED_TYPES) -> {"id": "id", "a b": "a_b"}
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, Literal

Scope = Literal["items", "system"]
SCOPES: Final[tuple[Scope, ...]] = ("items", "system")

_SPELLABLE: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*\Z")

#: types of collections, fields and relations as the system scope tells and takes them
_STRUCTURE: Final = frozenset(
    f"{head}directus_{what}{tail}"
    for head in ("", "write_")
    for what in ("collections", "fields", "relations")
    for tail in ("", "_input", "_meta", "_meta_input", "_schema", "_schema_input")
    # these are collections themselves
    if head or tail
)

#: types that exist whatever the database holds
RESERVED_TYPES: Final = _STRUCTURE | frozenset(
    {
        "Query", "Mutation", "Subscription",
        "Int", "Float", "String", "Boolean", "ID", "Void", "JSON", "Hash", "Date", "DateTime",
        "GraphQLBigInt", "GraphQLGeoJSON", "GraphQLJsonFilter", "GraphQLStringOrFloat",
        "Point", "PointList", "Polygon", "MultiPolygon", "uid", "EventEnum",
        "string_filter_operators", "id_filter_operators", "boolean_filter_operators",
        "number_filter_operators", "big_int_filter_operators", "date_filter_operators",
        "geometry_filter_operators", "hash_filter_operators", "json_filter_operators",
        "date_functions", "time_functions", "datetime_functions", "count_functions",
        "date_function_filter_operators", "time_function_filter_operators",
        "datetime_function_filter_operators", "count_function_filter_operators",
        "binary_filter_operators",
        "any_key_input", "delete_one", "delete_many", "delete_collection", "delete_field", "delete_relation",
        "auth_mode", "auth_tokens", "graphql_sdl_scope", "server_info", "server_info_project",
        "server_info_license", "server_info_license_entitlements", "server_info_query_limit",
        "permissions_me_type",
        "policy_me_globals_type", "users_me_tfa_generate_data", "users_me_session",
        "permissions_simulation", "permissions_simulation_answer", "permissions_simulation_caller",
        "permissions_simulation_permission", "permissions_simulation_policy", "permissions_simulation_role",
        "permissions_simulation_way",
    }
)  # fmt: skip

#: root fields that exist whatever the database holds
RESERVED_ROOTS: Final[Mapping[Scope, frozenset[str]]] = {
    "items": frozenset({"_empty"}),
    "system": frozenset(
        {
            "_empty", "server_ping", "server_info", "server_health", "server_specs_oas",
            "server_specs_graphql", "collections", "collections_by_name", "fields", "fields_in_collection",
            "fields_by_name", "relations", "relations_in_collection", "relations_by_name", "extensions",
            "users_me", "users_me_sessions", "roles_me", "permissions_me", "permissions_simulate",
            "policies_me_globals",
        }
    ),
}  # fmt: skip

#: keys of filter objects that are no fields
RESERVED_FIELDS: Final = frozenset({"_and", "_or", "_some", "_none"})


def spelled(names: Iterable[str], reserved: frozenset[str]) -> dict[str, str]:
    """GraphQL spellings of distinct names: themselves where possible, else safe ones, no two alike.

    >>> spelled(["id", "a b", "a-b", "Query"], frozenset({"Query"}))
    {'id': 'id', 'a b': 'a_b_be11ae', 'a-b': 'a_b_52936a', 'Query': 'Query_'}
    """
    listed = list(names)
    plain = {name for name in listed if usable(name, reserved)}
    wished = {name: _safe(name, reserved) for name in listed if name not in plain}
    wishes = list(wished.values())
    found: dict[str, str] = {}
    for name in listed:
        if name in plain:
            found[name] = name
            continue
        alias = wished[name]
        length = 6
        while alias in plain or alias in reserved or (length == 6 and wishes.count(alias) > 1):
            alias = f"{wished[name]}_{hashlib.blake2s(name.encode()).hexdigest()[:length]}"
            length += 2
        found[name] = alias
    return found


def usable(name: str, reserved: frozenset[str]) -> bool:
    return name[:2] != "__" and name not in reserved and _SPELLABLE.match(name) is not None


def _safe(name: str, reserved: frozenset[str]) -> str:
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    text = re.sub(r"[^_0-9A-Za-z]+", "_", text if text.strip() else "_")
    if text[0].isdigit() or text[:2] == "__" or not text.strip("_"):
        text = "_" + text.lstrip("_")
    if text == "_":
        text = "_" + hashlib.blake2s(name.encode()).hexdigest()[:6]
    return f"{text}_" if text in reserved else text
