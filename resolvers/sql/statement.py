"""SELECT -> statement: the text the driver prepares once, and how each request binds its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resolvers.context import RequestContext
from resolvers.operation import Wire
from resolvers.plan import Aggregate, Plan, Read, Root
from resolvers.sql.conditions import builder_for
from resolvers.sql.dialects.base import SqlDialect
from resolvers.sql.select import select_roots
from resolvers.sql.values import Encoder, encoder
from schema_gen.model import SchemaSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`text` with positional parameters, one encoder each; `keys` of the roots it reads, in the order of its
    columns.
    """

    text: str
    encoders: tuple[Encoder, ...]
    keys: tuple[str, ...]

    def bind(self, variables: Mapping[str, Any], context: RequestContext) -> Sequence[Any]:
        """The parameters of one request. Raises INVALID_QUERY for values their column cannot hold."""
        return [encode(variables, context) for encode in self.encoders]


def compile_roots(
    roots: tuple[Root, ...], snapshot: SchemaSnapshot, dialect: SqlDialect, wire: Wire
) -> Statement | None:
    """The one statement that reads `roots`; None where none of them reads."""
    reading = tuple(root for root in roots if isinstance(root.node, (Read, Aggregate)))
    if not reading:
        return None
    builder = builder_for(dialect, snapshot)
    compiled = select_roots(builder, reading, wire).compile(dialect=dialect.compiler)
    order = compiled.positiontup or []
    constants = compiled.params
    encoders = tuple(
        encoder(builder.slots[name], dialect.adapt) if name in builder.slots else _constant(constants[name])
        for name in order
    )
    return Statement(text=str(compiled), encoders=encoders, keys=tuple(root.key for root in reading))


def compile_plan(plan: Plan, snapshot: SchemaSnapshot, dialect: SqlDialect, wire: Wire) -> Statement | None:
    return compile_roots(plan.roots, snapshot, dialect, wire)


def _constant(value: Any) -> Encoder:
    return lambda _variables, _context: value
