"""What exists: the immutable picture of a database that every request is answered from.

Built by introspection plus the metadata rows of `directus_collections`, `directus_fields` and
`directus_relations`; read once at the start of a request and handed down. Nothing here knows SQL text, HTTP
or permissions.

A relation is seen from both of its ends as a `Link`. For `articles.author -> authors` with the reverse alias
`authors.articles` the snapshot holds

    snapshot.link("articles", "author")
        -> Link(kind="m2o", target="authors", local=("author",), remote=("id",))
    snapshot.link("authors", "articles")
        -> Link(kind="o2m", target="articles", local=("id",), remote=("author",))

A many-to-many field is an o2m link to its junction (`Link.junction_field` names the way on); a many-to-any
field (`articles_blocks.item`) is one `Link(kind="m2a")` with `allowed` targets and the field that names the
collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

#: specials of fields whose values are not shown
_SECRET: Final = frozenset({"conceal", "encrypt", "hash"})

FieldType = Literal[
    "alias",
    "bigInteger",
    "binary",
    "boolean",
    "csv",
    "date",
    "dateTime",
    "decimal",
    "float",
    "geometry",
    "geometry.LineString",
    "geometry.MultiLineString",
    "geometry.MultiPoint",
    "geometry.MultiPolygon",
    "geometry.Point",
    "geometry.Polygon",
    "hash",
    "integer",
    "json",
    "string",
    "text",
    "time",
    "timestamp",
    "unknown",
    "uuid",
]

LinkKind = Literal["m2o", "o2m", "m2a"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeometryFacts:
    """What the type of a spatial column says: the one shape that it takes, the reference system that its
    values are in; None: any.
    """

    shape: str | None = None
    srid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The database side of a field. `data_type` is the database's own name for the type, lower case."""

    data_type: str
    nullable: bool = True
    default: Any = None
    #: the raw default expression exists (a value or a function such as now())
    has_default: bool = False
    #: the expression that numbers an auto-increment column, where the database has one
    sequence: str | None = None
    unique: bool = False
    indexed: bool = False
    primary_key: bool = False
    auto_increment: bool = False
    generated: bool = False
    generation_expression: str | None = None
    max_length: int | None = None
    numeric_precision: int | None = None
    numeric_scale: int | None = None
    foreign_table: str | None = None
    foreign_column: str | None = None
    comment: str | None = None
    enum_values: tuple[str, ...] = ()
    #: of columns whose type knows what a geometry is (PostGIS); None of all others, which hold it as text
    geometry: GeometryFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a collection: a column, or an alias (`column is None`: o2m, m2m, m2a lists and
    presentation).
    """

    collection: str
    name: str
    type: FieldType
    column: Column | None
    special: tuple[str, ...] = ()
    #: the `directus_fields` row without the three columns above (interface, options, ...); None without
    #: metadata
    meta: Mapping[str, Any] | None = None

    @property
    def alias(self) -> bool:
        return self.column is None

    @property
    def concealed(self) -> bool:
        """Shown only masked; takes only null/empty tests, never searched, sorted, grouped or aggregated in
        clear.
        """
        return self.type == "hash" or not _SECRET.isdisjoint(self.special)

    @property
    def searchable(self) -> bool:
        return not self.meta or self.meta.get("searchable") not in (False, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One relation row as the protocol knows it (`directus_relations`), declared or inferred from a foreign
    key.
    """

    #: the "many" side: holder of the foreign key
    collection: str
    field: str
    #: the "one" side; None for many-to-any
    related: str | None
    one_field: str | None = None
    junction_field: str | None = None
    sort_field: str | None = None
    #: many-to-any: field of `collection` that names the other collection, and the names it may hold
    collection_field: str | None = None
    allowed: tuple[str, ...] = ()
    deselect_action: Literal["nullify", "delete"] = "nullify"
    #: columns of the foreign key, many side and one side, pairwise
    local: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()
    constraint: str | None = None
    on_delete: str | None = None
    on_update: str | None = None
    #: the database vouches that a foreign key that is not null has its item
    enforced: bool = False
    #: the `directus_relations` row as it stands; None for an inferred relation
    meta: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A relation seen from one field: how to go from `collection.field` to the related items.

    m2o: `local` (foreign key columns here) = `remote` (key columns of `target`); at most one related item.
    o2m: `local` (key columns here) = `remote` (foreign key columns of `target`); any number.
    m2a: `local[0]` holds the key as text, `collection_field` the name of one of `allowed`; `target` is "".
    """

    kind: LinkKind
    collection: str
    field: str
    target: str
    local: tuple[str, ...]
    remote: tuple[str, ...]
    relation: Relation
    #: o2m to a junction table: the m2o or m2a field of `target` that leads on
    junction_field: str | None = None
    #: o2m: column of `target` that holds the manual order
    sort_field: str | None = None
    allowed: tuple[str, ...] = ()
    collection_field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One table, view or folder. `fields` in the order in which a wildcard lists them."""

    name: str
    kind: Literal["table", "view", "folder"] = "table"
    fields: Mapping[str, Field]
    #: columns of the key in order; empty where there is none (views without a chosen key)
    primary_key: tuple[str, ...] = ()
    singleton: bool = False
    sort_field: str | None = None
    archive_field: str | None = None
    archive_value: str | None = None
    unarchive_value: str | None = None
    archive_app_filter: bool = True
    accountability: Literal["all", "activity"] | None = "all"
    comment: str | None = None
    #: columns of each unique constraint or index
    uniques: tuple[tuple[str, ...], ...] = ()
    #: the `directus_collections` row; None for a table without metadata
    meta: Mapping[str, Any] | None = None
    #: database schema that holds the table (PostgreSQL); None for the default
    namespace: str | None = None
    #: the statement that made the table (SQLite)
    sql: str | None = None
    #: rows of `directus_fields` that are neither columns nor aliases: field -> row
    leftovers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def system(self) -> bool:
        return self.name.startswith("directus_")

    @property
    def read_only(self) -> bool:
        return self.kind == "view"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unserved:
    """Something that was found and cannot be served, with the reason in words."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SchemaSnapshot:
    """Everything that exists at one moment. `version` counts the snapshots of this process, `fingerprint` is
    equal for equal schemas (also across processes).
    """

    dialect: Literal["sqlite", "postgresql"]
    collections: Mapping[str, Collection]
    relations: tuple[Relation, ...] = ()
    version: int = 1
    fingerprint: str = ""
    unserved: tuple[Unserved, ...] = ()
    #: rows of relations that have lost one of their ends, or never had it
    leftovers: tuple[Relation, ...] = ()
    #: GraphQL name -> collection name and back, where they differ (see naming)
    names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def links(self) -> Mapping[tuple[str, str], Link]:
        """(collection, field) -> Link, of every relation field of every collection."""
        found: dict[tuple[str, str], Link] = {}
        for relation in self.relations:
            for link in self._links_of(relation):
                found[link.collection, link.field] = link
        return found

    @cached_property
    def links_by_collection(self) -> Mapping[str, Mapping[str, Link]]:
        """Collection -> field -> Link, in the order of the fields; for those that have any."""
        found: dict[str, dict[str, Link]] = {}
        for (collection, name), link in self.links.items():
            found.setdefault(collection, {})[name] = link
        return {
            collection: {name: links[name] for name in self.collections[collection].fields if name in links}
            for collection, links in found.items()
        }

    def link(self, collection: str, name: str) -> Link | None:
        return self.links.get((collection, name))

    def _links_of(self, relation: Relation) -> list[Link]:
        many = self.collections.get(relation.collection)
        if many is None:
            return []
        links: list[Link] = []
        local = relation.local or (relation.field,)
        if relation.related is None:
            if relation.field in many.fields:
                links.append(
                    Link(
                        kind="m2a",
                        collection=relation.collection,
                        field=relation.field,
                        target="",
                        local=local,
                        remote=(),
                        relation=relation,
                        allowed=tuple(name for name in relation.allowed if name in self.collections),
                        collection_field=relation.collection_field,
                    )
                )
            return links
        one = self.collections.get(relation.related)
        if one is None:
            return []
        remote = relation.remote or one.primary_key
        if relation.field in many.fields and len(local) == len(remote):
            links.append(
                Link(
                    kind="m2o",
                    collection=relation.collection,
                    field=relation.field,
                    target=one.name,
                    local=local,
                    remote=remote,
                    relation=relation,
                )
            )
        if relation.one_field and relation.one_field in one.fields and len(local) == len(remote):
            links.append(
                Link(
                    kind="o2m",
                    collection=one.name,
                    field=relation.one_field,
                    target=relation.collection,
                    local=remote,
                    remote=local,
                    relation=relation,
                    junction_field=relation.junction_field,
                    sort_field=relation.sort_field,
                )
            )
        return links
