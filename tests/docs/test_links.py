"""The documents hold together: every link leads somewhere, every page can be found from the index."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
INDEX: Final = ROOT / "docs" / "README.md"
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCED: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def targets(page: Path) -> set[Path]:
    """The files that a page links to, apart from addresses elsewhere and places on the same page."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    links = (link.partition("#")[0] for link in _LINK.findall(text) if "://" not in link)
    return {(page.parent / link).resolve() for link in links if link}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert [str(target.relative_to(ROOT)) for target in targets(page) if not target.exists()] == []


def test_every_page_is_found_from_the_index() -> None:
    seen: set[Path] = set()
    waiting = [INDEX]
    while waiting:
        page = waiting.pop()
        if page not in seen and page.suffix == ".md" and page.exists():
            seen.add(page)
            waiting.extend(targets(page))
    assert [str(page.relative_to(ROOT)) for page in PAGES if page.parent != ROOT and page not in seen] == []
