"""A schema that has served its turn is freed at once, and takes nothing away from others."""

from __future__ import annotations

import gc

from graphql import get_introspection_query, graphql_sync, print_schema

from schema_gen.graphql.build import SHARED, build_schema
from schema_gen.graphql.lazy import LazySchema
from schema_gen.graphql.signatures import CallEnum, CallObject, CallSignature
from schema_gen.graphql.view import Everything
from schema_gen.naming import Names
from tests.support.blog import blog_snapshot

SNAPSHOT = blog_snapshot("sqlite")
NAMES = Names.of(SNAPSHOT)
CALL = CallSignature(
    name="server_info",
    scope="items",
    kind="query",
    type="server_info",
    types=(
        CallObject(name="server_info", fields={"mode": "server_mode"}),
        CallEnum(name="server_mode", values=("a", "b")),
    ),
)


def made() -> LazySchema:
    return build_schema(SNAPSHOT, NAMES, Everything(SNAPSHOT), "items", (CALL,), internal=True)


def test_what_schemas_have_in_common_is_known() -> None:
    """What is not in SHARED is taken apart: it must be of one schema alone."""
    one, two = made(), made()
    one.fill()
    two.fill()
    common = [type_ for name, type_ in one.type_map.items() if two.type_map[name] is type_]
    assert common
    assert [type_.name for type_ in common if type_ not in SHARED] == []


def test_other_schemas_stay_whole() -> None:
    kept = made()
    before = print_schema(kept)
    gone = made()
    print_schema(gone)
    gone.dissolve(SHARED)
    assert print_schema(kept) == before == print_schema(made())
    assert graphql_sync(kept, get_introspection_query()).errors is None


def test_nothing_is_left_to_the_collector() -> None:
    print_schema(made())
    gc.collect()
    gc.disable()
    try:
        left = made()
        print_schema(left)
        del left
        rubbish = gc.collect()
        schema = made()
        print_schema(schema)
        schema.dissolve(SHARED)
        del schema
        assert gc.collect() < rubbish / 20
    finally:
        gc.enable()
