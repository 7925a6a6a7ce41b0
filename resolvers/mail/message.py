"""A rendered letter becomes a message as RFC 5322 has it.

    compose(Rendered(subject="Hello", text="...", html="..."), to="ada@example.com", sender=..., ...)

      From: Causeway <no-reply@example.com>
      To: ada@example.com
      Subject: Hello
      Date, Message-ID, Auto-Submitted: auto-generated
      multipart/alternative: text/plain, text/html

Values cannot add a header: the addresses are plain ones, subject and name are single lines, and the library
refuses whatever has a line break.
"""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import make_msgid

from resolvers.mail.addresses import Sender, is_address, one_line
from resolvers.mail.templates import Rendered


class NoAddress(ValueError):
    """What is stored as an address is none."""


def compose(rendered: Rendered, *, to: str, sender: Sender, project_name: str, now: datetime) -> EmailMessage:
    """`now`: aware. Raises NoAddress."""
    if not is_address(to):
        raise NoAddress(to)
    # lines of bodies hold 78 characters at most, wherever they go: what is longer or not ASCII is encoded
    policy = SMTP if to.isascii() and sender.address.isascii() else SMTPUTF8
    message = EmailMessage(policy=policy.clone(cte_type="7bit"))
    message["From"] = _mailbox(sender.address, one_line(sender.name or project_name))
    message["To"] = _mailbox(to, "")
    message["Subject"] = one_line(rendered.subject or project_name)
    message["Date"] = now
    message["Message-ID"] = make_msgid(domain=sender.domain)
    # neither answers nor notes of absence are wanted (RFC 3834)
    message["Auto-Submitted"] = "auto-generated"
    if rendered.text is not None:
        message.set_content(rendered.text)
        if rendered.html is not None:
            message.add_alternative(rendered.html, subtype="html")
    else:
        message.set_content(rendered.html or "", subtype="html")
    return message


def _mailbox(address: str, name: str) -> Address:
    user, _, domain = address.rpartition("@")
    return Address(display_name=name, username=user, domain=domain)
