"""How mails of this project look: its name, color, logo and address, from the row of the settings.

    await Look(database, snapshot, "https://cms.example.com").values()
      -> {"project_name": "Causeway", "project_color": "#6644FF", "project_logo": None, "project_url": "https://..."}

What templates put into attributes is checked: a color is a color, an address one of a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from resolvers.mail.addresses import one_line
from schema_gen.database import Database
from schema_gen.model import SchemaSnapshot

NAME: Final = "Causeway"
COLOR: Final = "#6644FF"
_COLUMNS: Final = ("project_name", "project_color", "project_logo", "project_url")
_COLOR: Final = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")
_PAGES: Final = ("http://", "https://")
_LONGEST_NAME: Final = 80
#: addresses, and what mail programs make links of
_NO_NAME: Final = re.compile(r"[:/\\@<>]|\w\.\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Read for each mail, so that it is the one of now. `public_url`: where clients reach the server."""

    database: Database
    snapshot: Callable[[], SchemaSnapshot]
    public_url: str

    async def values(self) -> Mapping[str, Any]:
        table = self.snapshot().collections.get("directus_settings")
        names = [name for name in _COLUMNS if table is not None and name in table.fields]
        rows = []
        if names:
            columns = ", ".join(f'"{name}"' for name in names)
            rows = await self.database.fetch(f"select {columns} from directus_settings limit 1")
        found = dict(zip(names, rows[0], strict=True)) if rows else {}
        return look_of(found, self.public_url)


def spoken(name: object) -> str | None:
    """A name to greet with. People write their names themselves, and mails go to others where the address is
    not theirs: what could be a link, or more than a name, is none.

    >>> spoken("Ada  King-Noel"), spoken("Win now: evil.example"), spoken(None)
    ('Ada King-Noel', None, None)
    """
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or _NO_NAME.search(name) is not None:
        return None
    return one_line(name) or None


def look_of(row: Mapping[str, Any], public_url: str) -> Mapping[str, Any]:
    """`row`: of the settings, as far as it is there."""
    base = public_url.rstrip("/") if public_url.startswith(_PAGES) else None
    color, logo, url = row.get("project_color"), row.get("project_logo"), row.get("project_url")
    return {
        "project_name": one_line(row.get("project_name") or "") or NAME,
        "project_color": color if color is not None and _COLOR.fullmatch(color) else COLOR,
        "project_logo": f"{base}/assets/{logo}" if base and logo else None,
        "project_url": url if url is not None and url.startswith(_PAGES) else base,
    }
