"""Where columns come from: a frame is one row source of a statement and the joins that hang on it.

A to-one hop of a frame that may join becomes one LEFT JOIN, shared by filter, sort and output. A frame that
may not (the condition of a join, where a join cannot stand) reaches over the hop by a scalar subquery. Both
give null where there is no item, or none the caller may see.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, Select

from resolvers.conditions import Condition, Hop, Literal_, Slot
from resolvers.sql.depth import HOP, Depth
from resolvers.sql.dialects.base import SqlDialect
from schema_gen.model import Collection, Link, SchemaSnapshot

Render = Callable[["Frame", Condition], ColumnElement[bool]]


class Builder:
    """State of one statement in the making: parameters, alias numbers, how deep it is."""

    def __init__(self, dialect: SqlDialect, snapshot: SchemaSnapshot, render: Render) -> None:
        self.dialect = dialect
        self.snapshot = snapshot
        self.render = render
        self.depth = Depth(dialect.parser_stack)
        self.slots: dict[str, Slot] = {}
        self._names: dict[str, str] = {}
        self._aliases = 0

    def parameter(self, slot: Slot) -> ColumnElement[Any]:
        """The bound parameter of a slot; equal slots share one."""
        identity = repr(slot)
        name = self._names.get(identity)
        if name is None:
            name = f"p{len(self.slots)}"
            self._names[identity] = name
            self.slots[name] = slot
        return sa.bindparam(name, type_=self.dialect.parameter_type(slot))

    def constant(self, value: Any) -> ColumnElement[Any]:
        return self.parameter(
            Slot(source=Literal_(value=value, settled=True), type="string", operator="literal")
        )

    def name(self) -> str:
        """A name no other row source of the statement has."""
        self._aliases += 1
        return f"t{self._aliases}"

    def frame(self, name: str) -> Frame:
        """A new row source over a collection, which may join."""
        collection = self.snapshot.collections[name]
        alias = self.name()
        table = sa.table(collection.name, schema=collection.namespace).alias(alias)
        quoted = self.dialect.compiler.identifier_preparer.quote
        return Frame(self, collection, TableSource(alias, quoted, table))


class Source(Protocol):
    """Where the columns of a frame are: a table under an alias, or a page of one."""

    @property
    def clause(self) -> FromClause: ...
    def column(self, name: str) -> ColumnElement[Any]: ...


class TableSource:
    """Columns are written, not made: a statement names a few of the many that its tables have."""

    def __init__(self, name: str, quoted: Callable[[str], str], clause: FromClause) -> None:
        self._name = name
        self._quoted = quoted
        self.clause = clause

    def column(self, name: str) -> ColumnElement[Any]:
        return sa.literal_column(f"{self._name}.{self._quoted(name)}")


class PageSource:
    """A page, cut before anything is joined to it. It has the columns that were asked for by the time it is
    needed: a sort that carries whole rows along would cost more than the joins it saves.
    """

    def __init__(
        self, name: str, quoted: Callable[[str], str], cut: Callable[[list[str]], Select[Any]]
    ) -> None:
        self._name = name
        self._quoted = quoted
        self._cut = cut
        self._asked: dict[str, None] = {}
        self._clause: FromClause | None = None

    def column(self, name: str) -> ColumnElement[Any]:
        if self._clause is not None and name not in self._asked:
            raise AssertionError(f"column {name} was asked of a page that is already cut")
        self._asked[name] = None
        return sa.literal_column(f"{self._name}.{self._quoted(name)}")

    @property
    def clause(self) -> FromClause:
        if self._clause is None:
            self._clause = self._cut(list(self._asked)).subquery(self._name)
        return self._clause


class JoinedSource:
    """A table that stands in a join: its columns, and the join as the clause they come from."""

    def __init__(self, table: Source, clause: FromClause) -> None:
        self._table = table
        self.clause = clause

    def column(self, name: str) -> ColumnElement[Any]:
        return self._table.column(name)


class Frame:
    def __init__(
        self,
        builder: Builder,
        collection: Collection,
        source: Source,
        home: Frame | None = None,
        *,
        joins: bool = True,
    ) -> None:
        self.builder = builder
        self.collection = collection
        self.source = source
        #: the frame whose FROM the joins of this one belong to
        self.home = home or self
        self.may_join = joins
        self.joined: list[tuple[Frame, ColumnElement[bool]]] = []
        #: some condition fails without a row of this frame: it may be joined as such, and be where the search
        #: begins
        self.required = False
        self._hops: dict[tuple[str, str, str, str], Frame] = {}
        #: by the hop itself, which all operands of one item share: conditions are long to spell
        self._known: dict[int, tuple[Hop, Frame]] = {}

    def column(self, name: str) -> ColumnElement[Any]:
        return self.source.column(name)

    def over(self, hops: tuple[Hop, ...], make: Callable[[Frame], ColumnElement[Any]]) -> ColumnElement[Any]:
        """`make` of the frame behind `hops`."""
        if not hops:
            return make(self)
        if self.may_join:
            return self._join(hops[0]).over(hops[1:], make)
        inner = self.builder.frame(hops[0].target)
        with self.builder.depth.inside(HOP):
            value = inner.over(hops[1:], make)
            rows = inner.rows(self._meets(inner, hops[0])).add_columns(value)
        return rows.correlate_except(*inner.sources()).scalar_subquery()

    def behind(self, hops: tuple[Hop, ...]) -> Frame:
        """The frame behind `hops`, of a frame that may join."""
        frame = self
        for hop in hops:
            frame = frame._join(hop)
        return frame

    def require(self, hops: tuple[Hop, ...]) -> None:
        """What is behind `hops` has to be there."""
        frame = self
        for hop in hops:
            frame = frame._join(hop)
            frame.required = True

    def _join(self, hop: Hop) -> Frame:
        if (known := self._known.get(id(hop))) is None:
            known = self._known[id(hop)] = (hop, self._joined(hop))
        return known[1]

    def _joined(self, hop: Hop) -> Frame:
        # a rule and the caller go the same way under other guards: what one may see is not the other's
        key = (hop.link.field, hop.target, repr(hop.guard), repr(hop.column_guard))
        found = self._hops.get(key)
        if found is None:
            fresh = self.builder.frame(hop.target)
            found = Frame(self.builder, fresh.collection, fresh.source, self.home)
            self._hops[key] = found
            self.home.joined.append((found, self._meets(found, hop)))
        return found

    def _meets(self, other: Frame, hop: Hop) -> ColumnElement[bool]:
        """The condition under which a row of `other` is what the hop leads to."""
        parts = [self._linked(other, hop)]
        if hop.guard is not None:
            parts.append(self.builder.render(other.still(), hop.guard))
        if hop.column_guard is not None:
            parts.append(self.builder.render(self.still(), hop.column_guard))
        return sa.and_(*parts)

    def _linked(self, other: Frame, hop: Hop) -> ColumnElement[bool]:
        link = hop.link
        if link.kind == "m2a":
            dialect = self.builder.dialect
            key = other.collection.fields[other.collection.primary_key[0]]
            text = self.column(link.local[0])
            named = self.column(str(link.collection_field)) == self.builder.constant(hop.target)
            return sa.and_(named, other.column(key.name) == dialect.key_from_text(text, key))
        return pairwise(link, self, other)

    def still(self) -> Frame:
        """The same rows, where no join may be added."""
        return Frame(self.builder, self.collection, self.source, self.home, joins=False)

    def sources(self) -> list[FromClause]:
        return [self.source.clause, *[frame.source.clause for frame, _ in self.joined]]

    def rows(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        """SELECT without columns from this frame and everything joined to it so far; correlates with what is
        around.
        """
        origin: FromClause = self.source.clause
        for frame, condition in self.joined:
            origin = origin.join(frame.source.clause, condition, isouter=not frame.required)
        return sa.select().select_from(origin).where(*conditions).correlate_except(*self.sources())


class Beyond(Frame):
    """A frame as a part of an item sees it whose operands begin `steps` hops before it."""

    def __init__(self, frame: Frame, steps: int) -> None:
        super().__init__(frame.builder, frame.collection, frame.source, frame.home)
        self._frame = frame
        self._steps = steps

    def over(self, hops: tuple[Hop, ...], make: Callable[[Frame], ColumnElement[Any]]) -> ColumnElement[Any]:
        return self._frame.over(hops[self._steps :], make)

    def behind(self, hops: tuple[Hop, ...]) -> Frame:
        return self._frame.behind(hops[self._steps :])


def pairwise(link: Link, near: Frame, far: Frame) -> ColumnElement[bool]:
    return sa.and_(
        *[near.column(here) == far.column(there) for here, there in zip(link.local, link.remote, strict=True)]
    )
