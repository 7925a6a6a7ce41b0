"""Mails leave through the machine's own `sendmail`, which queues and delivers them.

    /usr/sbin/sendmail -i -f no-reply@example.com -- ada@example.com  < message

The program is run without a shell; addresses are plain ones, and come after `--`.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from email.policy import Policy
from typing import Final

from resolvers.mail.transport import DeliveryFailed, Mail

#: seconds; it only takes the mail
_TIMEOUT: Final = 30.0
#: EX_TEMPFAIL of sysexits
_TRY_AGAIN: Final = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class SendmailFacts:
    """`line_end`: of the message as the program wants it."""

    path: str
    line_end: str = "\n"


class Sendmail:
    sends = True

    def __init__(self, facts: SendmailFacts) -> None:
        self._facts = facts

    @property
    def name(self) -> str:
        return self._facts.path

    async def deliver(self, mail: Mail) -> None:
        policy: Policy = mail.message.policy.clone(linesep=self._facts.line_end)
        code, said = await self._run(mail, mail.message.as_bytes(policy=policy))
        if code != 0:
            reason = f"exit code {code}{': ' if said else ''}{said.decode(errors='replace')}"
            raise DeliveryFailed(reason, temporary=code == _TRY_AGAIN)

    async def check(self) -> str:
        if shutil.which(self._facts.path) is None:
            raise DeliveryFailed(f"{self._facts.path} is not a program", temporary=False)
        return ""

    async def close(self) -> None:
        return None

    async def _run(self, mail: Mail, message: bytes) -> tuple[int, bytes]:
        """Exit code, and what was said to standard error."""
        await self.check()
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *(self._facts.path, "-i", "-f", mail.sender, "--", mail.to),
                stdin=pipe,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=pipe,
            )
        except OSError as error:
            raise DeliveryFailed(f"{self._facts.path}: {error.strerror}", temporary=True) from None
        try:
            async with asyncio.timeout(_TIMEOUT):
                _, said = await process.communicate(message)
        except TimeoutError:
            raise DeliveryFailed(f"no answer within {_TIMEOUT:g}s", temporary=True) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, said
