"""SELECT -> statement: the text the driver prepares once, and how each request binds its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from resolvers.context import RequestContext
from resolvers.operation import Wire
from resolvers.plan import Aggregate, Read, Root
from resolvers.sql.conditions import builder_for
from resolvers.sql.dialects.base import SqlDialect
from resolvers.sql.frames import Builder
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
    keys = tuple(root.key for root in reading)
    return finished(select_roots(builder, reading, wire), builder, keys)


def finished(made: ClauseElement, builder: Builder, keys: tuple[str, ...] = ()) -> Statement:
    """What was made with `builder`, as text. Parameters without a value are variables, taken as they are."""
    dialect = builder.dialect
    compiled = cast(SQLCompiler, made.compile(dialect=dialect.compiler))
    encoders: list[Encoder] = []
    for name in compiled.positiontup or ():
        if name in builder.slots:
            encoders.append(encoder(builder.slots[name], dialect.adapt))
        elif compiled.binds[name].required:
            encoders.append(_variable(name))
        else:
            encoders.append(_constant(compiled.params[name]))
    return Statement(text=str(compiled), encoders=tuple(encoders), keys=keys)


def _variable(name: str) -> Encoder:
    return lambda variables, _context: variables[name]


def _constant(value: Any) -> Encoder:
    return lambda _variables, _context: value
