"""Models -> TypeScript for `createDirectus<Schema>()` of @directus/sdk 17 and newer.

export interface Articles {
  id: number;
  status: "draft" | "published";
  tags: "csv" | null;                 a literal that the SDK knows: functions and the answer's type
  author: number | Authors | null;    the key, or the item
  comments: number[] | Comments[];
}

export interface Schema {
  articles: Articles[];
  homepage: Homepage;                 a singleton is one object
  directus_users: DirectusUsers;      what the project has added to the SDK's own type
}
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from rest_bridge.client_types.models import Member, Model, Value, models
from schema_gen.model import SchemaSnapshot

_NOTICE: Final = "// Written by `causeway types --lang typescript`: do not edit, write it anew.\n"
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_$][\w$]*", re.A)
_VALUES: Final[Mapping[Value, str]] = {
    "string": "string",
    "integer": "number",
    "longInteger": "number | string",
    "number": "number",
    "longNumber": "number | string",
    "boolean": "boolean",
    "moment": '"datetime"',
    "strings": '"csv"',
    "json": '"json"',
    # an object would be taken for a relation
    "geometry": '"json"',
}
#: system collections that the SDK has a type for
SDK: Final[Mapping[str, str]] = {
    f"directus_{collection}": f"Directus{name}"
    for collection, name in {
        "access": "Access",
        "activity": "Activity",
        "comments": "Comment",
        "dashboards": "Dashboard",
        "files": "File",
        "flows": "Flow",
        "folders": "Folder",
        "notifications": "Notification",
        "operations": "Operation",
        "panels": "Panel",
        "permissions": "Permission",
        "policies": "Policy",
        "presets": "Preset",
        "revisions": "Revision",
        "roles": "Role",
        "settings": "Settings",
        "shares": "Share",
        "translations": "Translation",
        "users": "User",
        "versions": "Version",
    }.items()
}
_RESERVED: Final = frozenset(
    {"Schema", "Array", "Object", "String", "Number", "Boolean", "Date", "Symbol", "Function", "Promise"}
).union(SDK.values())


def typescript(snapshot: SchemaSnapshot, wanted: Sequence[str] = ()) -> str:
    """Raises INVALID_PAYLOAD for a collection that is not there."""
    found = models(snapshot, wanted, _RESERVED, whole=False)
    types = {model.collection: model.name for model in found if not model.added}
    types |= {name: f"{known}<Schema>" for name, known in SDK.items() if name in snapshot.collections}
    used = sorted({target for model in found for one in model.members for target in one.targets} & SDK.keys())
    parts = [_NOTICE]
    if used:
        names = ", ".join(SDK[name] for name in used)
        parts.append(f'import type {{ {names} }} from "@directus/sdk";\n')
    parts += [_interface(model, types) for model in found]
    parts.append(_schema(found))
    return "\n".join(parts)


def _interface(model: Model, types: Mapping[str, str]) -> str:
    lines = [*_comment(model.note, ""), f"export interface {model.name} {{"]
    for member in model.members:
        lines += _comment(member.note, "  ")
        lines.append(f"  {_property(member.field)}: {_type(member, types)};")
    return "\n".join([*lines, "}\n"])


def _schema(found: Sequence[Model]) -> str:
    lines = ["export interface Schema {"]
    for model in found:
        many = "" if model.singleton or model.added else "[]"
        lines.append(f"  {_property(model.collection)}: {model.name}{many};")
    return "\n".join([*lines, "}\n"])


def _type(member: Member, types: Mapping[str, str]) -> str:
    value = _VALUES[member.value]
    if member.choices:
        value = " | ".join(json.dumps(choice, ensure_ascii=False) for choice in member.choices)
    related = [types[target] for target in member.targets if target in types]
    if member.many:
        keys = f"({value})[]" if " | " in value else f"{value}[]"
        return " | ".join([keys, *(f"{name}[]" for name in related)])
    return " | ".join([value, *related, *(["null"] if member.nullable else [])])


def _property(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _comment(note: str | None, indent: str) -> list[str]:
    return [f"{indent}/** {note.replace('*/', '* /')} */"] if note else []
