"""What is read as an address, and what is refused."""

from __future__ import annotations

import doctest

import httpx
import pytest

import gateway.fetching.addresses
import gateway.fetching.reach
from gateway.fetching.addresses import is_safer, last_part, port_of, read_url
from gateway.fetching.failures import FetchRefused


@pytest.mark.parametrize(
    ("text", "host", "port", "target"),
    [
        ("http://example.com", b"example.com", 80, b"/"),
        ("HTTPS://EXAMPLE.com:8443/A?b=1#c", b"example.com", 8443, b"/A?b=1"),
        ("https://example.com./a", b"example.com.", 443, b"/a"),
        ("https://münchen.example/ä.jpg", b"xn--mnchen-3ya.example", 443, b"/%C3%A4.jpg"),
        ("http://[2600::1]:81/", b"2600::1", 81, b"/"),
        ("http://127.1/", b"127.1", 80, b"/"),
        ("http://2130706433/", b"2130706433", 80, b"/"),
        ("http://0x7f.1/", b"0x7f.1", 80, b"/"),
        ("http://example.com/%2e%2e/x?u=http://a@b", b"example.com", 80, b"/%2e%2e/x?u=http://a@b"),
        ("http://a.example/?q=%20x&sig=a%2Bb/c", b"a.example", 80, b"/?q=%20x&sig=a%2Bb/c"),
    ],
)
def test_addresses(text: str, host: bytes, port: int, target: bytes) -> None:
    url = read_url(text)
    assert (url.raw_host, port_of(url), url.raw_path) == (host, port, target)


@pytest.mark.parametrize(
    "text",
    [
        "", "nonsense", "//example.com/a", "/a", "example.com", "http:example.com", "http:///a", "http://",
        "http://?", "http://#", "file:///etc/passwd", "gopher://example.com/", "ftp://example.com/",
        "data:text/plain,a", "javascript:alert(1)", "jar:http://a!/b", "dict://example.com:11211/",
        " http://example.com/", "http://example.com/ ", "http://exam ple.com/", "http://example.com/a b",
        "http://example.com/\n", "http://example.com\t/", "http://example.com/\x00", "http://exa\u2028mple.com/",
        "http://user@example.com/", "http://user:secret@example.com/", "http://:secret@example.com/",
        "http://example.com@127.0.0.1/", "http://127.0.0.1\\@example.com/", "http:\\\\example.com/",
        "http://example.com:80@127.0.0.1/", "http://example.com:0/", "http://example.com:65536/",
        "http://example.com:-1/", "http://example.com:8a/", "http://example.com:99999999999999999999/",
        "http://[::1/", "http://::1/", "http://[::1%25lo]/", "http://[::1%lo]/", "http://[v1.a]/", "http://[]/",
        "http://1.2.3.4.5.6.7.8.999:x/", "http://999.1.1.1/", "http://127%2e0%2e0%2e1/", "http://ex%00ample.com/",
        "http://example.com%2f@x/", "http://-a.example/", "http://.example.com/", "http://exam|ple.com/",
        "http://\u2488\u2488.example/\u0000", "http://\ud800.example/", "http://" + "a" * 9000 + "/",
    ],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(FetchRefused):
        read_url(text)


def test_letters_that_only_look_like_digits_are_no_way_around() -> None:
    """They become what they look like, or nothing: never a name that something else reads otherwise."""
    for text in (
        "http://①②⑦.⓪.⓪.①/",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http://127。0。0。1/",
        "http://ⓔxample.com/",
    ):
        try:
            host = read_url(text).raw_host
        except FetchRefused:
            continue
        assert host.isascii(), text


def test_where_a_redirect_leads() -> None:
    base = read_url("https://a.example/b/c?d")
    assert str(read_url("/x", base)) == "https://a.example/x"
    assert str(read_url("x?y", base)) == "https://a.example/b/x?y"
    assert str(read_url("//b.example/", base)) == "https://b.example/"
    for text in ("file:///etc/passwd", "//u:p@b.example/", "http://[::1", "\\\\b.example\\x"):
        with pytest.raises(FetchRefused):
            read_url(text, base)


def test_what_is_safer() -> None:
    plain, secret = httpx.URL("http://a/"), httpx.URL("https://a/")
    assert is_safer(plain, secret)
    assert is_safer(plain, plain)
    assert not is_safer(secret, plain)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("http://a/", ""), ("http://a", ""), ("http://a/b.png", "b.png"),
        ("http://a/b/c%20d.png?e=/f", "c d.png"),
        ("http://a/dir/", "dir"), ("http://a/%C3%A9.png", "é.png"), ("http://a/a%2Fb.png", "a/b.png"),
        ("http://a/%ff.png", "\ufffd.png"),
    ],
)  # fmt: skip
def test_names_of_files(text: str, name: str) -> None:
    assert last_part(read_url(text)) == name


def test_examples() -> None:
    for module in (gateway.fetching.addresses, gateway.fetching.reach):
        assert doctest.testmod(module).failed == 0
