"""The post office of a project: letters in, mails out.

    send(letter) ─ queue ─> templates + look ─> Rendered ─ compose ─> Mail ─ transport ─>

`send` checks the name of the template and returns; everything else happens beside the requests. It is opened
and closed with its project.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from resolvers.mail.addresses import Sender
from resolvers.mail.connection import Connection
from resolvers.mail.look import Look, spoken
from resolvers.mail.message import NoAddress, compose
from resolvers.mail.post import Letter
from resolvers.mail.queue import MailQueue, Pace
from resolvers.mail.tasks import ended
from resolvers.mail.templates import TemplateProblem, Templates
from resolvers.mail.transport import DeliveryFailed, Mail, Transport
from resolvers.throttle import Throttle
from schema_gen.errors import CausewayError

_LOGGER: Final = logging.getLogger("causeway.mail")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Makes a mail of a letter, and delivers it once."""

    templates: Templates
    look: Look
    sender: Sender
    transport: Transport
    now: Callable[[], datetime] = _now

    async def deliver(self, letter: Letter) -> None:
        """Raises DeliveryFailed."""
        try:
            await self.transport.deliver(await self.mail(letter))
        except TemplateProblem as problem:
            raise DeliveryFailed(f"template {problem}", temporary=False) from None
        except NoAddress:
            raise DeliveryFailed("this is no mail address", temporary=False) from None
        except CausewayError as error:
            # the row of the settings cannot be read, or the template has gone meanwhile
            raise DeliveryFailed(error.message, temporary=error.status >= 500) from None

    async def mail(self, letter: Letter) -> Mail:
        look = await self.look.values()
        values: dict[str, Any] = {**look, **letter.data}
        if "name" in values:
            values["name"] = spoken(values["name"])
        # templates are files, and may be long
        rendered = await asyncio.to_thread(self.templates.render, letter.template, values)
        message = compose(
            rendered,
            to=letter.to,
            sender=self.sender,
            project_name=look["project_name"],
            now=self.now(),
        )
        return Mail(letter=letter, sender=self.sender.address, to=letter.to, message=message)


class PostOffice:
    """`desk`: where letters become mails, one at a time. `connection`: what is known of the way out."""

    def __init__(self, desk: Desk, queue: MailQueue) -> None:
        self.desk = desk
        self.connection = Connection(desk.transport)
        self._queue = queue
        self._verifying: asyncio.Task[None] | None = None

    def send(self, letter: Letter) -> None:
        """Raises INVALID_PAYLOAD where there is no such template."""
        self.desk.templates.require(letter.template)
        self._queue.put(letter)

    @property
    def waiting(self) -> int:
        """Letters that are neither delivered nor given up."""
        return self._queue.held

    def verify(self) -> None:
        """Tries the transport and says in the log what is wrong with it and with the templates, beside
        everything else.
        """
        self._verifying = asyncio.create_task(self._verify())

    async def close(self, grace: float) -> None:
        """`grace`: seconds that letters have to leave."""
        if self._verifying is not None:
            await ended([self._verifying])
        await self._queue.close(grace)
        await self.connection.close()
        await self.desk.transport.close()

    async def _verify(self) -> None:
        templates, transport = self.desk.templates, self.desk.transport
        for problem in await asyncio.to_thread(lambda: list(templates.problems())):
            _LOGGER.warning("mail template %s", problem)
        state = await self.connection.look()
        if state.status == "error":
            _LOGGER.warning("mails cannot be sent through %s: %s", transport.name, state.output)


@asynccontextmanager
async def open_office(
    desk: Desk, pace: Pace, throttle: Throttle, *, grace: float
) -> AsyncIterator[PostOffice]:
    async def permit() -> None:
        while True:
            try:
                return await throttle.take("email")
            except CausewayError as error:
                await asyncio.sleep(float(error.headers.get("Retry-After", "1")))

    office = PostOffice(desk, MailQueue(desk.deliver, pace, permit))
    try:
        yield office
    finally:
        await office.close(grace)
