"""What tus clients put into headers."""

from __future__ import annotations

import base64


def pairs(**metadata: str) -> str:
    """Upload-Metadata.

    >>> pairs(filename_download="a.txt")
    'filename_download YS50eHQ='
    """
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
