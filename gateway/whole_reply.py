"""A reply in one write: a road around the two messages of ASGI, offered by our server to our application.

    scope["extensions"][WHOLE_REPLY](200, b"content-type: ...\\r\\n\\r\\n", b"{...}") -> True

ASGI sends head and body apart, and uvicorn writes each by itself and looks at every header again: two system
calls and two wake-ups of the client for a reply that fits into one. Under any other server the extension is
not there, and the application sends the two messages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

WHOLE_REPLY: Final = "causeway.whole_reply"
#: (status, header lines with the empty line after them, body) -> whether it was taken
WholeReply = Callable[[int, bytes, bytes], bool]

#: as the application writes it, where the rest of a request was not read
_CLOSE: Final = b"connection: close\r\n"
#: bytes; copying more than that costs more than a second write
_JOINED: Final = 128 * 1024


def write_whole(cycle: RequestResponseCycle, status: int, head: bytes, body: bytes) -> bool:
    """Writes the reply of `cycle` and ends it. False, with nothing written, where the client reads too slowly
    for more: then the messages of ASGI wait for it.
    """
    if cycle.response_started or cycle.flow.write_paused:
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.message_event.set()
    if cycle.disconnected:
        return True
    parts = [STATUS_LINE[status]]
    for name, value in cycle.default_headers:
        parts += (name, b": ", value, b"\r\n")
    if _CLOSE in head:
        cycle.keep_alive = False
    elif not cycle.keep_alive:
        parts.append(_CLOSE)
    parts.append(head)
    transport = cycle.transport
    if cycle.scope["method"] == "HEAD":
        body = b""
    if len(body) <= _JOINED:
        parts.append(body)
        transport.write(b"".join(parts))
    else:
        transport.write(b"".join(parts))
        transport.write(body)
    if not cycle.keep_alive:
        transport.close()
    cycle.on_response()
    return True
