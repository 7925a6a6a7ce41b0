"""What the row of settings may hold beyond what its columns take. Pure.

check_settings({"project_color": "red"})   -> refused: pages and mails would carry whatever stands there
check_settings({"license_key": "..."})     -> refused: nobody sets it by hand
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from schema_gen.errors import invalid_payload

SETTINGS: Final = "directus_settings"
#: set by the server of the protocol alone
_BY_HAND: Final = ("license_key", "license_token")
_COLOUR: Final = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE | re.ASCII)


def check_settings(payload: Mapping[str, Any]) -> None:
    """Raises INVALID_PAYLOAD."""
    for name in _BY_HAND:
        if name in payload:
            raise invalid_payload(f'You can\'t change the "{name}" value manually')
    colour = payload.get("project_color")
    if colour is not None and not (isinstance(colour, str) and _COLOUR.fullmatch(colour)):
        raise invalid_payload('"project_color" must be a hexadecimal colour, like "#6644FF"')
