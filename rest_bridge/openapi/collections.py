"""The paths of one collection: its items together, and one of them.

    articles        -> /items/articles, /items/articles/{id}
    homepage        -> /items/homepage (a singleton)
    directus_users  -> /users, /users/{id}

Each method stands there only where the route has it and the caller may use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal
from urllib.parse import quote

from rest_bridge.openapi.items import key_schema
from rest_bridge.openapi.operations import ALWAYS, body, data, done, exported, ok, operation, parameters
from rest_bridge.openapi.parameters import MANY, ONE, WRITTEN
from rest_bridge.openapi.setting import Schema, Setting
from rest_bridge.routes import SYSTEM_ROUTES, Methods, match
from schema_gen.model import Collection
from schema_gen.registry import SYSTEM

_WRITING: Final = (*ALWAYS, 408, 413)
_ONE_ITEM: Final = (*ALWAYS, 404)
#: 422: a change that would leave nobody in charge, of nested items too
_CHANGING: Final = (*_WRITING, 404, 412, 422)
_LIST_METHODS: Final = match("/items/x").methods
_ITEM_METHODS: Final = match("/items/x/1").methods
_COUNTS: Final[Schema] = {"$ref": "#/components/schemas/x-metadata"}
_TAGGED: Final[Schema] = {
    "headers": {"ETag": {"description": "Version of the item", "schema": {"type": "string"}}}
}
_UNCHANGED: Final[Schema] = {"description": "The client has this version already"}

#: system collections whose names have another plural, or another singular, than an "s" makes
_NUMBERS: Final[Mapping[str, tuple[str, str]]] = {
    "Access": ("Accesses", "Access"),
    "Activity": ("Activities", "Activity"),
    "Versions": ("ContentVersions", "ContentVersion"),
}

Make = Callable[[Collection, Setting], Schema]
Verb = Literal[
    "read", "create", "update", "delete", "readSingle", "updateSingle", "upsertSingle", "deleteSingle"
]


def collection_paths(home: Collection, setting: Setting) -> dict[str, Schema]:
    """Path -> path item; none where the caller may do nothing."""
    base, together, single = _routes(home)
    places: list[tuple[str, Mapping[str, Make], Methods]]
    if home.singleton:
        places = [
            (base, {"GET": _read_singleton, "PATCH": _update_singleton}, together),
            (f"{base}/{{id}}", {"GET": _read_one, "DELETE": _delete_one}, single),
        ]
    else:
        places = [(base, _TOGETHER, together), (f"{base}/{{id}}", _SINGLE, single)]
    found: dict[str, Schema] = {}
    for path, makers, methods in places:
        made = {
            method.lower(): make(home, setting)
            for method, make in makers.items()
            if method in methods and _allowed(method, home, setting)
        }
        if made:
            found[path] = {**made, **({"parameters": parameters("Id")} if path != base else {})}
    return found


def tag_of(home: Collection, setting: Setting) -> str:
    return setting.components[home.name]


def _routes(home: Collection) -> tuple[str, Methods, Methods]:
    """Path, methods of all items together, methods of one."""
    if not home.system:
        return f"/items/{quote(home.name, safe='')}", _LIST_METHODS, _ITEM_METHODS if home.primary_key else ()
    table = SYSTEM.get(home.name)
    path = "" if table is None else table.path or ""
    if path not in SYSTEM_ROUTES:
        return "", (), ()
    system = SYSTEM_ROUTES[path]
    return f"/{path}", system.items.methods, system.one or ()


def _allowed(method: str, home: Collection, setting: Setting) -> bool:
    if method == "GET":
        return setting.shown(home.name)
    if method == "POST":
        return setting.created(home.name)
    if method == "DELETE":
        return setting.deleted(home.name)
    if method == "PUT":
        return setting.created(home.name) and setting.updated(home.name)
    return setting.updated(home.name)


# --- all items together -------------------------------------------------------------------------------------


def _read_many(home: Collection, setting: Setting) -> Schema:
    items: Schema = {"type": "array", "items": setting.item(home.name)}
    answer = data(items)
    answer["properties"] = {"meta": _COUNTS, **answer["properties"]}
    return _operation("read", home, setting, "List items", exported(ok(answer, "The items")), query=MANY)


def _create(home: Collection, setting: Setting) -> Schema:
    new = setting.new(home.name)
    forms: Schema = {"anyOf": [new, {"type": "array", "items": new}]}
    return _operation(
        "create",
        home,
        setting,
        "Create one item, or a list of them",
        _written_answer(home, setting, many=True),
        query=(*WRITTEN, "OnConflict", "Prefer", "IdempotencyKey"),
        sent=forms,
        refusals=(*_WRITING, 422),
    )


def _update_many(home: Collection, setting: Setting) -> Schema:
    change = setting.change(home.name)
    keyed = {"allOf": [change, {"required": list(home.primary_key)}]}
    forms: Schema = {
        "anyOf": [
            _with({"keys": _keys(home), "data": change}),
            _with({"query": {"type": "object"}, "data": change}),
            {"type": "array", "items": keyed},
        ]
    }
    return _operation(
        "update",
        home,
        setting,
        "Change several items: all alike, by keys or by a query, or each for itself",
        _written_answer(home, setting, many=True),
        query=(*WRITTEN, "Prefer", "IfMatch"),
        sent=forms,
        refusals=_CHANGING,
    )


def _delete_many(home: Collection, setting: Setting) -> Schema:
    keys = _keys(home)
    forms: Schema = {"anyOf": [keys, _with({"keys": keys}), _with({"query": {"type": "object"}})]}
    return _operation(
        "delete",
        home,
        setting,
        "Delete several items, by keys or by a query",
        {"204": done("Deleted")},
        query=("Prefer", "IfMatch"),
        sent=forms,
        refusals=_CHANGING,
    )


# --- one item -----------------------------------------------------------------------------------------------


def _read_one(home: Collection, setting: Setting) -> Schema:
    answers = {"200": _item_answer(home, setting), "304": _UNCHANGED}
    return _operation(
        "readSingle", home, setting, "Read one item", answers, query=(*ONE, "IfNoneMatch"), refusals=_ONE_ITEM
    )


def _update_one(home: Collection, setting: Setting) -> Schema:
    return _change_one("updateSingle", "Change one item", setting.change(home.name), home, setting)


def _upsert(home: Collection, setting: Setting) -> Schema:
    summary = "Change one item, or create it under this key"
    forms: Schema = {"anyOf": [setting.change(home.name), setting.new(home.name)]}
    return _change_one("upsertSingle", summary, forms, home, setting)


def _change_one(verb: Verb, summary: str, sent: Schema, home: Collection, setting: Setting) -> Schema:
    return _operation(
        verb,
        home,
        setting,
        summary,
        _written_answer(home, setting, many=False),
        query=(*WRITTEN, "Prefer", "IfMatch"),
        sent=sent,
        refusals=_CHANGING,
    )


def _delete_one(home: Collection, setting: Setting) -> Schema:
    return _operation(
        "deleteSingle",
        home,
        setting,
        "Delete one item",
        {"204": done("Deleted")},
        query=("IfMatch",),
        refusals=_CHANGING,
    )


def _read_singleton(home: Collection, setting: Setting) -> Schema:
    answers = {"200": _item_answer(home, setting), "304": _UNCHANGED}
    return _operation("read", home, setting, "Read it", answers, query=(*ONE, "IfNoneMatch"))


def _update_singleton(home: Collection, setting: Setting) -> Schema:
    return _change_one("update", "Change it", setting.change(home.name), home, setting)


_TOGETHER: Final[Mapping[str, Make]] = {
    "GET": _read_many,
    "POST": _create,
    "PATCH": _update_many,
    "DELETE": _delete_many,
}
_SINGLE: Final[Mapping[str, Make]] = {
    "GET": _read_one,
    "PUT": _upsert,
    "PATCH": _update_one,
    "DELETE": _delete_one,
}


# --- parts --------------------------------------------------------------------------------------------------


def operation_id(verb: Verb, home: Collection, setting: Setting) -> str:
    """As the protocol has them: `readSingleItemsArticles`, but `getUser`."""
    name = setting.components[home.name]
    if not home.system:
        return f"{verb}{name}"
    many, one = _NUMBERS.get(name, (name, _singular(name)))
    kind = verb.removesuffix("Single")
    single = verb.endswith("Single") or verb == "create" or (home.singleton and verb == "update")
    return f"{'get' if kind == 'read' else kind}{one if single else many}"


def _singular(name: str) -> str:
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


def _operation(
    verb: Verb,
    home: Collection,
    setting: Setting,
    summary: str,
    answers: Mapping[str, Any],
    *,
    query: tuple[str, ...],
    sent: Schema | None = None,
    refusals: tuple[int, ...] = ALWAYS,
) -> Schema:
    return operation(
        operation_id(verb, home, setting),
        ("Items", tag_of(home, setting)) if not home.system else (tag_of(home, setting),),
        summary,
        answers if "description" not in answers else {"200": answers},
        parameters=parameters(*query),
        body=None if sent is None else body(sent),
        refusals=refusals,
    )


def _item_answer(home: Collection, setting: Setting) -> Schema:
    return exported(ok(data(setting.item(home.name)), "The item", **_TAGGED))


def _written_answer(home: Collection, setting: Setting, *, many: bool) -> dict[str, Schema]:
    """What the caller may not read is not told."""
    silent = {"204": done()}
    if not setting.shown(home.name):
        return silent
    item = setting.item(home.name)
    told: Schema = {"anyOf": [item, {"type": "array", "items": item}]} if many else item
    return {"200": ok(data(told), "As it is now", **({} if many else _TAGGED)), **silent}


def _keys(home: Collection) -> Schema:
    return {"type": "array", "items": key_schema(home)}


def _with(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }
