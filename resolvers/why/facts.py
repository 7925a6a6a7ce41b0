"""A question about rights, and its answer, as facts.

    Question(user="ada@example.com", action="update", collection="articles", item="3", field="title")
    -> Answer(answer="no", because="the item does not meet the rule of permission 5", policies=(...), ...)

`answer` is "some" where no item was named and a rule decides item by item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from resolvers.permissions import Action

Answered = Literal["yes", "no", "some"]
Source = Literal["policy", "app", "setup"]
Through = Literal["user", "role", "parent role", "public"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Of one caller: `user` (id or mail), `role` (id or name) or the `public`. `ip`: the address that the
    request would come from.
    """

    action: Action
    collection: str
    item: str | None = None
    field: str | None = None
    user: str | None = None
    role: str | None = None
    public: bool = False
    ip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A row that has a name. The name of a policy that came to somebody else's row is unknown."""

    id: str
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`roles`: the role and its ancestors, nearest first. `second_factor`: whether there is one; `waiting`: a
    policy asks for one, and until it is set up the others give nothing.
    """

    kind: Literal["user", "role", "public"]
    user: str | None = None
    email: str | None = None
    status: str | None = None
    roles: tuple[Named, ...] = ()
    admin: bool = False
    app: bool = False
    enforce_tfa: bool = False
    second_factor: bool = False
    waiting: bool = False

    @property
    def active(self) -> bool:
        """Whether credentials of it are accepted at all."""
        return self.status is None or self.status == "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a policy reaches the caller. `role`: the one that has it."""

    through: Through
    role: Named | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`because`: why it does not apply."""

    id: str
    name: str | None
    ways: tuple[Way, ...]
    admin: bool
    app: bool
    enforce_tfa: bool
    ip_access: str | None
    applies: bool
    because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A permission row of the action and the collection; without `id`: one that every app user has, or who is
    setting up a second factor (`source`).

    `fields` None: every field. `filled`: the rule with what its variables stand for. `names_field`,
    `met`: None where no field or no item was asked for. `readable` False: broken, it gives nothing.
    """

    id: str | None
    source: Source = "policy"
    policy: str | None
    policy_name: str | None
    fields: tuple[str, ...] | None = ()
    rule: Mapping[str, Any] | None = None
    filled: Mapping[str, Any] | None = None
    validation: Mapping[str, Any] | None = None
    presets: Mapping[str, Any] | None = None
    names_field: bool | None = None
    met: bool | None = None
    readable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`fields`: all that the action may touch, None: every one. `presets` and `validations`: what a write
    gets and has to meet, variables filled in. `cautions`: what may be refused for what it would bring about.
    """

    question: Question
    answer: Answered
    because: str
    caller: Caller
    policies: tuple[Policy, ...] = ()
    permissions: tuple[Permission, ...] = ()
    fields: tuple[str, ...] | None = ()
    presets: Mapping[str, Any] | None = None
    validations: tuple[Mapping[str, Any], ...] = ()
    cautions: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Of some item at least."""
        return self.answer != "no"
