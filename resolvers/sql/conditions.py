"""Conditions and operands (`resolvers.conditions`) -> SQL expressions on a frame (`resolvers.sql.frames`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from resolvers.conditions import (
    ActorField,
    And,
    Call,
    ColumnRef,
    Compare,
    Condition,
    Constant,
    CountOf,
    Current,
    Extreme,
    Hop,
    JsonPath,
    Literal_,
    Operand,
    Or,
    Related,
    Slot,
)
from resolvers.sql import postgis
from resolvers.sql.depth import GUARD, HOP, LOGIC, RELATED, Apart
from resolvers.sql.dialects.base import SqlDialect, raw
from resolvers.sql.frames import Builder, Frame, pairwise
from schema_gen.model import Column, FieldType, SchemaSnapshot

_HOMES: Final = {"user": "directus_users", "role": "directus_roles", "roles": "directus_roles"}


def builder_for(dialect: SqlDialect, snapshot: SchemaSnapshot) -> Builder:
    return Builder(dialect, snapshot, render)


def render(frame: Frame, condition: Condition) -> ColumnElement[bool]:
    if isinstance(condition, (And, Or)):
        with frame.builder.depth.inside(LOGIC):
            parts = [render(frame, item) for item in condition.items]
        return sa.and_(*parts) if isinstance(condition, And) else sa.or_(*parts)
    if isinstance(condition, Constant):
        return raw("(1=1)" if condition.value else "(1=0)")
    if isinstance(condition, Related):
        return frame.over(condition.hops, lambda parent: _related(parent, condition))
    return _compare(frame, condition)


#: operators that hold for no null
_STRICT: Final = frozenset(
    {
        "eq", "neq", "ieq", "nieq", "lt", "lte", "gt", "gte", "in", "between", "nbetween", "nnull", "nempty",
        "contains", "ncontains", "icontains", "nicontains", "starts_with", "nstarts_with", "istarts_with",
        "nistarts_with", "ends_with", "nends_with", "iends_with", "niends_with",
    }
)  # fmt: skip


def where(frame: Frame, condition: Condition) -> ColumnElement[bool]:
    """`condition` as the WHERE of a frame: what it cannot do without is joined as such, not left to be null.

    PostgreSQL would find out by itself; SQLite does not, and would look at every row of the near side.
    """
    for part in condition.items if isinstance(condition, And) else (condition,):
        if isinstance(part, And):
            where(frame, part)
        elif isinstance(part, Compare) and part.op in _STRICT:
            operand = part.operand.column if isinstance(part.operand, (Call, JsonPath)) else part.operand
            if isinstance(operand, ColumnRef):
                frame.require(operand.hops)
    return render(frame, condition)


def _related(parent: Frame, condition: Related) -> ColumnElement[bool]:
    builder = parent.builder
    child = builder.frame(condition.link.target)
    apart = not builder.depth.fits(RELATED)
    with builder.depth.apart() if apart else builder.depth.inside(RELATED.opens):
        parts = _theirs(child, condition)
    ours = [render(parent.still(), condition.column_guard)] if condition.column_guard is not None else []
    if apart:
        keys = [child.column(name) for name in condition.link.remote]
        rows = (
            Apart(builder.name(), child.rows(*parts), key=keys)
            .where([parent.column(name) for name in condition.link.local], *ours)
            .add_columns(raw("1"))
        )
    else:
        rows = child.rows(pairwise(condition.link, parent, child), *parts, *ours).add_columns(raw("1"))
    exists = sa.exists(rows)
    return ~exists if condition.quantifier == "none" else exists


def _theirs(child: Frame, condition: Related) -> list[ColumnElement[bool]]:
    """What a related item itself has to meet."""
    parts = [render(child, condition.guard)] if condition.guard is not None else []
    inner = condition.condition
    if not (isinstance(inner, Constant) and inner.value):
        parts.append(where(child, inner))
    return parts


# --- operands -----------------------------------------------------------------------------------------------


def operand_value(frame: Frame, operand: Operand) -> ColumnElement[Any]:
    """The comparable form of an operand: what filters, sorts and groups work on."""
    dialect = frame.builder.dialect
    if isinstance(operand, ColumnRef):
        return frame.over(
            operand.hops, lambda home: dialect.comparable(guarded(home, operand), operand.field)
        )
    if isinstance(operand, Call):
        return frame.over(operand.column.hops, lambda home: _call(home, operand))
    if isinstance(operand, CountOf):
        return frame.over(operand.hops, lambda home: count_of(home, operand))
    if isinstance(operand, Extreme):
        return frame.over(operand.hops, lambda home: _extreme(home, operand))
    return frame.over(operand.column.hops, lambda home: _json_text(home, operand, "string"))


def hops_of(operand: Operand) -> tuple[Hop, ...]:
    return operand.hops if isinstance(operand, (ColumnRef, CountOf, Extreme)) else operand.column.hops


def guarded(home: Frame, column: ColumnRef) -> ColumnElement[Any]:
    """The column of `home`, null where its guard does not hold."""
    value = home.column(column.field.name)
    if column.guard is None:
        return value
    with home.builder.depth.inside(GUARD):
        return sa.case((render(home, column.guard), value))


def _call(home: Frame, call: Call) -> ColumnElement[Any]:
    dialect = home.builder.dialect
    column = guarded(home, call.column)
    if call.name == "count":
        return dialect.json_length(column, call.column.field)
    return dialect.date_part(column, call.column.field, call.name)


def _extreme(home: Frame, operand: Extreme) -> ColumnElement[Any]:
    child = home.builder.frame(operand.link.target)
    parts = _counted(home, child, operand)
    with home.builder.depth.inside(HOP):
        value = operand_value(child, operand.operand)
    function = sa.func.max if operand.largest else sa.func.min
    field = operand.operand.field if isinstance(operand.operand, ColumnRef) else None
    rows = child.rows(*parts).add_columns(function(home.builder.dialect.ordered(value, field)))
    return rows.correlate_except(*child.sources()).scalar_subquery()


def count_of(home: Frame, operand: CountOf) -> ColumnElement[Any]:
    child = home.builder.frame(operand.link.target)
    rows = child.rows(*_counted(home, child, operand)).add_columns(sa.func.count())
    return rows.correlate_except(*child.sources()).scalar_subquery()


def _counted(home: Frame, child: Frame, operand: CountOf | Extreme) -> list[ColumnElement[bool]]:
    """Which items of `child` belong to the one of `home` and may be looked at."""
    parts = [pairwise(operand.link, home, child)]
    with home.builder.depth.inside(HOP):
        if operand.guard is not None:
            parts.append(render(child, operand.guard))
        if operand.column_guard is not None:
            parts.append(render(home.still(), operand.column_guard))
    return parts


def json_steps(builder: Builder, operand: JsonPath) -> ColumnElement[Any]:
    path = builder.dialect.json_path(operand.path)
    shape = "list" if isinstance(path, tuple) else "plain"
    return builder.parameter(
        Slot(source=Literal_(value=path, settled=True), type="string", shape=shape, operator="literal")  # type: ignore[arg-type]
    )


def _json_text(home: Frame, operand: JsonPath, kind: FieldType) -> ColumnElement[Any]:
    column = guarded(home, operand.column)
    return home.builder.dialect.json_at_as(
        column, operand.column.field, json_steps(home.builder, operand), kind
    )


# --- comparisons --------------------------------------------------------------------------------------------

_Test = Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]

_PLAIN: Final[dict[str, _Test]] = {
    "eq": lambda value, given: value == given,
    "neq": lambda value, given: value != given,
    "lt": lambda value, given: value < given,
    "lte": lambda value, given: value <= given,
    "gt": lambda value, given: value > given,
    "gte": lambda value, given: value >= given,
    "ieq": lambda value, given: sa.func.lower(value) == sa.func.lower(given),
    "nieq": lambda value, given: sa.func.lower(value) != sa.func.lower(given),
}


def _compare(frame: Frame, condition: Compare) -> ColumnElement[bool]:
    operand = condition.operand
    hops = hops_of(operand)
    if isinstance(operand, ColumnRef) and condition.slots:
        column = operand.field.column
        if column is not None and column.geometry is not None:
            return frame.over(hops, lambda home: _where(home, operand, condition, column))
    if isinstance(operand, JsonPath) and condition.slots:
        kind = condition.slots[0].type
        return frame.over(hops, lambda home: _test(home, _json_text(home, operand, kind), condition))
    return frame.over(hops, lambda home: _test(home, _local(home, operand), condition))


def _where(home: Frame, operand: ColumnRef, condition: Compare, column: Column) -> ColumnElement[bool]:
    """Where a geometry lies: compared as it stands, not in the form that words and numbers are."""
    given = _given(home.builder, condition.slots[0], operand)
    return postgis.compared(condition.op, guarded(home, operand), given, column)


def _local(home: Frame, operand: Operand) -> ColumnElement[Any]:
    """The operand seen from the frame its hops lead to."""
    dialect = home.builder.dialect
    if isinstance(operand, ColumnRef):
        return dialect.comparable(guarded(home, operand), operand.field)
    if isinstance(operand, Call):
        return _call(home, operand)
    if isinstance(operand, CountOf):
        return count_of(home, operand)
    if isinstance(operand, Extreme):
        return _extreme(home, operand)
    return _json_text(home, operand, "string")


def _test(home: Frame, value: ColumnElement[Any], condition: Compare) -> ColumnElement[bool]:
    op = condition.op
    if op in ("null", "nnull", "empty", "nempty"):
        return _presence(home, value, condition)
    if op in ("in", "nin"):
        found = _member(home, value, condition)
        return sa.not_(found) if op == "nin" else found
    given = [_given(home.builder, slot, condition.operand) for slot in condition.slots]
    if op in ("between", "nbetween"):
        within = value.between(given[0], given[1])
        return sa.not_(within) if op == "nbetween" else within
    if op in _PLAIN:
        return _PLAIN[op](value, given[0])
    slot = condition.slots[0]
    negative = op.startswith("n")
    sensitive = not op.removeprefix("n").startswith("i")
    found = home.builder.dialect.like(value, given[0], slot.shape, sensitive=sensitive)
    return sa.not_(found) if negative else found


def _presence(home: Frame, value: ColumnElement[Any], condition: Compare) -> ColumnElement[bool]:
    op = condition.op
    if op == "null":
        return value.is_(None)
    if op == "nnull":
        return value.is_not(None)
    text = sa.cast(value, sa.Text())
    blank = [raw("''")]
    if isinstance(condition.operand, ColumnRef) and condition.operand.field.type == "json":
        blank += [raw("'[]'"), raw("'{}'"), raw("'\"\"'")]
    empty = sa.or_(value.is_(None), text.in_(blank))
    return sa.not_(empty) if op == "nempty" else empty


def _member(home: Frame, value: ColumnElement[Any], condition: Compare) -> ColumnElement[bool]:
    slot = condition.slots[0]
    if isinstance(slot.source, ActorField):
        return value.in_(_actor_rows(home.builder, slot.source))
    return home.builder.dialect.member(value, home.builder.parameter(slot))


def _given(builder: Builder, slot: Slot, operand: Operand) -> ColumnElement[Any]:
    if isinstance(slot.source, ActorField):
        value = _actor_rows(builder, slot.source).limit(1).scalar_subquery()
        theirs = slot.source.operand
        mine = operand.field.type if isinstance(operand, ColumnRef) else slot.type
        if isinstance(theirs, ColumnRef) and theirs.field.type != mine:
            return sa.cast(value, builder.dialect.parameter_type(Slot(source=slot.source, type=mine)))
        return value
    return builder.parameter(slot)


def _actor_rows(builder: Builder, source: ActorField) -> sa.Select[Any]:
    """The values of a field of the actor's own row (or roles, or policies), read in the same statement."""
    frame = builder.frame(_HOMES.get(source.what, "directus_policies"))
    value = operand_value(frame, source.operand)
    key = frame.collection.fields["id"]
    column = builder.dialect.comparable(frame.column("id"), key)
    listed = source.what in ("roles", "policies")
    slot = Slot(
        source=Current(what=source.what),
        type=key.type,
        shape="list" if listed else "exact",
        operator="literal",
    )
    parameter = builder.parameter(slot)
    mine = builder.dialect.member(column, parameter) if listed else column == parameter
    return frame.rows(mine).add_columns(value).correlate_except(*frame.sources())
