"""The collections of the demo site, as data: columns, fields and relations with their metadata.

Feeds `resolvers.demo.tables` (CREATE TABLE) and, through `metadata_rows()`, the tables directus_collections,
directus_fields and directus_relations. The site:

    articles -> authors                   articles >-< tags, through articles_tags
    articles -> categories, a tree        articles >-< block_headings | block_texts | block_quotes,
    articles <- comments                               through articles_blocks (many-to-any)
    homepage (singleton) -> articles
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from schema_gen.model import FieldType

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A foreign key to `table.id`."""

    table: str
    on_delete: str = "SET NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoField:
    name: str
    type: FieldType
    #: instead of the usual column type; a spelling that both databases take
    column_type: str | None = None
    nullable: bool = True
    unique: bool = False
    default: str | int | bool | None = None
    reference: Reference | None = None
    special: tuple[str, ...] = ()
    interface: str | None = None
    options: Mapping[str, Any] | None = None
    display: str | None = None
    width: str = "full"
    hidden: bool = False
    readonly: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCollection:
    """`folder`: metadata only, a place in the tree of collections."""

    name: str
    fields: tuple[DemoField, ...] = ()
    folder: bool = False
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRelation:
    """A row of `directus_relations`; `many_to_any` names what the link may lead to."""

    collection: str
    name: str
    related: str | None
    one_field: str | None = None
    junction_field: str | None = None
    sort_field: str | None = None
    deselect: str = "nullify"
    many_to_any: tuple[str, ...] = ()


def _key() -> DemoField:
    return DemoField(name="id", type="integer", nullable=False, interface="input", hidden=True, readonly=True)


def _text(name: str, *, long: bool = False, required: bool = False, **more: Any) -> DemoField:
    interface = "input-multiline" if long else "input"
    kind: FieldType = "text" if long else "string"
    return DemoField(name=name, type=kind, **{"nullable": not required, "interface": interface, **more})


def _to_one(name: str, table: str, template: str, on_delete: str = "SET NULL", **more: Any) -> DemoField:
    return DemoField(
        name=name,
        type="integer",
        reference=Reference(table=table, on_delete=on_delete),
        **{
            "special": ("m2o",),
            "interface": "select-dropdown-m2o",
            "options": {"template": template},
            "display": "related-values",
            **more,
        },
    )


def _to_many(name: str, special: str, interface: str, **more: Any) -> DemoField:
    return DemoField(name=name, type="alias", special=(special,), interface=interface, **more)


def _sort() -> DemoField:
    return DemoField(name="sort", type="integer", interface="input", hidden=True)


def _status(*choices: str, default: str) -> DemoField:
    options = {"choices": [{"text": choice.capitalize(), "value": choice} for choice in choices]}
    return DemoField(
        name="status",
        type="string",
        nullable=False,
        default=default,
        interface="select-dropdown",
        options=options,
        display="labels",
        width="half",
    )


def _stamp(name: str, special: str) -> DemoField:
    return DemoField(
        name=name,
        type="timestamp",
        special=(special, "cast-timestamp"),
        interface="datetime",
        display="datetime",
        width="half",
        hidden=True,
        readonly=True,
    )


def _person(name: str, special: str) -> DemoField:
    return DemoField(
        name=name,
        type="uuid",
        reference=Reference(table="directus_users"),
        special=(special,),
        interface="select-dropdown-m2o",
        options={"template": "{{avatar}} {{first_name}} {{last_name}}"},
        display="user",
        width="half",
        hidden=True,
        readonly=True,
    )


_AUTHORS: Final = DemoCollection(
    name="authors",
    meta={"icon": "person", "note": "Who writes", "display_template": "{{name}}"},
    fields=(
        _key(),
        _text("name", required=True),
        _text("email", note="For the editors only"),
        _text("bio", long=True),
        DemoField(name="joined_on", type="date", interface="datetime", width="half"),
        _to_many("articles", "o2m", "list-o2m"),
    ),
)

_CATEGORIES: Final = DemoCollection(
    name="categories",
    meta={"icon": "account_tree", "display_template": "{{name}}", "sort_field": "sort"},
    fields=(
        _key(),
        _sort(),
        _text("name", required=True),
        _text("slug", required=True, unique=True, options={"slug": True}),
        _text("description", long=True),
        _to_one("parent", "categories", "{{name}}", hidden=True),
        _to_many("children", "o2m", "list-o2m-tree-view"),
        _to_many("articles", "o2m", "list-o2m"),
    ),
)

_TAGS: Final = DemoCollection(
    name="tags",
    meta={"icon": "sell", "display_template": "{{name}}"},
    fields=(_key(), _text("name", required=True, unique=True), _to_many("articles", "m2m", "list-m2m")),
)

_ARTICLES: Final = DemoCollection(
    name="articles",
    meta={
        "icon": "article",
        "note": "What is written",
        "display_template": "{{title}}",
        "archive_field": "status",
        "archive_value": "archived",
        "unarchive_value": "draft",
        "sort_field": "sort",
    },
    fields=(
        _key(),
        _status("published", "draft", "archived", default="draft"),
        _sort(),
        _text("title", required=True),
        _text("slug", required=True, unique=True, options={"slug": True}),
        _text("summary", long=True),
        _text("body", long=True, interface="input-rich-text-md"),
        DemoField(name="views", type="integer", nullable=False, default=0, interface="input", width="half"),
        DemoField(name="rating", type="float", interface="input", width="half", note="Of readers, 1 to 5"),
        DemoField(
            name="price",
            type="decimal",
            column_type="decimal(10,2)",
            interface="input",
            width="half",
            note="Of the print",
        ),
        DemoField(
            name="featured",
            type="boolean",
            nullable=False,
            default=False,
            special=("cast-boolean",),
            interface="boolean",
            width="half",
        ),
        DemoField(
            name="published_at",
            type="timestamp",
            special=("cast-timestamp",),
            interface="datetime",
            width="half",
        ),
        DemoField(name="event_date", type="date", interface="datetime", width="half"),
        DemoField(
            name="meta",
            type="json",
            special=("cast-json",),
            interface="input-code",
            options={"language": "json"},
        ),
        DemoField(name="keywords", type="csv", special=("cast-csv",), interface="tags"),
        _to_one("author", "authors", "{{name}}"),
        _to_one("category", "categories", "{{name}}"),
        DemoField(
            name="cover",
            type="uuid",
            reference=Reference(table="directus_files"),
            special=("file",),
            interface="file-image",
            display="image",
        ),
        _to_many("tags", "m2m", "list-m2m"),
        _to_many("comments", "o2m", "list-o2m"),
        _to_many("blocks", "m2a", "list-m2a"),
        _person("user_created", "user-created"),
        _stamp("date_created", "date-created"),
        _person("user_updated", "user-updated"),
        _stamp("date_updated", "date-updated"),
    ),
)

_ARTICLES_TAGS: Final = DemoCollection(
    name="articles_tags",
    meta={"icon": "import_export", "hidden": True},
    fields=(
        _key(),
        _to_one("articles_id", "articles", "{{title}}", "CASCADE", hidden=True, special=(), interface=None),
        _to_one("tags_id", "tags", "{{name}}", "CASCADE", hidden=True, special=(), interface=None),
    ),
)

_COMMENTS: Final = DemoCollection(
    name="comments",
    meta={
        "icon": "chat",
        "display_template": "{{author_name}}: {{body}}",
        "archive_field": "status",
        "archive_value": "rejected",
        "unarchive_value": "pending",
    },
    fields=(
        _key(),
        _status("approved", "pending", "rejected", default="pending"),
        _to_one("article", "articles", "{{title}}", "CASCADE"),
        _text("author_name", required=True),
        _text("author_email"),
        _text("body", long=True, required=True),
        _stamp("date_created", "date-created"),
    ),
)

_BLOCK_HEADINGS: Final = DemoCollection(
    name="block_headings",
    meta={"icon": "title", "group": "blocks", "display_template": "{{text}}"},
    fields=(
        _key(),
        _text("text", required=True),
        DemoField(name="level", type="integer", nullable=False, default=2, interface="input", width="half"),
    ),
)

_BLOCK_TEXTS: Final = DemoCollection(
    name="block_texts",
    meta={"icon": "notes", "group": "blocks"},
    fields=(_key(), _text("body", long=True, required=True, interface="input-rich-text-md")),
)

_BLOCK_QUOTES: Final = DemoCollection(
    name="block_quotes",
    meta={"icon": "format_quote", "group": "blocks", "display_template": "{{text}}"},
    fields=(_key(), _text("text", long=True, required=True), _text("source")),
)

_ARTICLES_BLOCKS: Final = DemoCollection(
    name="articles_blocks",
    meta={"icon": "import_export", "hidden": True},
    fields=(
        _key(),
        _to_one("articles_id", "articles", "{{title}}", "CASCADE", hidden=True, special=(), interface=None),
        _text("item", hidden=True, interface=None),
        _text("collection", hidden=True, interface=None),
        _sort(),
    ),
)

_HOMEPAGE: Final = DemoCollection(
    name="homepage",
    meta={"icon": "home", "singleton": True},
    fields=(
        _key(),
        _text("title", required=True),
        _text("intro", long=True),
        _to_one("featured_article", "articles", "{{title}}"),
    ),
)

#: in the order in which foreign keys allow tables to be made
COLLECTIONS: Final = (
    _AUTHORS,
    _CATEGORIES,
    _TAGS,
    _ARTICLES,
    _ARTICLES_TAGS,
    _COMMENTS,
    DemoCollection(
        name="blocks", folder=True, meta={"icon": "widgets", "note": "What an article is built of"}
    ),
    _BLOCK_HEADINGS,
    _BLOCK_TEXTS,
    _BLOCK_QUOTES,
    _ARTICLES_BLOCKS,
    _HOMEPAGE,
)

RELATIONS: Final = (
    DemoRelation(collection="articles", name="author", related="authors", one_field="articles"),
    DemoRelation(collection="articles", name="category", related="categories", one_field="articles"),
    DemoRelation(collection="articles", name="cover", related="directus_files"),
    DemoRelation(collection="articles", name="user_created", related="directus_users"),
    DemoRelation(collection="articles", name="user_updated", related="directus_users"),
    DemoRelation(
        collection="categories", name="parent", related="categories", one_field="children", sort_field="sort"
    ),
    DemoRelation(
        collection="articles_tags",
        name="articles_id",
        related="articles",
        one_field="tags",
        junction_field="tags_id",
        deselect="delete",
    ),
    DemoRelation(
        collection="articles_tags",
        name="tags_id",
        related="tags",
        one_field="articles",
        junction_field="articles_id",
        deselect="delete",
    ),
    DemoRelation(
        collection="comments", name="article", related="articles", one_field="comments", deselect="delete"
    ),
    DemoRelation(
        collection="articles_blocks",
        name="articles_id",
        related="articles",
        one_field="blocks",
        junction_field="item",
        sort_field="sort",
        deselect="delete",
    ),
    DemoRelation(
        collection="articles_blocks",
        name="item",
        related=None,
        junction_field="articles_id",
        many_to_any=("block_headings", "block_texts", "block_quotes"),
    ),
    DemoRelation(collection="homepage", name="featured_article", related="articles"),
)


def metadata_rows() -> Mapping[str, list[Row]]:
    """The rows of `directus_collections`, `directus_fields` and `directus_relations` for the demo site."""
    folders_first = sorted(COLLECTIONS, key=lambda collection: not collection.folder)
    return {
        "directus_collections": [_collection_row(collection) for collection in folders_first],
        "directus_fields": [
            _field_row(collection.name, one, sort)
            for collection in COLLECTIONS
            for sort, one in enumerate(collection.fields, 1)
        ],
        "directus_relations": [_relation_row(relation) for relation in RELATIONS],
    }


def _collection_row(collection: DemoCollection) -> Row:
    names = (
        "icon",
        "note",
        "display_template",
        "archive_field",
        "archive_value",
        "unarchive_value",
        "sort_field",
    )
    flags = {name: collection.meta.get(name, False) for name in ("hidden", "singleton")}
    rest = {name: collection.meta.get(name) for name in (*names, "group")}
    return {
        "collection": collection.name,
        **rest,
        **flags,
        "sort": COLLECTIONS.index(collection) + 1,
        "accountability": "all",
        "archive_app_filter": True,
        "collapse": "open",
    }


def _field_row(collection: str, one: DemoField, sort: int) -> Row:
    required = not one.nullable and one.default is None and not one.readonly
    return {
        "collection": collection,
        "field": one.name,
        "special": ",".join(one.special) or None,
        "interface": one.interface,
        "options": json.dumps(one.options) if one.options else None,
        "display": one.display,
        "readonly": one.readonly,
        "hidden": one.hidden,
        "sort": sort,
        "width": one.width,
        "note": one.note,
        "required": required,
    }


def _relation_row(relation: DemoRelation) -> Row:
    return {
        "many_collection": relation.collection,
        "many_field": relation.name,
        "one_collection": relation.related,
        "one_field": relation.one_field,
        "one_collection_field": "collection" if relation.many_to_any else None,
        "one_allowed_collections": ",".join(relation.many_to_any) or None,
        "junction_field": relation.junction_field,
        "sort_field": relation.sort_field,
        "one_deselect_action": relation.deselect,
    }
