from __future__ import annotations

import pytest

from gateway.uploads.file_names import disk_name, download_name, title_of
from gateway.uploads.kinds import extension_for, kind_of

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
NOISE = b"\0\1\2\3\xff" * 10


@pytest.mark.parametrize(
    ("head", "name", "said", "kind"),
    [
        (PNG, "a.png", "image/png", "image/png"),
        (PNG, "a.txt", "text/plain", "image/png"),
        (PNG, "noext", None, "image/png"),
        (b"\xff\xd8\xff\xe0", "a.png", "image/png", "image/jpeg"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "a", None, "image/webp"),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", "a", "video/mp4", "image/avif"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "a.mp4", None, "video/mp4"),
        (b"BM\x36\0\0\0\0\0\0\0\x36\0", "a", None, "image/bmp"),
        (b"%PDF-1.4\n", "photo.png", "image/png", "application/pdf"),
        (b"PK\x03\x04\x14\0", "a.zip", None, "application/zip"),
        (
            b"PK\x03\x04\x14\0",
            "a.docx",
            None,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (b"PK\x03\x04\x14\0", "a", "image/png", "application/zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls", None, "application/vnd.ms-excel"),
        (b"MZ\x90\0", "photo.jpg", "image/jpeg", "application/vnd.microsoft.portable-executable"),
        (b"8BPS\0\x01", "photo.jpg", "image/jpeg", "image/vnd.adobe.photoshop"),
        (NOISE, "a.bin", "application/octet-stream", "application/octet-stream"),
        (NOISE, "a.png", "image/png", "application/octet-stream"),
        (NOISE, "a.pdf", "application/pdf", "application/octet-stream"),
        (NOISE, "a.txt", "text/plain", "application/octet-stream"),
        (NOISE, "a.foo", "application/x-foo", "application/x-foo"),
        (b"hello", "a.txt", "text/plain", "text/plain"),
        (b"hello", "a.txt", "TEXT/Plain; charset=utf-8", "text/plain"),
        (b"hello", "photo.png", "image/png", "text/plain"),
        (b"hello", "noext", None, "text/plain"),
        (b"hello", "a.x", "application/x-nobody-knows", "application/x-nobody-knows"),
        (b"BM is also how texts begin", "noext", None, "text/plain"),
        (b"", "a.txt", None, "text/plain"),
        (b"a,b\n1,2", "a.csv", None, "text/csv"),
        (b"a,b\n1,2", "a.csv", "application/octet-stream", "text/csv"),
        ("é".encode("latin-1"), "a.csv", None, "text/csv"),
        ("text".encode("utf-16"), "a.txt", None, "text/plain"),
        (b'{"a":1}', "a.json", None, "application/json"),
        (b"<!DOCTYPE html>", "a.html", None, "text/html"),
        (b"<!DOCTYPE html>", "a.html", "text/plain", "text/html"),
        (b"<!DOCTYPE html>", "a.txt", "text/plain", "text/plain"),
        (b"<!DOCTYPE html>", "photo.png", "image/png", "text/html"),
        (SVG, "a.svg", None, "image/svg+xml"),
        (b"<?xml version='1.0'?><!-- x -->" + SVG, "a", None, "image/svg+xml"),
        (SVG, "photo.png", "image/png", "image/svg+xml"),
        (b"no drawing", "a.svg", "image/svg+xml", "text/plain"),
        (b"<?xml version='1.0'?><a/>", "a", None, "application/xml"),
        (b"hello", "a.txt", "nonsense", "text/plain"),
    ],
)
def test_what_a_file_is(head: bytes, name: str, said: str | None, kind: str) -> None:
    assert kind_of(head, name, said) == kind


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("up_fu_some-name.txt", "Up Fu Some Name"),
        ("fooBarBaz.txt", "Foo Bar Baz"),
        ("HTML page.txt", "HTML Page"),
        ("the cat and the hat.txt", "The Cat and the Hat"),
        ("IMG_1234.JPG", "Img 1234"),
        ("a.b.c.txt", "A.b.c"),
        ("x__y--z.txt", "X  Y  Z"),
        ("iphone.txt", "iPhone"),
        ("über-alles.txt", "Über Alles"),
        ("don't stop.txt", "Don't Stop"),
        ("ALLCAPS.txt", "Allcaps"),
        (".htaccess", ".htaccess"),
        ("noext", "Noext"),
    ],
)
def test_titles(name: str, title: str) -> None:
    assert title_of(name) == title


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\me.jpg", "me.jpg"),
        ('a"b.txt', 'a"b.txt'),
        ("a\r\nb\0.txt", "ab.txt"),
        ("€ rates.txt", "€ rates.txt"),
        ("a" * 300 + ".jpeg", "a" * 250 + ".jpeg"),
        (".", None),
        ("..", None),
        ("a/..", None),
        ("", None),
        (None, None),
    ],
)
def test_names_that_are_kept(sent: str | None, name: str | None) -> None:
    assert download_name(sent) == name


@pytest.mark.parametrize(
    ("name", "disk"),
    [
        ("a.tar.gz", "k.gz"),
        ("a.JPG", "k.JPG"),
        ("a", "k.bin"),
        (".htaccess", "k.bin"),
        ("a." + "x" * 300, "k.bin"),
        ("a.b c", "k.bin"),
        ("a.\u202egpj", "k.bin"),
    ],
)
def test_names_in_storage_are_plain(name: str, disk: str) -> None:
    assert disk_name("k", name, "bin") == disk


def test_ends_of_names() -> None:
    kinds = ("image/png", "image/jpeg", "text/csv", "application/zip", "application/x-nobody-knows")
    assert [extension_for(kind) for kind in kinds] == ["png", "jpg", "csv", "zip", "bin"]
