"""Foreign keys + relation rows -> `Relation`s, and the alias fields that show them.

What has a relation row keeps exactly what the row says; the foreign key, if there is one, adds its columns
and actions. Any other foreign key is a link all the same:

- A foreign key of one column needs no field: the column itself is the many-to-one field. - One of several
columns gets an alias field in the child, named after the table it points at; `<target>_by_<columns>`
  where the name is taken or several such keys point there.
- With `infer`, the parent of a key without row gets an alias field that lists the children, named after the
child
  table; `<child>_by_<columns>` where several keys of the child lead there, where the key points at its own
  table, or where the name is taken. Parents among the system collections get none.
- A child whose key is made of exactly two foreign keys is a junction: the fields on both sides are
many-to-many.

`columns` are joined with "_"; a name that is still taken gets "_2", "_3" and so on. Keys are worked off in
the order of child, columns and target, so that names are the same in every process.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection as Names
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schema_gen.catalog import Catalog, ForeignKey
from schema_gen.model import Relation, Unserved
from schema_gen.registry import RELATIONS as SYSTEM_RELATIONS
from schema_gen.registry import SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasField:
    """A field without column that shows a relation."""

    collection: str
    name: str
    special: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationsFound:
    relations: tuple[Relation, ...]
    aliases: tuple[AliasField, ...]
    unserved: tuple[Unserved, ...]
    #: rows of relations that cannot be served
    leftovers: tuple[Relation, ...] = ()


def find_relations(
    catalog: Catalog,
    rows: Iterable[Mapping[str, Any]],
    taken: Mapping[str, Names[str]],
    *,
    infer: bool,
) -> RelationsFound:
    """`rows`: `directus_relations`, lists already split; `taken`: field names per table, columns and
    declared aliases."""
    keys = {(key.table, key.columns): key for key in catalog.foreign_keys}
    relations: dict[tuple[str, str, str | None], Relation] = {}
    unserved: list[Unserved] = []
    leftovers: list[Relation] = []
    for system in SYSTEM_RELATIONS:
        if system.collection in catalog.tables and system.related in catalog.tables:
            key = keys.get((system.collection, (system.field,)))
            relations[system.collection, system.field, system.one_field] = _with_key(
                Relation(
                    collection=system.collection,
                    field=system.field,
                    related=system.related,
                    one_field=system.one_field,
                    junction_field=system.junction_field,
                    sort_field=system.sort_field,
                    deselect_action=system.deselect,
                ),
                key,
            )
    for row in rows:
        relation = _declared(row, keys)
        missing = _missing(relation, catalog)
        if missing is None:
            relations[relation.collection, relation.field, relation.one_field] = relation
        else:
            unserved.append(Unserved(name=f"{relation.collection}.{relation.field}", reason=missing))
            leftovers.append(relation)
    names = {table: set(fields) for table, fields in taken.items()}
    for relation in relations.values():
        if relation.related is not None and relation.one_field is not None:
            # declared, even where the alias itself is not
            names.setdefault(relation.related, set()).add(relation.one_field)
    known = {(collection, field) for collection, field, _ in relations}
    rest = [
        key
        for (table, columns), key in keys.items()
        if not (len(columns) == 1 and (table, columns[0]) in known)
    ]
    inferred, aliases = _inferred(rest, catalog, names, infer=infer)
    return RelationsFound(
        relations=(*relations.values(), *inferred),
        aliases=tuple(aliases),
        unserved=tuple(unserved),
        leftovers=tuple(leftovers),
    )


def _with_key(relation: Relation, key: ForeignKey | None) -> Relation:
    if key is None:
        return relation
    return Relation(
        collection=relation.collection,
        field=relation.field,
        related=relation.related,
        one_field=relation.one_field,
        junction_field=relation.junction_field,
        sort_field=relation.sort_field,
        collection_field=relation.collection_field,
        allowed=relation.allowed,
        deselect_action=relation.deselect_action,
        local=key.columns,
        remote=key.target_columns,
        constraint=key.constraint,
        on_delete=key.on_delete,
        on_update=key.on_update,
        enforced=key.enforced,
        meta=relation.meta,
    )


def _declared(row: Mapping[str, Any], keys: Mapping[tuple[str, tuple[str, ...]], ForeignKey]) -> Relation:
    collection, field = row["many_collection"], row["many_field"]
    relation = Relation(
        collection=collection,
        field=field,
        related=row.get("one_collection") or None,
        one_field=row.get("one_field") or None,
        junction_field=row.get("junction_field") or None,
        sort_field=row.get("sort_field") or None,
        collection_field=row.get("one_collection_field") or None,
        allowed=tuple(row.get("one_allowed_collections") or ()),
        deselect_action="delete" if row.get("one_deselect_action") == "delete" else "nullify",
        local=(field,),
        meta=row,
    )
    key = keys.get((collection, (field,)))
    return _with_key(relation, key if key is not None and key.target == relation.related else None)


def _missing(relation: Relation, catalog: Catalog) -> str | None:
    """Why a relation row cannot be served; None: it can."""
    many = catalog.tables.get(relation.collection)
    if many is None:
        return f'the collection "{relation.collection}" of the relation does not exist'
    if all(column.name != relation.field for column in many.columns):
        return f'the field "{relation.field}" of the relation does not exist'
    if relation.related is not None and relation.related not in catalog.tables:
        return f'the related collection "{relation.related}" does not exist'
    if relation.related is None and relation.collection_field is None:
        return "the relation names neither a related collection nor a field that holds its name"
    if relation.related is None and all(column.name != relation.collection_field for column in many.columns):
        return f'the field "{relation.collection_field}" that holds the name of the collection does not exist'
    return None


def _inferred(
    keys: list[ForeignKey], catalog: Catalog, names: dict[str, set[str]], *, infer: bool
) -> tuple[list[Relation], list[AliasField]]:
    ordered = sorted(keys, key=lambda key: (key.table, key.columns, key.target))
    between = Counter((key.table, key.target) for key in ordered)
    wide = Counter((key.table, key.target) for key in ordered if len(key.columns) > 1)
    ways_on = _junctions(ordered, catalog)
    relations: list[Relation] = []
    aliases: list[AliasField] = []
    for key in ordered:
        field = key.columns[0]
        if len(key.columns) > 1:
            field = _free(key.target, key.columns, names[key.table], short=wide[key.table, key.target] == 1)
            aliases.append(AliasField(collection=key.table, name=field, special=("m2o",)))
        one_field = None
        way_on = ways_on.get((key.table, key.columns))
        if infer and key.target not in SYSTEM and key.table not in SYSTEM:
            short = between[key.table, key.target] == 1 and key.table != key.target
            one_field = _free(key.table, key.columns, names[key.target], short=short)
            special = "m2m" if way_on else "o2m"
            aliases.append(AliasField(collection=key.target, name=one_field, special=(special,)))
        relations.append(
            Relation(
                collection=key.table,
                field=field,
                related=key.target,
                one_field=one_field,
                junction_field=way_on if one_field else None,
                local=key.columns,
                remote=key.target_columns,
                constraint=key.constraint,
                on_delete=key.on_delete,
                on_update=key.on_update,
                enforced=key.enforced,
            )
        )
    return relations, aliases


def _free(name: str, columns: tuple[str, ...], taken: set[str], *, short: bool) -> str:
    """A field name that is not taken, and taken from now on."""
    long = f"{name}_by_{'_'.join(columns)}"
    candidates = [name, long] if short else [long]
    free = next((candidate for candidate in candidates if candidate not in taken), None)
    number = 2
    while free is None:
        candidate = f"{long}_{number}"
        free = None if candidate in taken else candidate
        number += 1
    taken.add(free)
    return free


def _junctions(keys: list[ForeignKey], catalog: Catalog) -> Mapping[tuple[str, tuple[str, ...]], str]:
    """(table, columns of one key) -> the field of the other key, for tables that are nothing but a link."""
    by_table: dict[str, list[ForeignKey]] = defaultdict(list)
    for key in keys:
        by_table[key.table].append(key)
    ways: dict[tuple[str, tuple[str, ...]], str] = {}
    for table, found in by_table.items():
        columns = [column for key in found for column in key.columns]
        single = len(found) == 2 and all(len(key.columns) == 1 for key in found)
        if single and sorted(columns) == sorted(catalog.tables[table].primary_key):
            first, second = found
            ways[table, first.columns] = second.columns[0]
            ways[table, second.columns] = first.columns[0]
    return ways
