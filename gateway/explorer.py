"""GraphiQL for browsers: the page at GET `/graphql` and `/graphql/system`, its files at `/graphiql/assets/*`.

    explorer = Explorer.find(directory, "/")
    explorer.page()                     -> the page, under a policy that lets it load from here alone
    await explorer.asset(name, ...)     -> one of its files, unchangeable under its name

`make explorer` builds the files into `gateway/static/graphiql`, and the wheel carries them. Without them the
page says so.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway.http import HTML, HttpReply, HttpRequest
from gateway.page_policy import page_policy
from schema_gen.errors import route_not_found

BUILT: Final = Path(__file__).parent / "static" / "graphiql"
PREFIX: Final = "/graphiql/"

_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ttf": "font/ttf",
}
_MISSING: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>GraphQL</title>
<h1>The explorer is not built</h1>
<p>This address answers GraphQL: POST a query as JSON. To have GraphiQL here, run <code>make explorer</code>
in the source of Causeway (Node.js 20 or newer), or install a released wheel, which carries it.</p>
<pre>curl {address} -H 'Content-Type: application/json' -d '{{"query":"{{ __typename }}"}}'</pre>
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explorer:
    """`document`: the page with addresses filled in; None where it is not built. `assets`: name -> file.
    `policy`: what the page may load.
    """

    document: bytes | None
    assets: Mapping[str, Path]
    policy: str

    @classmethod
    def find(cls, directory: Path, public_url: str, policy: str = page_policy(())) -> Explorer:
        """`public_url`: its path is what stands before every address of ours."""
        page = directory / "index.html"
        if not page.is_file():
            return cls(document=None, assets={}, policy=policy)
        mounted = urlsplit(public_url).path.rstrip("/") + PREFIX
        text = page.read_text("utf-8").replace('"./assets/', f'"{html.escape(mounted)}assets/')
        files = (directory / "assets").iterdir()
        return cls(document=text.encode(), assets={file.name: file for file in files}, policy=policy)

    def page(self, address: str) -> HttpReply:
        """`address`: what was asked for, to be shown where there is no explorer."""
        body = self.document or _MISSING.format(address=html.escape(address)).encode()
        headers = (
            ("content-type", HTML),
            ("content-security-policy", self.policy),
            ("vary", "Accept"),
        )
        return HttpReply(headers=headers, body=body)

    async def asset(self, name: str, *, compressed: bool) -> HttpReply | None:
        """None: there is no such file. Names come from the directory, never from the request."""
        kind = _TYPES.get(Path(name).suffix)
        file = self.assets.get(name)
        if kind is None or file is None:
            return None
        smaller = self.assets.get(f"{name}.gz") if compressed else None
        body = await asyncio.to_thread((smaller or file).read_bytes)
        headers = [
            ("content-type", kind),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("vary", "Accept-Encoding"),
        ]
        if smaller is not None:
            headers.append(("content-encoding", "gzip"))
        return HttpReply(headers=tuple(headers), body=body)


async def assets_door(explorer: Explorer, request: HttpRequest) -> HttpReply:
    """GET `/graphiql/assets/<name>`. Raises ROUTE_NOT_FOUND."""
    folder = f"{PREFIX}assets/"
    if request.method in ("GET", "HEAD") and request.path.startswith(folder):
        compressed = "gzip" in request.headers.get("accept-encoding", "")
        reply = await explorer.asset(request.path[len(folder) :], compressed=compressed)
        if reply is not None:
            return reply
    raise route_not_found(request.path)
