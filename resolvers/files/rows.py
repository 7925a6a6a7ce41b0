"""Rows of files for those who deliver their bytes: which file the caller may see, and where it is.

    rows = FileRows(execute, snapshot, page=1000)
    await rows.one("6f0e...", context)              FileRow(disk="6f0e....png", type="image/png", ...)
    await rows.many(("6f0e...", "91ab..."), context)
    await rows.tree("77c1...", context)             the folders below that one, and their files

Whoever may read a file's row in part may have its bytes: its rules decide which files those are, and where
the bytes lie is read without a right to these fields. A name that the caller may not read is not told.
Hidden and missing files are the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from resolvers.behaviors.inner import Execute
from resolvers.bounded import Bounded
from resolvers.context import RequestContext
from resolvers.files.leaving import FILES
from resolvers.operation import Operation, internal_operation
from resolvers.permissions import AccessRules, Action, Grant
from schema_gen.errors import forbidden, forbidden_collection, forbidden_item
from schema_gen.model import SchemaSnapshot

FOLDERS: Final = "directus_folders"

#: a key that some file may have
_KEY: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_FACTS: Final = (
    *("id", "storage", "filename_disk", "type", "charset", "filesize", "width", "height", "folder"),
    *("focal_point_x", "focal_point_y", "uploaded_on", "modified_on"),
)
_PLACES: Final = ("id", "parent")
_NAME: Final = "filename_download"
_WHEN: Final = "modified_on"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """`name` None: not for the caller; `disk` None: there are no bytes. Moments as the row spells them;
    `tells_when`: the caller may know them.
    """

    id: str
    storage: str
    disk: str | None
    name: str | None
    type: str | None
    charset: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    folder: str | None = None
    focal_point: tuple[int, int] | None = None
    uploaded_on: str | None = None
    modified_on: str | None = None
    tells_when: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """`name` None: not for the caller."""

    id: str
    name: str | None
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderTree:
    """`folders`: the asked one first, each after its parent."""

    folders: tuple[Folder, ...] = ()
    files: tuple[FileRow, ...] = field(default=())


class FileRows:
    """One for each project. `page`: rows that one statement may read."""

    def __init__(self, execute: Execute, snapshot: Callable[[], SchemaSnapshot], page: int) -> None:
        self._execute = execute
        self._snapshot = snapshot
        self._page = page
        self._operations: Bounded[tuple[str, tuple[str, ...]], Operation] = Bounded(64)

    async def one(self, key: str, context: RequestContext, *, shown: bool = False) -> FileRow:
        """`shown`: it is there for everybody. Raises FORBIDDEN."""
        if shown:
            everybody: Mapping[tuple[Action, str], tuple[Grant, ...]] = {
                ("read", FILES): (Grant(fields=None),)
            }
            context = replace(context, rules=AccessRules(grants=everybody, fingerprint="shown files"))
        opened = self._opened(context, FILES, _FACTS)
        if not is_key(key):
            raise forbidden()
        (row,) = await self._read(opened, FILES, _FACTS, _NAME, {"id": {"_eq": key.lower()}}, page=1) or (
            None,
        )
        if row is None:
            raise forbidden()
        return _file(row, tells_when=_names_all(context.rules, _WHEN))

    async def many(self, keys: Sequence[str], context: RequestContext) -> tuple[FileRow, ...]:
        """Those of them that the caller may see, in this order, each once. Raises FORBIDDEN."""
        opened = self._opened(context, FILES, _FACTS)
        wanted = list(dict.fromkeys(key.lower() for key in keys))
        rows = await self._all(opened, FILES, _FACTS, _NAME, {"id": {"_in": wanted}})
        found = {row["id"]: _file(row) for row in rows}
        return tuple(found[key] for key in wanted if key in found)

    async def tree(self, key: str, context: RequestContext) -> FolderTree:
        """What the caller may see of a folder and those in it. Raises FORBIDDEN for a folder that he may not;
        where everything may be seen, there is nothing in one that is not there.
        """
        opened = self._opened(context, FOLDERS, _PLACES)
        files = self._opened(context, FILES, _FACTS)
        wanted: Mapping[str, Any] = {"id": {"_eq": key.lower()}}
        level = await self._all(opened, FOLDERS, _PLACES, "name", wanted) if is_key(key) else []
        if not level:
            if context.rules.admin:
                return FolderTree()
            raise forbidden_item("read", FOLDERS)
        folders: dict[str, Folder] = {}
        while level:
            # a folder that stands in itself is met once
            new = [_folder(row) for row in level if row["id"] not in folders]
            folders |= {each.id: each for each in new}
            below = {"parent": {"_in": [each.id for each in new]}}
            level = await self._all(opened, FOLDERS, _PLACES, "name", below) if new else []
        rows = await self._all(files, FILES, _FACTS, _NAME, {"folder": {"_in": list(folders)}})
        return FolderTree(folders=tuple(folders.values()), files=tuple(_file(row) for row in rows))

    def _opened(self, context: RequestContext, collection: str, fields: Sequence[str]) -> RequestContext:
        """The request under rules that let these fields of the items be read which the caller may see."""
        rules = context.rules
        if collection not in self._snapshot().collections:
            raise forbidden_collection(collection)
        if rules.admin:
            return context
        grants = rules.grants.get(("read", collection))
        if not grants:
            raise forbidden_collection(collection)
        wider = tuple(
            grant if grant.fields is None else replace(grant, fields=grant.fields.union(fields))
            for grant in grants
        )
        return replace(
            context,
            rules=replace(
                rules,
                grants={**rules.grants, ("read", collection): wider},
                fingerprint=f"{rules.fingerprint}+bytes of {collection}",
            ),
        )

    async def _all(
        self,
        context: RequestContext,
        collection: str,
        facts: Sequence[str],
        name: str,
        wanted: Mapping[str, Any],
    ) -> list[Row]:
        found: list[Row] = []
        while True:
            rows = await self._read(
                context, collection, facts, name, wanted, page=self._page, offset=len(found)
            )
            found += rows
            if len(rows) < self._page:
                return found

    async def _read(
        self,
        context: RequestContext,
        collection: str,
        facts: Sequence[str],
        name: str,
        wanted: Mapping[str, Any],
        *,
        page: int,
        offset: int = 0,
    ) -> list[Row]:
        home = self._snapshot().collections[collection]
        asked = (
            [*facts, name] if context.rules.admin or _names_any(context.rules, collection, name) else facts
        )
        fields = tuple(each for each in asked if each in home.fields)
        operation = self._operations.get((collection, fields))
        if operation is None:
            operation = self._operations.put((collection, fields), _operation(collection, fields))
        variables = {"wanted": wanted, "page": page, "offset": offset}
        (root,) = (await self._execute(operation.having(variables), context)).roots
        if root.error is not None:
            raise root.error
        rows: list[Row] = json.loads(root.data or b"[]")
        return rows


def is_key(text: str) -> bool:
    """Whether some file may have this key."""
    return _KEY.fullmatch(text) is not None


def _operation(collection: str, fields: Sequence[str]) -> Operation:
    root = collection.removeprefix("directus_")
    # related objects are their keys
    told = [f"{name} @key {{ __typename }}" if name in ("folder", "parent") else name for name in fields]
    text = (
        "query ($wanted: JSON!, $page: Int!, $offset: Int!) { data: "
        f'{root}(filter: $wanted, limit: $page, offset: $offset, sort: ["id"]) {{ {" ".join(told)} }} }}'
    )
    return internal_operation(text, "system", {})


def _names_any(rules: AccessRules, collection: str, name: str) -> bool:
    return any(
        grant.fields is None or name in grant.fields for grant in rules.grants.get(("read", collection), ())
    )


def _names_all(rules: AccessRules, name: str) -> bool:
    return rules.admin or all(
        grant.fields is None or name in grant.fields for grant in rules.grants.get(("read", FILES), ())
    )


def _file(row: Row, *, tells_when: bool = True) -> FileRow:
    x, y = row.get("focal_point_x"), row.get("focal_point_y")
    size = row.get("filesize")
    return FileRow(
        id=row["id"],
        storage=row.get("storage") or "",
        disk=row.get("filename_disk"),
        name=row.get(_NAME),
        type=row.get("type"),
        charset=row.get("charset"),
        size=None if size is None else int(size),
        width=row.get("width"),
        height=row.get("height"),
        folder=row.get("folder"),
        focal_point=None if x is None or y is None else (x, y),
        uploaded_on=row.get("uploaded_on"),
        modified_on=row.get("modified_on"),
        tells_when=tells_when,
    )


def _folder(row: Row) -> Folder:
    return Folder(id=row["id"], name=row.get("name"), parent=row.get("parent"))
