"""Makes a data model on a Directus server, and asks for its snapshot and for differences from it.

    python make_directus_models.py fill http://127.0.0.1:8058 admin-token
    python make_directus_models.py record http://127.0.0.1:8058 admin-token > 12.4.1_sqlite.json
    python make_directus_models.py gather 12.4.1_sqlite.json 12.4.1_postgres.json 11.17.4_sqlite.json ...

`fill` makes collections with a field of every type and relations of every kind, on an empty server (types
that the server refuses, as geometry without PostGIS, are passed over). `record` asks for the snapshot, and
for the difference from each document of `EDITS`. `gather` makes `directus_models.json.gz` of what was
recorded, by release and database.
"""

from __future__ import annotations

import gzip
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

RECORDED: Final = Path(__file__).parent / "directus_models.json.gz"
Document = dict[str, Any]

KEY: Final = {
    "field": "id",
    "type": "integer",
    "schema": {"is_primary_key": True, "has_auto_increment": True},
    "meta": {"hidden": True, "readonly": True, "interface": "input"},
}
UUID: Final = {
    "field": "id",
    "type": "uuid",
    "schema": {"is_primary_key": True},
    "meta": {"special": ["uuid"], "hidden": True, "readonly": True, "interface": "input"},
}
HIDDEN: Final = {"hidden": True}
#: type -> specials, and a default
TYPES: Final[dict[str, tuple[list[str] | None, Any]]] = {
    "bigInteger": (None, 12345678901),
    "binary": (None, None),
    "boolean": (["cast-boolean"], True),
    "csv": (["cast-csv"], "a,b"),
    "date": (None, "2020-01-02"),
    "dateTime": (None, "2020-01-02T03:04:05"),
    "decimal": (None, 2.5),
    "float": (None, 1.5),
    "geometry": (["geometry"], None),
    "geometry.LineString": (["geometry.LineString"], None),
    "geometry.MultiLineString": (["geometry.MultiLineString"], None),
    "geometry.MultiPoint": (["geometry.MultiPoint"], None),
    "geometry.MultiPolygon": (["geometry.MultiPolygon"], None),
    "geometry.Point": (["geometry.Point"], None),
    "geometry.Polygon": (["geometry.Polygon"], None),
    "hash": (["hash"], None),
    "integer": (None, 3),
    "json": (["cast-json"], [{"a": 1}]),
    "string": (None, "draft"),
    "text": (None, "long"),
    "time": (None, "03:04:05"),
    "timestamp": (None, "CURRENT_TIMESTAMP"),
    "uuid": (["uuid"], None),
}


class Server:
    def __init__(self, base: str, token: str) -> None:
        self._base, self._token = base, token

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self._base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": f"Bearer {self._token}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as reply:
            said = reply.read()
        return json.loads(said)["data"] if said else None

    def collection(self, name: str, *fields: Any, schema: Any = (), **meta: Any) -> None:
        body = {"collection": name, "schema": schema if schema is None else {}, "meta": meta}
        self.ask("POST", "/collections", {**body, "fields": fields} if fields else body)

    def field(self, collection: str, name: str, kind: str, schema: Any = None, **meta: Any) -> None:
        body: Document = {"field": name, "type": kind, "meta": meta}
        if kind != "alias":
            body["schema"] = schema or {}
        try:
            self.ask("POST", f"/fields/{collection}", body)
        except urllib.error.HTTPError as error:
            if not kind.startswith("geometry"):
                raise
            print(f"{collection}.{name}: {error}", file=sys.stderr)

    def relation(self, place: str, target: str | None, on_delete: str | None, **meta: Any) -> None:
        collection, field = place.split(".")
        body: Document = {
            "collection": collection,
            "field": field,
            "related_collection": target,
            "meta": meta,
        }
        if on_delete is not None:
            body["schema"] = {"on_delete": on_delete}
        self.ask("POST", "/relations", body)


# --- the model --------------------------------------------------------------------------------------------


def fill(server: Server) -> None:
    server.collection("content", schema=None, icon="folder", collapse="open", color="#FF0000")
    _authors_and_articles(server)
    _every_type(server)
    _relations(server)
    _many_to_many(server)
    _many_to_any(server)
    server.field("articles", "notice", "alias", special=["alias", "no-data"], options={"text": "note"})
    server.field("directus_users", "nickname", "string", {"max_length": 50}, interface="input", sort=1)
    server.field("directus_users", "favourite", "integer", special=["m2o"])
    server.relation("directus_users.favourite", "articles", "SET NULL")
    server.ask("PATCH", "/fields/directus_users/last_page", {"schema": {"is_indexed": True}})
    numbered = {**KEY, "type": "bigInteger"}
    server.collection("imprint", numbered, {"field": "text", "type": "text", "meta": {}}, singleton=True)


def _authors_and_articles(server: Server) -> None:
    server.collection(
        "authors",
        UUID,
        {
            "field": "name",
            "type": "string",
            "schema": {"max_length": 100, "is_nullable": False},
            "meta": {"required": True, "width": "half"},
        },
        {"field": "email", "type": "string", "schema": {"is_unique": True}, "meta": {}},
        {
            "field": "date_created",
            "type": "timestamp",
            "meta": {"special": ["date-created"], "readonly": True, "hidden": True},
        },
        icon="person",
        note="who writes",
        group="content",
        sort=1,
        display_template="{{name}}",
        translations=[{"language": "de-DE", "translation": "Autoren", "singular": "Autor"}],
    )
    choices = [{"text": "$t:published", "value": "published"}, {"text": "$t:draft", "value": "draft"}]
    server.collection(
        "articles",
        KEY,
        {
            "field": "status",
            "type": "string",
            "schema": {"default_value": "draft", "is_nullable": False},
            "meta": {
                "interface": "select-dropdown",
                "options": {"choices": choices},
                "display": "labels",
                "display_options": {"showAsDot": True},
            },
        },
        {"field": "sort", "type": "integer", "meta": HIDDEN},
        {
            "field": "title",
            "type": "string",
            "schema": {"is_indexed": True},
            "meta": {
                "note": "the title",
                "translations": [{"language": "de-DE", "translation": "Titel"}],
                "validation": {"_and": [{"title": {"_nempty": True}}]},
                "validation_message": "say something",
                "conditions": [
                    {"name": "c", "rule": {"_and": [{"status": {"_eq": "published"}}]}, "readonly": True}
                ],
            },
        },
        group="content",
        sort=2,
        archive_field="status",
        archive_value="archived",
        unarchive_value="draft",
        sort_field="sort",
        accountability="activity",
        item_duplication_fields=["title"],
        preview_url="https://example.com/{{id}}",
        versioning=True,
    )


def _every_type(server: Server) -> None:
    server.collection("every_type", KEY, group="content", sort=3)
    server.field("every_type", "group", "alias", special=["alias", "no-data"], interface="group-raw")
    for kind, (special, value) in TYPES.items():
        name = kind.lower().replace(".", "_")
        size = {"numeric_precision": 12, "numeric_scale": 3} if kind == "decimal" else {}
        server.field("every_type", f"f_{name}", kind, size, special=special)
        if value is not None:
            schema = {"default_value": value, "is_nullable": False}
            server.field("every_type", f"f_{name}_d", kind, schema, special=special, group="group")
        if kind in ("bigInteger", "integer", "string", "uuid"):
            server.field("every_type", f"f_{name}_u", kind, {"is_unique": True})
            server.field("every_type", f"f_{name}_i", kind, {"is_indexed": True})


def _relations(server: Server) -> None:
    server.field("articles", "author", "uuid", special=["m2o"], options={"template": "{{name}}"})
    server.field("authors", "articles", "alias", special=["o2m"], interface="list-o2m")
    server.relation("articles.author", "authors", "SET NULL", one_field="articles", sort_field="sort")
    server.field("articles", "parent", "integer", special=["m2o"])
    server.relation("articles.parent", "articles", "NO ACTION")
    server.field("articles", "cover", "uuid", special=["file"], interface="file-image")
    server.relation("articles.cover", "directus_files", "SET NULL")
    server.field("articles", "user_created", "uuid", special=["user-created"], readonly=True)
    server.relation("articles.user_created", "directus_users", "SET NULL")


def _many_to_many(server: Server) -> None:
    code = {
        "field": "code",
        "type": "string",
        "schema": {"is_primary_key": True, "max_length": 20},
        "meta": {},
    }
    server.collection("tags", code, {"field": "label", "type": "string", "meta": {}})
    server.collection("languages", {**code, "schema": {"is_primary_key": True}})
    for alias, special, junction, near, far, kind, target in (
        ("tags", "m2m", "articles_tags", "articles_id", "tags_code", "string", "tags"),
        (
            "translations",
            "translations",
            "translated",
            "articles_id",
            "languages_code",
            "string",
            "languages",
        ),
        ("files", "files", "articles_files", "articles_id", "files_id", "uuid", "directus_files"),
    ):
        server.collection(junction, KEY, hidden=True, icon="import_export")
        server.field("articles", alias, "alias", special=[special], interface=f"list-{special}")
        server.field(junction, near, "integer", **HIDDEN)
        server.field(junction, far, kind, {"max_length": 20} if target == "tags" else None, **HIDDEN)
        server.relation(f"{junction}.{far}", target, "CASCADE", junction_field=near)
        server.relation(f"{junction}.{near}", "articles", "SET NULL", one_field=alias, junction_field=far)


def _many_to_any(server: Server) -> None:
    for name in ("headings", "paragraphs"):
        server.collection(name, KEY, {"field": "text", "type": "text", "meta": {}})
    server.collection("articles_blocks", KEY, {"field": "sort", "type": "integer", "meta": {}}, hidden=True)
    server.field("articles", "blocks", "alias", special=["m2a"], interface="list-m2a")
    server.field("articles_blocks", "articles_id", "integer", **HIDDEN)
    server.field("articles_blocks", "item", "string", **HIDDEN)
    server.field("articles_blocks", "collection", "string", **HIDDEN)
    server.relation(
        "articles_blocks.item",
        None,
        None,
        one_allowed_collections=["headings", "paragraphs"],
        one_collection_field="collection",
        junction_field="articles_id",
    )
    server.relation(
        "articles_blocks.articles_id",
        "articles",
        "SET NULL",
        one_field="blocks",
        junction_field="item",
        sort_field="sort",
    )


# --- other models -----------------------------------------------------------------------------------------


def entry(document: Document, part: str, place: str) -> Document:
    collection, _, field = place.partition(".")
    return next(
        found
        for found in document[part]
        if found["collection"] == collection and found.get("field", "") == field
    )


def nothing(document: Document) -> None:
    """The same model."""


def meta(document: Document) -> None:
    status = entry(document, "fields", "articles.status")
    status["meta"]["options"]["choices"][1]["text"] = "Other"
    status["meta"]["display_options"] = None
    entry(document, "fields", "articles.title")["meta"]["special"] = ["a"]
    entry(document, "fields", "articles.sort")["meta"]["note"] = "x"
    authors = entry(document, "collections", "authors")
    authors["meta"]["translations"][0]["singular"] = "Q"
    articles = entry(document, "collections", "articles")
    articles["meta"]["item_duplication_fields"] = ["x", "y", "z"]
    articles["meta"]["group"] = None


def columns(document: Document) -> None:
    entry(document, "fields", "articles.status")["schema"]["default_value"] = "published"
    entry(document, "fields", "articles.title")["schema"]["max_length"] = 100
    sort = entry(document, "fields", "articles.sort")
    sort["type"], sort["schema"]["data_type"] = "bigInteger", "bigint"
    name = entry(document, "fields", "authors.name")
    name["schema"] |= {"is_nullable": True, "is_unique": True}


def relations(document: Document) -> None:
    author = entry(document, "relations", "articles.author")
    author["schema"]["on_delete"] = "CASCADE"
    author["meta"]["sort_field"] = None
    entry(document, "relations", "articles_blocks.item")["meta"]["one_allowed_collections"] = ["headings"]


def less(document: Document) -> None:
    for part in ("collections", "fields", "relations"):
        document[part] = [each for each in document[part] if each["collection"] != "articles_tags"]
    for part, place in (("fields", "articles.title"), ("relations", "articles.cover")):
        document[part].remove(entry(document, part, place))
    document["systemFields"].remove(entry(document, "systemFields", "directus_users.last_page"))


def more(document: Document) -> None:
    made = deepcopy(entry(document, "collections", "headings"))
    made["collection"] = made["meta"]["collection"] = made["schema"]["name"] = "copy"
    document["collections"].append(made)
    field = deepcopy(entry(document, "fields", "headings.id"))
    field["collection"] = field["meta"]["collection"] = field["schema"]["table"] = "copy"
    document["fields"].append(field)
    index = {"collection": "directus_users", "field": "location", "schema": {"is_indexed": True}}
    document["systemFields"].append(index)


EDITS: Final[tuple[Callable[[Document], None], ...]] = (nothing, meta, columns, relations, less, more)


def record(server: Server) -> None:
    snapshot = server.ask("GET", "/schema/snapshot")
    differences = {}
    for edit in EDITS:
        document = deepcopy(snapshot)
        edit(document)
        said = server.ask("POST", "/schema/diff", document)
        differences[edit.__name__] = said and said["diff"]
    json.dump({"snapshot": snapshot, "differences": differences}, sys.stdout)


def gather(*paths: str) -> None:
    said = {Path(path).stem: json.loads(Path(path).read_text()) for path in paths}
    RECORDED.write_bytes(gzip.compress(json.dumps(said, separators=(",", ":")).encode(), mtime=0))


if __name__ == "__main__":
    if sys.argv[1] == "gather":
        gather(*sys.argv[2:])
    else:
        {"fill": fill, "record": record}[sys.argv[1]](Server(*sys.argv[2:]))
