"""JSON -> numbers of columns: int, Decimal, float; with the width that the column's type declares.

    integer("smallint", ...)("40000")     -> VALUE_OUT_OF_RANGE
    decimal(precision 6, scale 2)(1.005)  -> Decimal("1.01"), rounded as PostgreSQL rounds it

Texts that spell a number are numbers; truth values are none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from math import isfinite
from typing import Any, Final

from resolvers.writing.refusing import Refusing
from schema_gen.drivers.base import DialectName
from schema_gen.model import Column

#: bits of a column type; what is not named here has 32
_BITS: Final[Mapping[str, int]] = {
    "bigint": 64,
    "int2": 16,
    "int8": 64,
    "mediumint": 24,
    "smallint": 16,
    "unsigned big int": 64,
}
#: what a column of four bytes rounds to infinity
_SINGLE: Final = 3.4028235677973366e38
#: column types of four bytes, by database
_SINGLES: Final[Mapping[str, frozenset[str]]] = {
    "postgresql": frozenset({"real"}),
    "sqlite": frozenset({"float"}),
}
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?", re.ASCII)
#: digits before the point that are looked at; more are out of every range
_WIDEST: Final = 1000
#: digits before the point, as far as SQLite reaches, and after it, of numbers without declared precision
_REACH: Final = 308
_FINEST: Final = 16383
_LONGEST: Final = 20_000


def is_wide(column: Column, dialect: DialectName) -> bool:
    """Whether it holds 64 bits whatever it is declared: a key that SQLite numbers, and what points to one."""
    return dialect == "sqlite" and (column.auto_increment or column.foreign_table is not None)


def integer_reader(column: Column, refusing: Refusing, *, wide: bool) -> Callable[[Any], int]:
    """`wide`: a column that is declared narrower holds 64 bits all the same."""
    bits = 64 if wide else _BITS.get(column.data_type, 32)
    if column.data_type == "tinyint":
        low, high = -128, 255
    else:
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def read(value: Any) -> int:
        if type(value) is not int:
            value = _whole(value, refusing)
        if low <= value <= high:
            return int(value)
        raise refusing.out_of_range(value)

    return read


def _whole(value: Any, refusing: Refusing) -> int:
    number = _exact(value, refusing, "an integer")
    if number.adjusted() > _WIDEST:
        raise refusing.out_of_range(value)
    if number != number.to_integral_value():
        raise refusing.invalid(value, "an integer")
    return int(number)


def decimal_reader(column: Column, refusing: Refusing) -> Callable[[Any], Decimal]:
    """Exact; rounded half away from zero to the declared scale."""
    precision, scale = column.numeric_precision, column.numeric_scale or 0
    if precision is None:
        return lambda value: _free(value, refusing)
    scale = scale - 2048 if scale > _WIDEST else scale
    unit = Decimal(1).scaleb(-scale)
    limit = Decimal(1).scaleb(precision - scale)
    context = Context(prec=2 * _WIDEST + 10, rounding=ROUND_HALF_UP)

    def read(value: Any) -> Decimal:
        number = _exact(value, refusing, "a number")
        if number.adjusted() > _WIDEST:
            raise refusing.out_of_range(value)
        if number.adjusted() < -_WIDEST:
            return Decimal(0)
        rounded = number.quantize(unit, context=context)
        if abs(rounded) >= limit:
            raise refusing.out_of_range(value)
        return rounded

    return read


def _free(value: Any, refusing: Refusing) -> Decimal:
    number = _exact(value, refusing, "a number")
    exponent = number.as_tuple().exponent
    if number.adjusted() >= _REACH or not isinstance(exponent, int) or exponent < -_FINEST:
        raise refusing.out_of_range(value)
    return number


def float_reader(column: Column, refusing: Refusing, *, dialect: str) -> Callable[[Any], float]:
    limit = _SINGLE if column.data_type in _SINGLES.get(dialect, ()) else None

    def read(value: Any) -> float:
        if type(value) is float:
            number = value
        elif type(value) is int and -(2**53) <= value <= 2**53:
            number = float(value)
        else:
            number = float(_exact(value, refusing, "a number"))
        if not isfinite(number) or (limit is not None and abs(number) >= limit):
            raise refusing.out_of_range(value)
        return number

    return read


def _exact(value: Any, refusing: Refusing, expected: str) -> Decimal:
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, float):
        if not isfinite(value):
            raise refusing.out_of_range(value)
        return Decimal(repr(value))
    if isinstance(value, str) and len(value) <= _LONGEST:
        text = value.strip()
        if _NUMBER.fullmatch(text):
            return Decimal(text)
    raise refusing.invalid(value, expected)
