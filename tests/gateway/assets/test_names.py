"""What files are called in headers and in zips."""

from __future__ import annotations

import pytest

from gateway.assets.disposition import clean_name, content_disposition
from gateway.assets.entry_names import Siblings, entry_name, file_name, folder_name
from gateway.assets.layout import of_files, of_tree
from resolvers.files.rows import FileRow, Folder, FolderTree


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("note.txt", 'inline; filename="note.txt"'),
        ("my pic.png", 'inline; filename="my pic.png"'),
        ("o'neil (1).txt", 'inline; filename="o\'neil (1).txt"'),
        ("Übung.txt", "inline; filename=\"_bung.txt\"; filename*=UTF-8''%C3%9Cbung.txt"),
        ("日本.txt", "inline; filename=\"__.txt\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.txt"),
        ('a"b.txt', "inline; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"),
        ("100%41.txt", "inline; filename=\"100_41.txt\"; filename*=UTF-8''100%2541.txt"),
        ("a;b.txt", 'inline; filename="a;b.txt"'),
        ("a\r\nSet-Cookie: x=1", 'inline; filename="aSet-Cookie: x=1"'),
        ("../../up.txt", 'inline; filename="up.txt"'),
        ("C:\\x\\up.txt", 'inline; filename="up.txt"'),
        ("gpj\u202e.exe", 'inline; filename="gpj.exe"'),
        ("", "inline"),
        ("..", "inline"),
        (None, "inline"),
    ],
)
def test_content_disposition(name: str | None, header: str) -> None:
    assert content_disposition(name, "inline") == header
    assert content_disposition(name, "attachment") == header.replace("inline", "attachment", 1)
    header.encode("ascii")


def test_no_name_is_longer_than_a_header_bears() -> None:
    assert len(content_disposition("語" * 10_000, "inline")) < 3000
    assert len(clean_name("x" * 10_000)) == 255


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("a.txt", "a.txt"),
        (".htaccess", ".htaccess"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("/etc/passwd", "_etc_passwd"),
        ("C:\\evil.txt", "C__evil.txt"),
        ("\\\\host\\share", "__host_share"),
        ("..", "id"),
        (".", "id"),
        ("", "id"),
        ("  ", "id"),
        ("a\x00b\n.txt", "ab.txt"),
        ("a\ud800.txt", "a.txt"),
        ("NUL", "_NUL"),
        ("com1.txt", "_com1.txt"),
        ("a.txt:stream", "a.txt_stream"),
        ("a. . ", "a"),
        ("日" * 100 + ".txt", "日" * 65 + ".txt"),
    ],
)
def test_entries_lead_nowhere(name: str, entry: str) -> None:
    assert entry_name(name, "id") == entry


def test_no_name_twice() -> None:
    names = Siblings()
    taken = [names.take(name) for name in ("a.txt", "A.txt", "a (1).txt", "a.txt", "a", "a", ".x", ".x")]
    assert [names.take(name) for name in ("\u00e9.txt", "e\u0301.txt", "\u00c9.txt")] == [
        "\u00e9.txt",
        "e\u0301 (1).txt",
        "\u00c9 (2).txt",
    ]
    assert taken == ["a.txt", "A (1).txt", "a (1) (1).txt", "a (2).txt", "a", "a (1)", ".x", ".x (1)"]


def row(name: str | None, folder: str | None = None, disk: str | None = "d.png") -> FileRow:
    return FileRow(id="f0", storage="local", disk=disk, name=name, type=None, folder=folder)


def test_what_is_hidden_is_called_by_its_id() -> None:
    assert file_name(row(None)) == "f0.png"
    assert file_name(row(None, disk="../x")) == "f0._x"
    assert folder_name(Folder(id="top", name=None, parent=None)) == "top"


def test_files_without_bytes_are_none() -> None:
    assert [entry.path for entry in of_files([row("a"), row("b", disk=None), row("a")])] == ["a", "a (1)"]


def test_a_tree() -> None:
    folders = (
        Folder(id="1", name="Top", parent="elsewhere"),
        Folder(id="2", name="Sub", parent="1"),
        Folder(id="3", name="sub", parent="1"),
        Folder(id="4", name="../up", parent="2"),
    )
    files = (row("a.txt", "1"), row("a.txt", "1"), row("Sub", "1"), row("/x", "4"), row("gone", "2", None))
    assert [entry.path for entry in of_tree(FolderTree(folders=folders, files=files))] == [
        "Top/",
        "Top/a.txt",
        "Top/a (1).txt",
        "Top/Sub (2)",
        "Top/Sub/",
        "Top/sub (1)/",
        "Top/Sub/.._up/",
        "Top/Sub/.._up/_x",
    ]
