"""Texts that a column of another type takes, as regular expressions that Python and PostgreSQL read alike.

Narrower than what either takes by itself: words such as `today`, weeks, the 24th hour, 60 seconds are left
to those who write values, and not read into what a column happens to hold.
"""

from __future__ import annotations

from typing import Final

_CLOCK: Final = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?"
_ZONE: Final = r"(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?"

NUMBER: Final = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*$"
UUID: Final = r"^[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}$"
MOMENT: Final = rf"^\d{{4}}-\d\d-\d\d([T ]{_CLOCK}{_ZONE})?$"
TIME: Final = rf"^{_CLOCK}{_ZONE}$"
HEX: Final = r"^(\\x)?([0-9a-fA-F]{2})*$"
