"""Nobody reaches through this server what he could not reach himself: requests to inside (SSRF).

A server listens on every address of this machine and counts who connects. Whatever is asked for, and by
whatever way, its counter stays at zero, and the answers are alike: nothing is learned of what is there.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from gateway.config import Settings
from gateway.fetching.client import Bounds, Fetcher
from gateway.fetching.failures import FetchRefused
from gateway.fetching.opening import reach_of
from tests.support.asgi import Answer
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add_policy,
    add_role,
    add_user,
    code,
    grant,
    running,
    seed_system,
)
from tests.support.web import Web, answer, redirect, web

ROOT: Final = Path(__file__).parents[2]
#: the one address that fetches may go to in these tests; redirects start there
ALLOWED: Final = "127.0.0.9"
#: hosts as they are written, all of them inside
HOSTS: Final = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001",
    "127.0.0.1.", "0.0.0.0", "0", "0.1", "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]",
    "[2001:0:7f00:1::]", "169.254.169.254", "2852039166", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]",
    "[fd00:ec2::254]", "100.100.100.200", "168.63.129.16", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]",
    "10.0.0.1", "10.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "192.0.0.192", "198.18.0.1", "224.0.0.1",
    "255.255.255.255", "[ff02::1]",
    "localhost", "LOCALHOST", "localhost.", "localhost..",
    # who is named before the host, and what other programs take for its end
    "example.com@127.0.0.1", "1.1.1.1:80@127.0.0.1", "127.0.0.1:80\\@example.com", "127.0.0.1%00.example.com",
    "127.0.0.1%2f@example.com", "\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
    "127\u30020\u30020\u30021", "%31%32%37.0.0.1", "127.0.0.1\t", " 127.0.0.1", "127.0.0.1\n",
]  # fmt: skip
#: what else an address may begin with
OTHERS: Final = [
    "file:///etc/passwd", "file://localhost/etc/passwd", "gopher://127.0.0.1:{port}/_x",
    "ftp://127.0.0.1:{port}/",
    "dict://127.0.0.1:{port}/", "ldap://127.0.0.1:{port}/", "data:text/plain,a", "unix:///run/x.sock",
    "//127.0.0.1:{port}/", "http:127.0.0.1:{port}", "http:/127.0.0.1:{port}/", "http:///127.0.0.1:{port}/",
    "127.0.0.1:{port}/", "http://127.0.0.1:0{port}000000/", "http://127.0.0.1:99999/", "http://127.0.0.1:-1/",
    "http://127.0.0.1:\uff18\uff10/", "\x00http://127.0.0.1:{port}/", "http://", "http://:{port}/",
]  # fmt: skip
#: what names of somebody else may stand for
INSIDE: Final = [
    "127.0.0.1", "127.0.0.53", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    "169.254.169.254", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "10.0.0.1", "172.16.0.1",
    "192.168.0.1", "100.64.0.1", "168.63.129.16", "224.0.0.1", "255.255.255.255",
]  # fmt: skip


def in_header(text: str) -> bool:
    return text.isascii() and text.isprintable()


@pytest.fixture(scope="module")
async def inside() -> AsyncIterator[Web]:
    """Listens on all addresses of this machine."""
    async with web(None) as server:
        yield server


@pytest.fixture(scope="module")
async def outside() -> AsyncIterator[Web]:
    """Stands for any server out there: what it answers may be sent to us by anybody."""
    async with web(ALLOWED) as server:
        yield server


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("import")
    url = f"sqlite:///{folder / 'import.sqlite'}"
    await seed_system(url)
    uploads = folder / "uploads"
    async with running(url, CAUSEWAY_IMPORT_ALLOW_LIST=ALLOWED, STORAGE_LOCAL_ROOT=str(uploads)) as opened:
        yield opened
        left = [path for path in uploads.rglob("*") if path.is_file()] if uploads.exists() else []
        assert left == [], "what was refused left bytes"


async def ask(site: Site, url: str) -> Answer:
    return await site.ask("POST", "/files/import", {"url": url}, token=ADMIN_TOKEN)


def refused(found: Answer, url: str) -> None:
    reason = f'Couldn\'t fetch file from URL "{url}"'
    assert found.status == 503, found.body
    assert json.loads(found.body)["errors"] == [
        {
            "message": f'Service "external-file" is unavailable. {reason}.',
            "extensions": {"service": "external-file", "reason": reason, "code": "SERVICE_UNAVAILABLE"},
        }
    ]


async def test_the_counter_counts() -> None:
    """The same server, and who may reach it."""
    settings = Settings(causeway_import_allow_list=("127.0.0.0/8", "::1"))

    async def names(host: str, port: int) -> Sequence[str]:
        return (host,)

    async with web(None) as counting:
        for host in ("127.0.0.1", "127.0.0.53", "[::1]"):
            async with Fetcher(reach_of(settings), names, Bounds()).fetch(counting.url("/", host)) as found:
                assert found.status == 404
        assert counting.connections == 3


@pytest.mark.parametrize("host", HOSTS)
async def test_no_spelling_of_a_host_leads_inside(site: Site, inside: Web, host: str) -> None:
    url = f"http://{host}:{inside.port}/x.png"
    refused(await ask(site, url), url)
    assert inside.connections == 0


@pytest.mark.parametrize("text", OTHERS)
async def test_nothing_but_addresses_of_the_web_is_fetched(site: Site, inside: Web, text: str) -> None:
    url = text.format(port=inside.port)
    refused(await ask(site, url), url)
    assert inside.connections == 0


@pytest.mark.parametrize("host", [host for host in HOSTS if in_header(host)])
async def test_no_redirect_leads_inside(site: Site, inside: Web, outside: Web, host: str) -> None:
    outside.answers["/away"] = redirect(f"http://{host}:{inside.port}/x.png")
    before = outside.connections
    refused(await ask(site, outside.url("/away", ALLOWED)), outside.url("/away", ALLOWED))
    assert (outside.connections, inside.connections) == (before + 1, 0)


@pytest.mark.parametrize("text", [text for text in OTHERS if in_header(text)])
async def test_no_redirect_leads_out_of_the_web(site: Site, inside: Web, outside: Web, text: str) -> None:
    outside.answers["/away"] = redirect(text.format(port=inside.port))
    refused(await ask(site, outside.url("/away", ALLOWED)), outside.url("/away", ALLOWED))
    assert inside.connections == 0


@pytest.mark.parametrize("address", INSIDE)
async def test_no_name_leads_inside(inside: Web, address: str) -> None:
    """Alone, before and after addresses that are outside."""
    for found in ((address,), (address, "1.1.1.1"), ("1.1.1.1", address)):

        async def names(host: str, port: int, found: Sequence[str] = found) -> Sequence[str]:
            return found

        asking = Fetcher(reach_of(Settings()), names, Bounds(connect=1, whole=5))
        with pytest.raises(FetchRefused):
            async with asking.fetch(inside.url("/", "media.example")):
                pass
    assert inside.connections == 0


async def test_a_name_that_changes_leads_to_what_was_checked(inside: Web, outside: Web) -> None:
    """Rebinding: the name is harmless when it is checked, and something else a moment later."""
    asked: list[str] = []

    async def changing(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return (ALLOWED,) if len(asked) == 1 else ("127.0.0.1",)

    settings = Settings(causeway_import_allow_list=(ALLOWED,))
    outside.answers["/"] = answer(b"outside")
    asking = Fetcher(reach_of(settings), changing, Bounds(connect=1, whole=5))
    async with asking.fetch(outside.url("/", "media.example")) as found:
        assert [chunk async for chunk in found.chunks] == [b"outside"]
    assert asked == ["media.example"]
    # the second hop asks anew, and is checked anew
    outside.answers["/again"] = redirect(inside.url("/", "media.example"))
    asked.clear()
    with pytest.raises(FetchRefused):
        async with asking.fetch(outside.url("/again", "media.example")):
            pass
    assert len(asked) == 2
    assert inside.connections == 0


async def test_graphql_is_no_other_way(site: Site, inside: Web) -> None:
    for host in ("127.0.0.1", "[::1]", "localhost", "[::ffff:7f00:1]"):
        url = f"http://{host}:{inside.port}/x.png"
        asked = {
            "query": "mutation ($url: String!) { import_file(url: $url) { id } }",
            "variables": {"url": url},
        }
        found = json.loads((await site.ask("POST", "/graphql/system", asked, token=ADMIN_TOKEN)).body)
        assert found["data"] == {"import_file": None}
        assert [error["extensions"]["reason"] for error in found["errors"]] == [
            f'Couldn\'t fetch file from URL "{url}"'
        ]
    assert inside.connections == 0


async def test_what_is_there_and_what_is_not_are_told_alike(site: Site, inside: Web, outside: Web) -> None:
    """Nobody listens, somebody does, somebody says no, somebody says nonsense: one sentence."""
    async with web(ALLOWED) as closed:
        pass
    outside.answers["/no"] = answer(b"secret", status="401 Unauthorized")
    outside.answers["/broken"] = b"SSH-2.0-OpenSSH_9.2\r\n"
    for url in (
        inside.url("/", "10.0.0.1"),
        inside.url("/", "a" * 70 + ".example"),
        closed.url("/", ALLOWED),
        outside.url("/missing", ALLOWED),
        outside.url("/no", ALLOWED),
        outside.url("/broken", ALLOWED),
    ):
        refused(await ask(site, url), url)


async def test_who_may_make_no_file_makes_no_connection(site: Site, outside: Web) -> None:
    """Rights are asked about before anything goes out: of the collection, the fields, and their rules."""
    outside.answers["/free"] = answer(b"free")
    url = outside.url("/free", ALLOWED)
    role = await add_role(site.database, "importer")
    policy = await add_policy(site.database, role=role)
    await grant(
        site.database,
        policy,
        "directus_files",
        "create",
        fields="title",
        validation={"title": {"_starts_with": "ok"}},
    )
    await add_user(site.database, "importer@example.com", role=role, token="importer", password="x")
    before = outside.connections
    for token, sent, wanted in (
        (None, {"url": url}, "FORBIDDEN"),
        ("importer", {"url": url, "data": {"description": "x"}}, "FORBIDDEN"),
        ("importer", {"url": url, "data": {"nope": "x"}}, "FORBIDDEN"),
        ("importer", {"url": url, "data": {"title": "bad"}}, "FAILED_VALIDATION"),
        ("importer", {"url": url, "data": {"title": "ok", "filename_disk": "x"}}, "FORBIDDEN"),
        (ADMIN_TOKEN, {"url": url, "data": {"filename_disk": "../x"}}, "INVALID_PAYLOAD"),
        (ADMIN_TOKEN, {"url": url, "data": {"uploaded_by": None}}, "INVALID_PAYLOAD"),
        (ADMIN_TOKEN, {"url": url, "data": {"storage": "elsewhere"}}, "INVALID_PAYLOAD"),
        (ADMIN_TOKEN, {"url": url, "nope": 1}, "INVALID_PAYLOAD"),
    ):
        found = await site.ask("POST", "/files/import", sent, token=token)
        assert code(found) == wanted, (sent, found.body)
    assert outside.connections == before


#: what opens connections over HTTP, as it is imported
CLIENTS: Final = re.compile(
    r"^\s*(?:from|import)\s+(aiohttp|http\.client|httpcore|httpx|requests|urllib\.request|urllib3|websockets)\b"
    r"|^\s*from\s+(http\s+import\s.*client|urllib\s+import\s.*request)",
    re.MULTILINE,
)


def test_there_is_one_way_out() -> None:
    """Everything that is fetched goes through the client that is guarded, now and later."""
    found: dict[str, set[str]] = {}
    for package in ("gateway", "rest_bridge", "resolvers", "schema_gen"):
        for path in (ROOT / package).rglob("*.py"):
            used = {match[0].split()[1] for match in CLIENTS.finditer(path.read_text(encoding="utf-8"))}
            if used:
                found.setdefault(path.relative_to(ROOT).parent.as_posix(), set()).update(used)
    assert found == {"gateway/fetching": {"httpx", "httpcore"}}
