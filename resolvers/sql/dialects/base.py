"""What the SQL stage asks of a database: every difference between databases, as functions on SQLAlchemy
expressions.

Two forms of a value are told apart. The *comparable* form is what filters, sorts and groups work on; the
*JSON* form is what may stand inside a JSON object of the reply. One module per database implements both for
every field type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import ColumnClause, ColumnElement, Dialect, Select
from sqlalchemy.types import TypeEngine

from resolvers.conditions import FunctionName, Shape, Slot
from resolvers.operation import Wire
from schema_gen.model import Field, FieldType

Pairs = Sequence[tuple[str, ColumnElement[Any]]]

#: what hidden values look like (protocol)
MASK = "**********"


def raw(text: str) -> ColumnElement[Any]:
    """SQL text of ours; never anything that came from outside."""
    return sa.literal_column(text)


def plain(value: ColumnElement[Any]) -> str | None:
    """The SQL of a value that is text already: a column, or what was made of it by `raw`.

    A wildcard over three relations has hundreds of values, most of them plain; writing those as text halves
    the time that the statement takes to make.
    """
    return value.name if isinstance(value, ColumnClause) and value.is_literal else None


def side_by_side(
    pairs: Pairs,
    written: Callable[[str, str], str | None],
    made: Callable[[str, ColumnElement[Any]], Sequence[ColumnElement[Any]]],
) -> list[ColumnElement[Any]]:
    """Pairs as the arguments of a call or the columns of a row: each as `made(key, value)`, but plain values
    that stand side by side as one text of `written(key, SQL)`; its None says that the key cannot be text.
    """
    listed: list[ColumnElement[Any]] = []
    texts: list[str] = []
    for key, value in pairs:
        name = plain(value)
        text = None if name is None else written(key, name)
        if text is not None:
            texts.append(text)
            continue
        if texts:
            listed.append(raw(", ".join(texts)))
            texts = []
        listed += made(key, value)
    return [*listed, raw(", ".join(texts))] if texts else listed


class SqlDialect(Protocol):
    name: str
    #: entries that a parser of bounded depth has for what is open at a time
    parser_stack: int | None

    @property
    def compiler(self) -> Dialect: ...

    def parameter_type(self, slot: Slot) -> TypeEngine[Any]:
        """The SQL type of the parameter, by which the driver encodes it."""
        ...

    def adapt(self, value: Any, kind: FieldType, shape: Shape, operator: str) -> Any:
        """A value in its Python form as the driver wants it."""
        ...

    # values
    def comparable(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]: ...
    def json_value(
        self, column: ColumnElement[Any], field: Field, wire: Wire, *, text: bool = False
    ) -> ColumnElement[Any]: ...
    def json_number(self, value: ColumnElement[Any], kind: FieldType, wire: Wire) -> ColumnElement[Any]: ...
    def date_part(
        self, column: ColumnElement[Any], field: Field, part: FunctionName
    ) -> ColumnElement[Any]: ...
    def json_length(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]: ...
    def json_at(
        self, column: ColumnElement[Any], field: Field, path: ColumnElement[Any]
    ) -> ColumnElement[Any]: ...
    def json_at_as(
        self, column: ColumnElement[Any], field: Field, path: ColumnElement[Any], kind: FieldType
    ) -> ColumnElement[Any]: ...
    def json_path(self, path: tuple[str | int, ...]) -> Any:
        """The bound value that stands for a path."""
        ...

    def key_from_text(self, text: ColumnElement[Any], key: Field) -> ColumnElement[Any]:
        """Text of a many-to-any key as the type of the key it points to; null where it cannot be one."""
        ...

    # operators
    def member(self, value: ColumnElement[Any], items: ColumnElement[Any]) -> ColumnElement[bool]: ...
    def like(
        self, value: ColumnElement[Any], pattern: ColumnElement[Any], shape: Shape, *, sensitive: bool
    ) -> ColumnElement[bool]: ...
    def order(self, value: ColumnElement[Any], *, descending: bool, nullable: bool) -> ColumnElement[Any]: ...

    def limited(self, rows: Select[Any], limit: int | None, offset: int) -> Select[Any]:
        """A page of `rows`. Both stand in the text: as parameters they make PostgreSQL plan anew."""
        ...

    # JSON
    def json_object(self, pairs: Pairs) -> ColumnElement[Any]: ...
    def object_of(self, rows: Select[Any], pairs: Pairs) -> Select[Any]:
        """`rows` (FROM and WHERE, no columns yet) -> a JSON object of its first row; no row gives none."""
        ...

    def value_of(self, rows: Select[Any], value: ColumnElement[Any]) -> Select[Any]:
        """As `object_of`, for one JSON value in place of an object."""
        ...

    def list_of(self, rows: Select[Any], pairs: Pairs) -> ColumnElement[Any]:
        """`rows` -> a JSON list of objects, in the order of `rows`."""
        ...

    def list_of_values(self, rows: Select[Any], value: ColumnElement[Any]) -> ColumnElement[Any]: ...
    def json_text(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """One JSON value as the text that `list_of_texts` joins."""
        ...

    def list_of_texts(self, rows: Select[Any], text: ColumnElement[Any]) -> ColumnElement[Any]:
        """As `list_of_values`, of texts that are JSON already."""
        ...

    def embedded(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """JSON made by a subquery, to stand inside an object (where its being JSON may have been lost)."""
        ...

    def bare(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """A scalar as JSON, where a branch beside it is an object."""
        ...

    # aggregates
    def groupable(self, value: ColumnElement[Any], field: Field | None) -> ColumnElement[Any]:
        """What GROUP BY and DISTINCT can compare."""
        ...

    def ordered(self, value: ColumnElement[Any], field: Field | None) -> ColumnElement[Any]:
        """What min and max can compare."""
        ...

    def sortable(self, value: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        """What ORDER BY can compare; JSON is ordered as the text that it was written in."""
        ...

    def arithmetic(self, name: str, value: ColumnElement[Any], field: Field | None) -> ColumnElement[Any]:
        """`sum` or `avg`, as a JSON number."""
        ...

    def null(self) -> ColumnElement[Any]: ...
    def text(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """JSON as the column of a reply."""
        ...
