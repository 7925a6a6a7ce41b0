"""The collections and relations of the demo site, as data: `tables` and `metadata` read them.

articles -> authors                   articles >-< tags, through articles_tags
articles -> categories, a tree        articles >-< block_headings | block_texts | block_quotes,
articles <- comments                               through articles_blocks (many-to-any)
homepage (singleton) -> articles
"""

from __future__ import annotations

from typing import Final

from resolvers.demo.fields import (
    DemoCollection,
    DemoField,
    DemoRelation,
    Reference,
    key,
    person,
    sort,
    stamp,
    status,
    text,
    to_many,
    to_one,
)

_AUTHORS: Final = DemoCollection(
    name="authors",
    meta={"icon": "person", "note": "Who writes", "display_template": "{{name}}"},
    fields=(
        key(),
        text("name", required=True),
        text("email", note="For the editors only"),
        text("bio", long=True),
        DemoField(name="joined_on", type="date", interface="datetime", width="half"),
        to_many("articles", "o2m", "list-o2m"),
    ),
)

_CATEGORIES: Final = DemoCollection(
    name="categories",
    meta={"icon": "account_tree", "display_template": "{{name}}", "sort_field": "sort"},
    fields=(
        key(),
        sort(),
        text("name", required=True),
        text("slug", required=True, unique=True, options={"slug": True}),
        text("description", long=True),
        to_one("parent", "categories", "{{name}}", hidden=True),
        to_many("children", "o2m", "list-o2m-tree-view"),
        to_many("articles", "o2m", "list-o2m"),
    ),
)

_TAGS: Final = DemoCollection(
    name="tags",
    meta={"icon": "sell", "display_template": "{{name}}"},
    fields=(key(), text("name", required=True, unique=True), to_many("articles", "m2m", "list-m2m")),
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
        key(),
        status("published", "draft", "archived", default="draft"),
        sort(),
        text("title", required=True),
        text("slug", required=True, unique=True, options={"slug": True}),
        text("summary", long=True),
        text("body", long=True, interface="input-rich-text-md"),
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
        to_one("author", "authors", "{{name}}"),
        to_one("category", "categories", "{{name}}"),
        DemoField(
            name="cover",
            type="uuid",
            reference=Reference(table="directus_files"),
            special=("file",),
            interface="file-image",
            display="image",
        ),
        to_many("tags", "m2m", "list-m2m"),
        to_many("comments", "o2m", "list-o2m"),
        to_many("blocks", "m2a", "list-m2a"),
        person("user_created", "user-created"),
        stamp("date_created", "date-created"),
        person("user_updated", "user-updated"),
        stamp("date_updated", "date-updated"),
    ),
)

_ARTICLES_TAGS: Final = DemoCollection(
    name="articles_tags",
    meta={"icon": "import_export", "hidden": True},
    fields=(
        key(),
        to_one("articles_id", "articles", "{{title}}", "CASCADE", hidden=True, special=(), interface=None),
        to_one("tags_id", "tags", "{{name}}", "CASCADE", hidden=True, special=(), interface=None),
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
        key(),
        status("approved", "pending", "rejected", default="pending"),
        to_one("article", "articles", "{{title}}", "CASCADE"),
        text("author_name", required=True),
        text("author_email"),
        text("body", long=True, required=True),
        stamp("date_created", "date-created"),
    ),
)

_BLOCK_HEADINGS: Final = DemoCollection(
    name="block_headings",
    meta={"icon": "title", "group": "blocks", "display_template": "{{text}}"},
    fields=(
        key(),
        text("text", required=True),
        DemoField(name="level", type="integer", nullable=False, default=2, interface="input", width="half"),
    ),
)

_BLOCK_TEXTS: Final = DemoCollection(
    name="block_texts",
    meta={"icon": "notes", "group": "blocks"},
    fields=(key(), text("body", long=True, required=True, interface="input-rich-text-md")),
)

_BLOCK_QUOTES: Final = DemoCollection(
    name="block_quotes",
    meta={"icon": "format_quote", "group": "blocks", "display_template": "{{text}}"},
    fields=(key(), text("text", long=True, required=True), text("source")),
)

_ARTICLES_BLOCKS: Final = DemoCollection(
    name="articles_blocks",
    meta={"icon": "import_export", "hidden": True},
    fields=(
        key(),
        to_one("articles_id", "articles", "{{title}}", "CASCADE", hidden=True, special=(), interface=None),
        text("item", hidden=True, interface=None),
        text("collection", hidden=True, interface=None),
        sort(),
    ),
)

_HOMEPAGE: Final = DemoCollection(
    name="homepage",
    meta={"icon": "home", "singleton": True},
    fields=(
        key(),
        text("title", required=True),
        text("intro", long=True),
        to_one("featured_article", "articles", "{{title}}"),
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
