"""`causeway introspect` and `causeway sdl`: what was found in the database, and what is made of it.

COLLECTION  KIND   KEY      FIELDS  RELATIONS
albums      table  id       5       artist -> artists, tracks -> [tracks]

NOT SERVED  WHY
audit_log   it has no primary key and no unique constraint over columns that are not null
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gateway.assembly import open_project
from gateway.chosen import open_settings_database
from gateway.commands import add
from gateway.config import Settings
from gateway.state import Project
from gateway.terminal import Terminal
from resolvers.context import SYSTEM, RequestContext
from resolvers.people import require_system_tables
from resolvers.permissions import UNRESTRICTED
from resolvers.sql.access import identity_by_email
from schema_gen.errors import invalid_payload
from schema_gen.loader import load_snapshot
from schema_gen.model import Collection, Link, SchemaSnapshot
from schema_gen.naming import Names, Renamed


def add_parser(commands: Any) -> None:
    introspect = add(
        commands, "introspect", introspect_command, "Show what was found, and what cannot be served and why."
    )
    introspect.add_argument("--json", action="store_true", help="everything, for programs")
    introspect.add_argument("--system", action="store_true", help="the directus_* collections as well")
    sdl = add(commands, "sdl", sdl_command, "Print the GraphQL schema, whole or as somebody sees it.")
    sdl.add_argument(
        "--scope", choices=("items", "system"), default="items", help="items (default), or system: directus_*"
    )
    sdl.add_argument(
        "--as", dest="viewer", metavar="WHO", help="public, or the mail of a user (default: everything)"
    )


async def introspect_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    snapshot = await read_snapshot(settings)
    shown = {
        name: collection
        for name, collection in sorted(snapshot.collections.items())
        if arguments.system or not collection.system
    }
    if arguments.json:
        terminal.say(json.dumps(as_json(snapshot, shown), indent=2))
    else:
        _report(snapshot, shown, terminal)
    return 0


async def sdl_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    async with open_project(signing_nothing(settings)) as project:
        context = await _seen_by(project, arguments.viewer)
        terminal.say((await project.graphql.sdl(arguments.scope, context)).rstrip())
    return 0


def signing_nothing(settings: Settings) -> Settings:
    """Where no token is signed, no secret has to be made and kept for it."""
    return replace(settings, secret=settings.secret or "what nothing is ever signed with")


async def _seen_by(project: Project, viewer: str | None) -> RequestContext:
    """The context of "public", of the user with that mail, or of an administrator. Raises INVALID_PAYLOAD."""
    now = datetime.now(UTC)
    if viewer is None:
        return RequestContext(actor=SYSTEM, rules=UNRESTRICTED, now=now)
    if viewer.lower() == "public":
        access = await project.actors.public(None)
    else:
        await require_system_tables(project.database)
        identity = await identity_by_email(project.database, viewer)
        if identity is None:
            raise invalid_payload(f'There is no user "{viewer}"')
        access = await project.actors.of_identity(identity, None)
    return RequestContext(actor=access.actor, rules=access.rules, now=now)


async def read_snapshot(settings: Settings) -> SchemaSnapshot:
    database = await open_settings_database(settings)
    try:
        return await load_snapshot(
            database,
            infer_relations=settings.infer_relations,
            exclude_tables=settings.db_exclude_tables,
        )
    finally:
        await database.close()


def as_json(snapshot: SchemaSnapshot, shown: Mapping[str, Collection]) -> dict[str, Any]:
    """Everything the table says and the types besides, for programs."""
    return {
        "dialect": snapshot.dialect,
        "fingerprint": snapshot.fingerprint,
        "collections": [_collection(snapshot, collection) for collection in shown.values()],
        "unserved": [{"name": item.name, "reason": item.reason} for item in snapshot.unserved],
        "renamed": [
            {"what": item.what, "name": item.name, "graphql": item.alias} for item in renamed(snapshot, shown)
        ],
    }


def _collection(snapshot: SchemaSnapshot, collection: Collection) -> dict[str, Any]:
    return {
        "name": collection.name,
        "kind": collection.kind,
        "singleton": collection.singleton,
        "primary_key": list(collection.primary_key),
        "fields": [
            {
                "name": field.name,
                "type": field.type,
                "data_type": field.column.data_type if field.column else None,
                "nullable": field.column.nullable if field.column else None,
                "special": list(field.special),
            }
            for field in collection.fields.values()
        ],
        "relations": [
            {"field": link.field, "kind": link.kind, "target": link.target or list(link.allowed)}
            for link in links_of(snapshot, collection)
        ],
    }


def renamed(snapshot: SchemaSnapshot, shown: Mapping[str, Collection]) -> list[Renamed]:
    """What GraphQL cannot spell as the database does; of system collections only when they are shown."""
    system = any(collection.system for collection in shown.values())
    found = Names.of(snapshot).renamed
    return [item for item in found if system or "directus_" not in f"{item.what} {item.name}"]


def links_of(snapshot: SchemaSnapshot, collection: Collection) -> list[Link]:
    links = (snapshot.link(collection.name, name) for name in collection.fields)
    return [link for link in links if link is not None]


def _report(snapshot: SchemaSnapshot, shown: Mapping[str, Collection], terminal: Terminal) -> None:
    served = [collection for collection in shown.values() if collection.kind != "folder"]
    rows = [
        (
            collection.name,
            "singleton" if collection.singleton else collection.kind,
            ", ".join(collection.primary_key) or "-",
            str(len(collection.fields)),
            ", ".join(_arrow(link) for link in links_of(snapshot, collection)) or "-",
        )
        for collection in served
    ]
    if rows:
        terminal.table(("COLLECTION", "KIND", "KEY", "FIELDS", "RELATIONS"), rows)
    if snapshot.unserved:
        terminal.say()
        terminal.table(("NOT SERVED", "WHY"), [(item.name, item.reason) for item in snapshot.unserved])
    called = renamed(snapshot, shown)
    if called:
        terminal.say()
        terminal.table(
            ("NAME", "WHAT", "IN GRAPHQL"), [(item.name, item.what, item.alias) for item in called]
        )
    terminal.say()
    terminal.say(
        f"{snapshot.dialect}: {_counted(len(served), 'collection')}, "
        f"{_counted(sum(len(collection.fields) for collection in served), 'field')}, "
        f"{_counted(len(snapshot.unserved), 'thing')} not served"
    )


def _arrow(link: Link) -> str:
    target = link.target or "|".join(link.allowed) or "?"
    return f"{link.field} -> {target if link.kind != 'o2m' else f'[{target}]'}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
