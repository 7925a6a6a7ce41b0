"""The snapshot and everything worked out from it, behind one reference that is read once per request and
replaced whole.

A `Bundle` belongs to one snapshot: gates by rules, compiled plans by operation. After a schema change a new
bundle is built aside and `BundleHolder.current` is assigned; requests in flight keep the one they began with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace

from graphql import FieldNode

from resolvers.bounded import Bounded
from resolvers.calls import CallRoot
from resolvers.permissions import AccessRules, Gate
from resolvers.plan import Plan
from resolvers.sql.statement import Statement
from schema_gen.errors import CausewayError
from schema_gen.model import SchemaSnapshot
from schema_gen.naming import Names
from schema_gen.watched import LookedUp


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRoot:
    """Where the JSON of a root comes from: a column of the statement, or the plan itself, or why there is
    none.
    """

    key: str
    column: int | None = None
    json: bytes | None = None
    required: bool = False
    #: stands where the database has no item
    fallback: bytes | None = None
    call: CallRoot | None = None
    nodes: tuple[FieldNode, ...] = ()
    error: CausewayError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    snapshot: SchemaSnapshot
    plan: Plan
    statement: Statement | None
    roots: tuple[CompiledRoot, ...]
    #: what it was made from
    looked_up: LookedUp
    #: whether some root is a call
    calling: bool = False

    @property
    def reads_only(self) -> bool:
        """Every root comes from the statement: none is a call, a refusal or known beforehand."""
        return all(root.column is not None for root in self.roots)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Former:
    """What may be taken over from a bundle, which is not kept itself."""

    version: int
    names: Names
    plans: Bounded[Hashable, Compiled]


class Bundle:
    """`before`: the bundle whose place it takes. What was made there from nothing that has changed is good
    here, too: it is looked at again when it is asked for, so plans that nobody uses cost nothing.
    """

    def __init__(
        self, snapshot: SchemaSnapshot, *, before: Bundle | None = None, capacity: int = 2000
    ) -> None:
        self.snapshot = snapshot
        self.names: Names = Names.of(snapshot, None if before is None else before.names)
        #: (document, rules) -> names of the variables whose values are structure
        self.structural: Bounded[Hashable, frozenset[str]] = Bounded(capacity)
        #: ((document, rules), shape of the variables) -> plan
        self.plans: Bounded[Hashable, Compiled] = Bounded(capacity)
        self._gates: Bounded[str, Gate] = Bounded(500)
        self._former = (
            None
            if before is None
            else _Former(version=before.snapshot.version, names=before.names, plans=before.plans)
        )

    @property
    def former_version(self) -> int | None:
        """Of the snapshot before."""
        return None if self._former is None else self._former.version

    def stands(self, looked_up: LookedUp) -> bool:
        """Whether what was made from this in the bundle before would be made the same here."""
        former = self._former
        return (
            former is not None
            and looked_up.stands_in(self.snapshot)
            and self.names.agree(former.names, looked_up.collections)
        )

    def plan(self, place: Hashable) -> Compiled | None:
        """The plan that is known, here or from before. Refusals and calls are not taken over."""
        known = self.plans.get(place)
        if known is not None or self._former is None:
            return known
        last = self._former.plans.get(place)
        if last is None or not last.reads_only or not self.stands(last.looked_up):
            return None
        return self.plans.put(place, replace(last, snapshot=self.snapshot))

    def gate(self, rules: AccessRules) -> Gate:
        found = self._gates.get(rules.fingerprint)
        return found if found is not None else self._gates.put(rules.fingerprint, Gate(rules, self.snapshot))


class BundleHolder:
    """`load` makes a snapshot of the database as it is now; it is numbered, and the same object where nothing
    has changed.
    """

    def __init__(self, current: Bundle, load: Callable[[], Awaitable[SchemaSnapshot]]) -> None:
        self.current = current
        self._load = load

    @classmethod
    async def open(cls, load: Callable[[], Awaitable[SchemaSnapshot]]) -> BundleHolder:
        return cls(Bundle(await load()), load)

    async def reload(self) -> Bundle:
        """Reads the schema again; the old bundle stays where nothing changed, with all it has worked out."""
        snapshot = await self._load()
        if snapshot.fingerprint != self.current.snapshot.fingerprint:
            self.current = await asyncio.to_thread(Bundle, snapshot, before=self.current)
        return self.current
