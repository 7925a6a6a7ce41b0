"""The explorer in a real browser, from a real server process: it works from this host alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.explorer import BUILT
from tests.conftest import ROOT
from tests.support.chromium import chromium, open_page
from tests.support.newsroom import EDITOR_TOKEN, seed_newsroom
from tests.support.server import running_server

QUERY = 'query Titles { articles(sort: "id") { id title author { name } } }'
RESULT = "document.querySelector('.graphiql-response')?.innerText || ''"


@pytest.fixture(scope="module")
def built() -> None:
    """The explorer, built where it is not yet; skipped with a word where that cannot be, except in CI."""
    missing = "Chromium was not found (make system)" if chromium() is None else None
    if missing is None and not (BUILT / "index.html").is_file():
        made = subprocess.run(["make", "explorer"], cwd=ROOT, check=False, capture_output=True, timeout=900)
        if made.returncode != 0:
            missing = f"the explorer could not be built: {made.stderr.decode(errors='replace')[-500:]}"
    if missing is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)


@pytest.fixture
async def url(tmp_path: Path) -> str:
    database = f"sqlite:///{tmp_path}/newsroom.sqlite"
    await seed_newsroom(database)
    return database


HEADERS = ".graphiql-editor-tool .graphiql-editor:not(.hidden) textarea"
QUERY_EDITOR = ".graphiql-query-editor textarea"
DOCUMENTATION = "document.querySelector('.graphiql-doc-explorer')?.innerText || ''"


@pytest.mark.usefixtures("built")
async def test_a_query_and_the_documentation(url: str, tmp_path: Path) -> None:
    with running_server(url, tmp_path) as server:
        async with open_page(tmp_path / "profile") as page:
            await page.open(f"{server.url}/graphql")
            await page.paste(HEADERS, '{"Authorization": "Bearer ' + EDITOR_TOKEN + '"}')
            await page.paste(QUERY_EDITOR, QUERY)
            await page.until("(document.querySelector('.graphiql-tabs')?.innerText || '').includes('Titles')")
            await page.click(".graphiql-execute-button")
            await page.until(f"({RESULT}).includes('Ada')")
            shown = str(await page.run(RESULT)).replace("\xa0", " ")
            assert '"title": "Two"' in shown
            assert "Three" not in shown

            # the documentation explorer knows what this caller may read
            await page.click('[aria-label^="Re-fetch GraphQL schema"]')
            await page.click('[aria-label="Show Documentation Explorer"]')
            await page.click(".graphiql-doc-explorer a")
            await page.until(f"({DOCUMENTATION}).includes('articles_by_id')")
            assert "vault" not in str(await page.run(DOCUMENTATION))
            await page.picture(tmp_path / "explorer.png")

            assert page.problems == []
            hosts = {urlsplit(asked).netloc for asked in page.requests if asked.startswith("http")}
            assert hosts == {urlsplit(server.url).netloc}


@pytest.mark.usefixtures("built")
async def test_the_other_schema_is_one_click_away(url: str, tmp_path: Path) -> None:
    with running_server(url, tmp_path) as server:
        async with open_page(tmp_path / "profile") as page:
            await page.open(f"{server.url}/graphql")
            await page.click('nav[aria-label="Schemas"] a:not([aria-current])')
            await page.until("location.pathname === '/graphql/system'")
            await page.until(
                "(document.querySelector('.graphiql-query-editor')?.innerText || '').includes('server_ping')"
            )
            await page.click(".graphiql-execute-button")
            await page.until(f"({RESULT}).includes('pong')")
            assert page.problems == []
