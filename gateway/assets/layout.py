"""What stands where in a zip: rows of files and folders -> entries in order. Pure.

Top (a.txt, a.txt) > Sub (b.txt)
  -> "Top/", "Top/a.txt", "Top/a (1).txt", "Top/Sub/", "Top/Sub/b.txt"
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.assets.entry_names import Siblings, file_name, folder_name
from resolvers.files.rows import FileRow, FolderTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`row` None: a folder, its path ends with a slash."""

    path: str
    row: FileRow | None


def of_files(rows: Sequence[FileRow]) -> Iterator[Entry]:
    """Rows without bytes are no files."""
    names = Siblings()
    for row in rows:
        if row.disk is not None:
            yield Entry(path=names.take(file_name(row)), row=row)


def of_tree(tree: FolderTree) -> Iterator[Entry]:
    """Folders first, so that they have their names and files get the numbers."""
    siblings: defaultdict[str, Siblings] = defaultdict(Siblings)
    paths: dict[str, str] = {}
    for folder in tree.folders:
        above = paths.get(folder.parent or "", "")
        paths[folder.id] = f"{above}{siblings[above].take(folder_name(folder))}/"
    files: defaultdict[str, list[FileRow]] = defaultdict(list)
    for row in tree.files:
        files[row.folder or ""].append(row)
    for key, path in paths.items():
        yield Entry(path=path, row=None)
        for row in files[key]:
            if row.disk is not None:
                yield Entry(path=f"{path}{siblings[path].take(file_name(row))}", row=row)
