"""Messages between the server and a worker: four bytes of length, then JSON.

>>> pack({"a": 1})
b'\\x00\\x00\\x00\\x07{"a":1}'
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from struct import Struct
from typing import Any, Final

HEAD: Final = Struct(">I")

#: longer messages are none of ours
LONGEST: Final = 4 * 1024 * 1024


def pack(message: Mapping[str, Any]) -> bytes:
    body = json.dumps(message, separators=(",", ":")).encode()
    return HEAD.pack(len(body)) + body
