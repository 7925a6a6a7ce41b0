"""`causeway mail test`: whether mails can be sent as the settings say, found out by sending one.

$ causeway mail test ada@example.com
connecting to smtp.example.com:587 ...
connected (TLSv1.3, logged in as causeway); sending ...
Sent to ada@example.com from no-reply@example.com.
"""

from __future__ import annotations

import argparse
from typing import Any, Final

from gateway.assembly import open_project
from gateway.cli_inspect import signing_nothing
from gateway.commands import add, group
from gateway.config import Settings
from gateway.terminal import Terminal
from resolvers.mail.addresses import is_address
from resolvers.mail.post import Letter
from resolvers.mail.transport import DeliveryFailed
from schema_gen.errors import ConfigurationError

_NO_TRANSPORT: Final = (
    "causeway: no transport is configured, mails go to the log: set EMAIL_TRANSPORT to smtp "
    "(and EMAIL_SMTP_HOST, EMAIL_SMTP_USER, ...) or to sendmail"
)


def add_parser(commands: Any) -> None:
    mail = group(commands, "mail", "Mails.")
    test = add(mail, "test", mail_test_command, "Send a test mail as the settings (EMAIL_*) say.")
    test.add_argument("to", metavar="TO", help="mail address that gets it")


async def mail_test_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    to: str = arguments.to
    if not is_address(to):
        raise ConfigurationError(f"{to!r} is no mail address")
    async with open_project(signing_nothing(settings)) as project:
        desk = project.post.desk
        if not desk.transport.sends:
            terminal.note(_NO_TRANSPORT)
            return 1
        if desk.sender.domain == "example.com":
            terminal.note("EMAIL_FROM is not set: servers may refuse mails from example.com")
        terminal.note(f"connecting to {desk.transport.name} ...")
        try:
            found = await desk.transport.check()
            terminal.note(f"connected{f' ({found})' if found else ''}; sending ...")
            await desk.deliver(Letter(template="mail-test", to=to, data={}))
        except DeliveryFailed as failed:
            hint = "; it may do better later" if failed.temporary else ""
            terminal.note(f"causeway: not sent: {failed}{hint}")
            return 1
    terminal.say(f"Sent to {to} from {desk.sender.address}.")
    return 0
