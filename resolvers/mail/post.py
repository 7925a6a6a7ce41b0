"""What somebody who sends a mail knows of it: a letter, and a box to put it in.

    post.send(Letter(template="password-reset", to="ada@example.com", data={"url": "https://..."}))

The name of the project and how its mails look are added on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`template`: its name without a suffix. `to`: the address as it is stored, never as it was typed."""

    template: str
    to: str
    data: Mapping[str, Any]


class Post(Protocol):
    def send(self, letter: Letter) -> None:
        """Takes the letter and returns at once; delivery, attempts and failures are the queue's."""
