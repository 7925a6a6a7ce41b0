"""Makes the content of `directus12.sqlite.gz`: HTTP calls against an empty Directus 12 on SQLite.

    python make_directus12.py http://127.0.0.1:8058 admin-token > directus12.json
    python make_directus12.py http://127.0.0.1:8058 admin-token no-geometry > directus12_postgresql.json

Every kind of relation (m2o, o2m, m2m, m2a, file, files, translations, self-reference), a singleton, a
folder, every field type with and without values, a role with a policy and a user. What the server then says
about it goes to standard output: fields, relations, and the items as they are on the wire. Stop the server,
`VACUUM INTO` a copy of its database, gzip it. PostgreSQL without PostGIS has no geometry types.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import Any

BASE, TOKEN = sys.argv[1], sys.argv[2]
BOUNDARY = "causeway-boundary"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da63fcff1f0003030200efa2a75b0000000049454e44ae426082"
)


def call(
    method: str, path: str, body: Any = None, *, raw: bytes | None = None, kind: str = "application/json"
) -> Any:
    data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
    request = urllib.request.Request(f"{BASE}{path}", data=data, method=method)
    request.add_header("Authorization", f"Bearer {TOKEN}")
    if data is not None:
        request.add_header("Content-Type", kind)
    with urllib.request.urlopen(request) as reply:
        text = reply.read()
    return json.loads(text)["data"] if text else None


def field(
    name: str, kind: str, special: list[str] | None = None, meta: Any = None, **schema: Any
) -> dict[str, Any]:
    return {
        "field": name,
        "type": kind,
        "meta": {"special": special, **(meta or {})},
        "schema": None if kind == "alias" else schema,
    }


def serial() -> dict[str, Any]:
    return field("id", "integer", meta={"hidden": True}, is_primary_key=True, has_auto_increment=True)


def collection(name: str, *fields: dict[str, Any], **meta: Any) -> None:
    call("POST", "/collections", {"collection": name, "schema": {}, "meta": meta, "fields": list(fields)})


def relation(many: str, name: str, one: str | None, one_field: str | None = None, **meta: Any) -> None:
    schema = {"on_delete": meta.pop("on_delete", "SET NULL")} if one else None
    body = {"collection": many, "field": name, "related_collection": one, "schema": schema}
    call("POST", "/relations", {**body, "meta": {"one_field": one_field, **meta}})


def alias(name: str, parent: str, *special: str, **meta: Any) -> None:
    call("POST", f"/fields/{parent}", field(name, "alias", list(special), meta))


def publishing() -> None:
    call("POST", "/collections", {"collection": "content", "schema": None, "meta": {"icon": "folder"}})
    collection(
        "authors",
        serial(),
        field("name", "string", is_nullable=False),
        field("email", "string", is_unique=True),
        field("bio", "text"),
        field("portrait", "uuid", ["file"]),
        group="content",
    )
    collection(
        "categories", serial(), field("title", "string"), field("parent", "integer", ["m2o"]), group="content"
    )
    collection(
        "tags", field("id", "uuid", ["uuid"], is_primary_key=True), field("name", "string", is_unique=True)
    )
    collection(
        "articles",
        serial(),
        field("status", "string", meta={"width": "half"}, default_value="draft"),
        field("sort", "integer"),
        field("user_created", "uuid", ["user-created"]),
        field("date_created", "timestamp", ["date-created"]),
        field("user_updated", "uuid", ["user-updated"]),
        field("date_updated", "timestamp", ["date-updated"]),
        field("title", "string", is_nullable=False, max_length=120),
        field("slug", "string", is_unique=True),
        field("body", "text", meta={"note": "The text itself"}),
        field("views", "integer", default_value=0),
        field("keywords", "csv", ["cast-csv"]),
        field("author", "integer", ["m2o"]),
        field("category", "integer", ["m2o"]),
        field("cover", "uuid", ["file"]),
        archive_field="status",
        archive_value="archived",
        unarchive_value="draft",
        sort_field="sort",
        note="What is published",
    )
    collection(
        "comments",
        serial(),
        field("body", "text"),
        field("article", "integer", ["m2o"]),
        field("sort", "integer"),
    )
    collection(
        "articles_tags", serial(), field("articles_id", "integer"), field("tags_id", "uuid"), hidden=True
    )
    collection(
        "articles_files",
        serial(),
        field("articles_id", "integer"),
        field("directus_files_id", "uuid"),
        hidden=True,
    )
    collection("block_headings", serial(), field("text", "string"), field("level", "integer"))
    collection("block_texts", field("id", "uuid", ["uuid"], is_primary_key=True), field("text", "text"))
    collection(
        "articles_blocks",
        serial(),
        field("articles_id", "integer"),
        field("item", "string"),
        field("collection", "string"),
        field("sort", "integer"),
        hidden=True,
    )
    collection("languages", field("code", "string", is_primary_key=True), field("name", "string"))
    collection(
        "articles_translations",
        serial(),
        field("articles_id", "integer"),
        field("languages_code", "string"),
        field("title", "string"),
        hidden=True,
    )
    collection(
        "homepage",
        serial(),
        field("headline", "string"),
        field("featured", "integer", ["m2o"]),
        singleton=True,
    )

    for parent, name, special in (
        ("authors", "articles", "o2m"),
        ("categories", "children", "o2m"),
        ("articles", "comments", "o2m"),
        ("articles", "tags", "m2m"),
        ("tags", "articles", "m2m"),
        ("articles", "gallery", "files"),
        ("articles", "blocks", "m2a"),
        ("articles", "translations", "translations"),
    ):
        alias(name, parent, special)
    alias("divider", "articles", "alias", "no-data", interface="presentation-divider")
    alias("seo", "articles", "alias", "no-data", "group", interface="group-detail")

    relation("authors", "portrait", "directus_files")
    relation("categories", "parent", "categories", "children", on_delete="NO ACTION")
    relation("articles", "author", "authors", "articles")
    relation("articles", "category", "categories")
    relation("articles", "cover", "directus_files")
    relation("articles", "user_created", "directus_users", on_delete="NO ACTION")
    relation("articles", "user_updated", "directus_users", on_delete="NO ACTION")
    relation(
        "comments",
        "article",
        "articles",
        "comments",
        sort_field="sort",
        one_deselect_action="delete",
        on_delete="CASCADE",
    )
    relation("articles_tags", "articles_id", "articles", "tags", junction_field="tags_id")
    relation("articles_tags", "tags_id", "tags", "articles", junction_field="articles_id")
    relation("articles_files", "articles_id", "articles", "gallery", junction_field="directus_files_id")
    relation("articles_files", "directus_files_id", "directus_files", junction_field="articles_id")
    relation("articles_blocks", "articles_id", "articles", "blocks", junction_field="item", sort_field="sort")
    relation(
        "articles_blocks",
        "item",
        None,
        one_allowed_collections=["block_headings", "block_texts"],
        one_collection_field="collection",
        junction_field="articles_id",
    )
    relation(
        "articles_translations", "articles_id", "articles", "translations", junction_field="languages_code"
    )
    relation("articles_translations", "languages_code", "languages", junction_field="articles_id")
    relation("homepage", "featured", "articles")


#: field type -> two values
KINDS: dict[str, tuple[Any, Any]] = {
    "bigInteger": (9007199254740993, -1),
    "boolean": (True, False),
    "date": ("2024-02-29", "1999-12-31"),
    "dateTime": ("2024-02-29T12:34:56", "1999-12-31T23:59:59"),
    "decimal": ("1234.56789", "-0.1"),
    "float": (3.25, -1e-7),
    "integer": (2147483647, -2147483648),
    "json": ({"a": {"b": [1, "two", None]}, "z": 1, "c": True}, ["list", 1]),
    "string": ("Grüße, «world» 🌍", ""),
    "text": ('line one\nline "two"\t\\', " "),
    "time": ("12:34:56", "00:00:00"),
    "timestamp": ("2024-02-29T12:34:56.789Z", "1999-12-31T23:59:59+02:00"),
    "uuid": ("6f1c9d1e-3b1a-4a57-9f0e-2d1f6b8f0a11", "00000000-0000-4000-8000-000000000000"),
    "hash": ("password", "password"),
    "csv": (["one", "two"], []),
    "binary": (None, None),
}
#: a plain SQLite has none of the functions that the server calls for these: fields without items
GEOMETRIES = (
    "geometry",
    "geometry.Point",
    "geometry.LineString",
    "geometry.Polygon",
    "geometry.MultiPoint",
    "geometry.MultiLineString",
    "geometry.MultiPolygon",
)
SPECIALS = {
    "boolean": "cast-boolean",
    "json": "cast-json",
    "csv": "cast-csv",
    "timestamp": "cast-timestamp",
    "hash": "hash",
    "dateTime": "cast-datetime",
}


def name_of(kind: str) -> str:
    return "f_" + kind.replace(".", "_").lower()


def kinds() -> None:
    fields = [field(name_of(kind), kind, [SPECIALS[kind]] if kind in SPECIALS else None) for kind in KINDS]
    collection(
        "kinds",
        serial(),
        *fields,
        field("secret", "string", ["conceal"]),
        field("with_default", "json", ["cast-json"], default_value={"on": True}),
        field("from_date", "timestamp", ["date-created", "cast-timestamp"]),
    )
    if "no-geometry" not in sys.argv:
        collection("places", serial(), *(field(name_of(kind), kind, [kind]) for kind in GEOMETRIES))
    rows = [{name_of(kind): values[number] for kind, values in KINDS.items()} for number in (0, 1)]
    call("POST", "/items/kinds", [{**rows[0], "secret": "hidden"}, rows[1], {}])


def content() -> None:
    picture = (
        (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="title"\r\n\r\nPixel\r\n--{BOUNDARY}\r\n'
            'Content-Disposition: form-data; name="file"; filename="pixel.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode()
        + PIXEL
        + f"\r\n--{BOUNDARY}--\r\n".encode()
    )
    image = call("POST", "/files", raw=picture, kind=f"multipart/form-data; boundary={BOUNDARY}")["id"]
    call("POST", "/items/languages", [{"code": "en", "name": "English"}, {"code": "de", "name": "German"}])
    call("POST", "/items/categories", {"title": "Root", "children": [{"title": "One"}, {"title": "Two"}]})
    call(
        "POST",
        "/items/authors",
        [{"name": "Ada", "email": "ada@example.com", "portrait": image}, {"name": "Bob"}],
    )
    for number in range(1, 7):
        call(
            "POST",
            "/items/articles",
            {
                "title": f"Article {number}",
                "slug": f"article-{number}",
                "status": ["draft", "published"][number % 2],
                "body": "Text. " * number,
                "views": number * 10,
                "keywords": ["k1", f"k{number}"],
                "author": 1 + number % 2,
                "category": 1 + number % 3,
                "cover": image if number == 1 else None,
                "sort": 7 - number,
                "comments": [{"body": f"Comment {number}.{n}", "sort": 3 - n} for n in range(number % 3)],
                "gallery": [{"directus_files_id": image}] if number < 3 else [],
                "blocks": [
                    {
                        "collection": "block_headings",
                        "item": {"text": f"Heading {number}", "level": 1},
                        "sort": 1,
                    },
                    {"collection": "block_texts", "item": {"text": f"Paragraph {number}"}, "sort": 2},
                ],
                "translations": [
                    {"languages_code": "en", "title": f"Article {number}"},
                    {"languages_code": "de", "title": f"Artikel {number}"},
                ],
            },
        )
    tags = [call("POST", "/items/tags", {"name": name})["id"] for name in ("red", "green", "blue")]
    for number in range(1, 7):
        chosen = [{"tags_id": tag} for tag in tags[: number % 4]]
        call("PATCH", f"/items/articles/{number}", {"tags": chosen})
    call("PATCH", "/items/homepage", {"headline": "Welcome", "featured": 1})


def access() -> None:
    policy = call("POST", "/policies", {"name": "Reader", "app_access": False})["id"]
    role = call("POST", "/roles", {"name": "Reader", "policies": [{"policy": policy}]})["id"]
    for name in ("articles", "authors", "categories", "tags", "articles_tags"):
        grant = {"policy": policy, "collection": name, "action": "read", "fields": ["*"], "permissions": {}}
        call("POST", "/permissions", grant)
    call("POST", "/users", {"email": "reader@example.com", "password": "password", "role": role})


def record() -> dict[str, Any]:
    """What the server says: facts to compare with.

    fields: collection -> field -> [type, special, data_type, default, max_length, nullable, foreign table,
    foreign column], cut after special for fields without column. relations: [collection, field, related,
    one_field, junction_field, sort_field, deselect action, allowed, collection field, on_delete].
    """
    names = ("articles", "authors", "categories", "tags", "comments", "articles_tags", "articles_blocks",
             "block_headings", "articles_translations", "kinds", "homepage")  # fmt: skip
    of_schema = ("data_type", "default_value", "max_length", "is_nullable", "foreign_key_table",
                 "foreign_key_column")  # fmt: skip
    of_relation = ("one_field", "junction_field", "sort_field", "one_deselect_action",
                   "one_allowed_collections", "one_collection_field")  # fmt: skip
    fields: dict[str, dict[str, list[Any]]] = {}
    for one in call("GET", "/fields"):
        facts = [
            one["type"],
            (one["meta"] or {}).get("special"),
            *(one["schema"][k] for k in of_schema if one["schema"]),
        ]
        fields.setdefault(one["collection"], {})[one["field"]] = facts
    return {
        "fields": fields,
        "relations": [
            [
                one["collection"],
                one["field"],
                one["related_collection"],
                *(one["meta"][key] for key in of_relation),
                (one["schema"] or {}).get("on_delete"),
            ]
            for one in call("GET", "/relations")
        ],
        "collections": {
            one["collection"]: [
                one["schema"] is not None,
                one["meta"]["singleton"],
                one["meta"].get("sort_field"),
                one["meta"].get("archive_field"),
            ]
            for one in call("GET", "/collections")
        },
        "items": {name: call("GET", f"/items/{name}?limit=-1") for name in names},
    }


if __name__ == "__main__":
    publishing()
    kinds()
    content()
    access()
    for number, (part, facts) in enumerate(record().items()):
        entries = facts.items() if isinstance(facts, dict) else enumerate(facts)
        lines = [
            (f"{json.dumps(key)}: " if isinstance(facts, dict) else "")
            + json.dumps(value, ensure_ascii=False)
            for key, value in entries
        ]
        opening, closing = "{}" if isinstance(facts, dict) else "[]"
        print(
            "{" if number == 0 else ",",
            f"{json.dumps(part)}: {opening}",
            ",\n".join(lines),
            closing,
            sep="\n",
        )
    print("}")
