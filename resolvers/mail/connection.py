"""Whether mails can leave, for `/server/health` and the log.

    await connection.check()    -> State(status="ok")

A look at a mail server takes its time, and it must not be asked often: what was seen is told for a while, and
who asks waits for a new look no longer than a moment.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final, Literal

from resolvers.mail.tasks import ended
from resolvers.mail.transport import DeliveryFailed, Transport

#: seconds for which a look is told again
_LIFE: Final = 60.0
#: seconds that who asks waits for one
_PATIENCE: Final = 1.0

NO_TRANSPORT: Final = "no transport is configured: mails go to the log"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    status: Literal["ok", "warn", "error"]
    output: str | None = None


class Connection:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._seen: tuple[float, State] | None = None
        self._looking: asyncio.Task[State] | None = None

    async def check(self) -> State:
        """What is known; what was seen last, where a new look takes too long."""
        if not self._transport.sends:
            return State(status="warn", output=NO_TRANSPORT)
        seen = self._seen
        if seen is not None and time.monotonic() - seen[0] < _LIFE:
            return seen[1]
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self.look())
        done, _ = await asyncio.wait((self._looking,), timeout=_PATIENCE)
        if done:
            return self._looking.result()
        return seen[1] if seen is not None else State(status="warn", output="no answer yet")

    async def look(self) -> State:
        """Tries the transport now."""
        try:
            await self._transport.check()
        except DeliveryFailed as failed:
            state = State(status="error", output=str(failed))
        else:
            state = State(status="ok")
        self._seen = (time.monotonic(), state)
        return state

    async def close(self) -> None:
        if self._looking is not None:
            await ended([self._looking])
