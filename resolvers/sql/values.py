"""Slots -> bound values: the last moment, and the only place where a value meets its type.

`encoder(slot, adapt)` is made once per plan; called once per request it takes the value from where the slot
says (variables, actor, clock), reads it as the slot's type and hands it over as the driver wants it (`adapt`,
by dialect). Raises INVALID_QUERY for values the type cannot hold; rules, whose values were settled by an
admin, match nothing instead.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from resolvers.conditions import Current, Literal_, Now, Shape, Slot, Variable
from resolvers.context import RequestContext
from resolvers.geojson import SHAPES, is_geometry
from resolvers.keys import decode_key
from resolvers.reader import VariableRef
from schema_gen.errors import CausewayError, invalid_query
from schema_gen.model import FieldType

Encoder = Callable[[Mapping[str, Any], RequestContext], Any]
Adapt = Callable[[Any, FieldType, Shape, str], Any]

_INT64: Final = 2**63 - 1
_UNITS: Final[Mapping[str, str]] = {
    unit: name
    for name, units in {
        "milliseconds": ("ms", "msec", "msecs", "millisecond", "milliseconds"),
        "seconds": ("s", "sec", "secs", "second", "seconds"),
        "minutes": ("m", "min", "mins", "minute", "minutes"),
        "hours": ("h", "hr", "hrs", "hour", "hours"),
        "days": ("d", "day", "days", ""),
        "weeks": ("w", "wk", "wks", "week", "weeks"),
        "months": ("mo", "mth", "mths", "month", "months"),
        "years": ("y", "yr", "yrs", "year", "years"),
    }.items()
    for unit in units
}
_ADJUST: Final = re.compile(r"^([+-]?)\s*(\d+(?:\.\d+)?)\s*([a-z]*)$")


def encoder(slot: Slot, adapt: Adapt) -> Encoder:
    source = slot.source
    kind, shape, operator = slot.type, slot.shape, slot.operator
    if isinstance(source, Variable):
        return _variable_encoder(slot, source, adapt)
    if isinstance(source, Literal_):
        return _literal_encoder(slot, source, adapt)
    if isinstance(source, Now):
        adjust = source.adjust

        def now(_: Mapping[str, Any], context: RequestContext) -> Any:
            moment = _moment(adjusted(context.now, adjust), kind)
            return adapt([moment] if shape == "list" else moment, kind, shape, operator)

        return now
    if isinstance(source, Current):
        what = source.what

        def current(_: Mapping[str, Any], context: RequestContext) -> Any:
            actor = context.actor
            value: Any = (
                list(actor.roles)
                if what == "roles"
                else list(actor.policies)
                if what == "policies"
                else (actor.user if what == "user" else actor.role)
            )
            if shape == "list" and not isinstance(value, list):
                value = [] if value is None else [value]
            return _lenient(value, slot, adapt)

        return current
    raise TypeError(f"no value is bound for {source!r}")


def _variable_encoder(slot: Slot, source: Variable, adapt: Adapt) -> Encoder:
    kind, shape, operator, item, part = slot.type, slot.shape, slot.operator, slot.item, slot.part
    head, *rest = source.path
    name = str(head)
    way = tuple(rest)
    # said by no caller: an empty text is a value like any other
    exact = operator == "literal"

    def variable(variables: Mapping[str, Any], _: RequestContext) -> Any:
        value = variables.get(name)
        for step in way:
            value = value[step]  # type: ignore[index]
        if item is not None:
            value = _element(value, item, operator)
        if part is not None:
            value = _key_part(value, part)
        return adapt(read(value, kind, shape, operator, lenient=exact), kind, shape, operator)

    return variable


def _literal_encoder(slot: Slot, source: Literal_, adapt: Adapt) -> Encoder:
    value = source.value
    if isinstance(value, tuple) and any(isinstance(entry, VariableRef) for entry in value):

        def filled(variables: Mapping[str, Any], _: RequestContext) -> Any:
            listed = [variables.get(e.name) if isinstance(e, VariableRef) else e for e in value]
            return adapt(
                read(listed, slot.type, slot.shape, slot.operator), slot.type, slot.shape, slot.operator
            )

        return filled
    if slot.item is not None:
        value = _element(value, slot.item, slot.operator)
    if slot.part is not None:
        value = _key_part(value, slot.part)
    if source.settled:
        bound = _lenient(value, slot, adapt)
        return lambda _variables, _context: bound
    try:
        bound = adapt(read(value, slot.type, slot.shape, slot.operator), slot.type, slot.shape, slot.operator)
    except CausewayError as error:
        return _refusal(error)
    return lambda _variables, _context: bound


def _refusal(error: CausewayError) -> Encoder:
    """A literal that cannot be bound: told at binding, as of a variable, so that other roots answer."""

    def refuse(_: Mapping[str, Any], __: RequestContext) -> Any:
        raise CausewayError(error.code, error.message, error.extensions)

    return refuse


def _lenient(value: Any, slot: Slot, adapt: Adapt) -> Any:
    try:
        return adapt(
            read(value, slot.type, slot.shape, slot.operator, lenient=True),
            slot.type,
            slot.shape,
            slot.operator,
        )
    except CausewayError:
        return adapt([] if slot.shape == "list" else None, slot.type, slot.shape, slot.operator)


def _key_part(value: Any, part: tuple[int, int]) -> str | None:
    """A value of a composite key; a text that is no such key names no item."""
    index, count = part
    try:
        return decode_key(str(value), count)[index]
    except CausewayError:
        return None


def _element(value: Any, index: int, operator: str) -> Any:
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise invalid_query(f'"{operator}" has to be an array of values')
    return value[index]


# --- reading values as types --------------------------------------------------------------------------------


def read(value: Any, kind: FieldType, shape: Shape, operator: str, *, lenient: bool = False) -> Any:
    """The value as the Python form of `kind`: int, Decimal, float, bool, date, datetime, time or str; lists
    for lists.
    """
    if shape == "list":
        return [read(entry, kind, "exact", operator, lenient=lenient) for entry in _listed(value, operator)]
    if shape == "search":
        return _search(value, kind, operator)
    if value is None:
        return None
    if kind.startswith("geometry"):
        return _geometry(value, operator)
    if isinstance(value, (Mapping, list, tuple)):
        raise invalid_query(f'The filter value for "{operator}" has to be a string, number, or boolean')
    if value == "" and not lenient:
        raise invalid_query(
            f'You can\'t filter for an empty string in "{operator}". Use "_empty" or "_nempty" instead'
        )
    reader = _READERS.get(kind)
    return reader(value, shape) if reader is not None else _text(value)


def _listed(value: Any, operator: str) -> list[Any]:
    if isinstance(value, str):
        return value.split(",") if value else []
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, (list, tuple)):
        return list(value)
    if value is None:
        raise invalid_query(f'"{operator}" has to be an array of values')
    return [value]


def _search(value: Any, kind: FieldType, operator: str) -> Any:
    """A key or search term that may not be of the column's type at all; then it matches nothing."""
    try:
        found = read(value, kind, "exact", operator)
    except CausewayError:
        return None
    return found


def _text(value: Any) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    text = str(value)
    if "\x00" in text:
        raise invalid_query("Values can't contain a null character")
    if not text.isascii():
        _refuse_half_characters(text)
    return text


def _geometry(value: Any, operator: str) -> str:
    """GeoJSON as the text that columns hold it as."""
    try:
        given = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        given = None
    if not is_geometry(given, SHAPES):
        raise invalid_query(f'"{operator}" has to be a valid GeoJSON object')
    return json.dumps(given, ensure_ascii=False, separators=(",", ":"))


def _refuse_half_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise invalid_query("Text has to be valid Unicode") from None


def _bool(value: Any, _: Shape) -> bool:
    if value in (True, "true", "1"):
        return True
    if value in (False, "false", "0"):
        return False
    raise invalid_query("Invalid boolean value")


def _number(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise invalid_query("Invalid numeric value")
    try:
        number = Decimal(value.strip() if isinstance(value, str) else str(value))
    except (InvalidOperation, ValueError):
        raise invalid_query("Invalid numeric value") from None
    if not number.is_finite():
        raise invalid_query("Invalid numeric value")
    return number


def _integer(value: Any, shape: Shape) -> int | None:
    """Whole numbers; a fraction is moved to the whole number that asks the same (`x > 1.5` is `x > 1`)."""
    if type(value) is int:
        number = value
    elif type(value) is str and len(value) < 19 and value.isascii() and value.isdigit():
        return int(value)  # a key in a path: a tenth of the cost of what follows
    else:
        exact = _number(value)
        if exact.adjusted() > 40:
            raise invalid_query("Invalid numeric value")
        if exact == exact.to_integral_value():
            number = int(exact)
        elif shape == "floor":
            number = math.floor(exact)
        elif shape == "ceil":
            number = math.ceil(exact)
        else:
            return None
    if -_INT64 - 1 <= number <= _INT64:
        return number
    if shape in ("floor", "ceil"):
        return _INT64 if number > 0 else -_INT64 - 1
    return None


def _float(value: Any, _: Shape) -> float:
    if type(value) is float or type(value) is int:
        return float(value) if abs(value) < 1e308 else math.copysign(1e308, value)
    return float(_number(value))


def _decimal(value: Any, _: Shape) -> Decimal:
    number = _number(value)
    if number.adjusted() > 1000:
        raise invalid_query("Invalid numeric value")
    return number


def _uuid(value: Any, _: Shape) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        raise invalid_query("Invalid UUID value") from None


def _datetime_of(value: Any) -> datetime:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / 1000, UTC)
        except (OverflowError, ValueError, OSError):
            raise invalid_query("Invalid date value") from None
    text = str(value).strip()
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise invalid_query("Invalid date value") from None


def _moment(moment: datetime, kind: FieldType) -> Any:
    if kind == "date":
        return moment.date()
    if kind == "time":
        return moment.time().replace(microsecond=0, tzinfo=None)
    if kind == "timestamp":
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if kind == "dateTime":
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    if kind in ("string", "text", "unknown", "csv"):
        return moment.isoformat()
    return moment.year if kind in ("integer", "bigInteger") else None


def _date(value: Any, _: Shape) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise invalid_query("Invalid date value") from None


def _datetime(value: Any, _: Shape) -> datetime:
    moment = _datetime_of(value)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _timestamp(value: Any, _: Shape) -> datetime:
    moment = _datetime_of(value)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _time(value: Any, _: Shape) -> time:
    try:
        return time.fromisoformat(str(value).strip()).replace(tzinfo=None)
    except ValueError:
        raise invalid_query("Invalid time value") from None


_READERS: Final[Mapping[FieldType, Callable[[Any, Shape], Any]]] = {
    "boolean": _bool,
    "integer": _integer,
    "bigInteger": _integer,
    "float": _float,
    "decimal": _decimal,
    "uuid": _uuid,
    "date": _date,
    "dateTime": _datetime,
    "timestamp": _timestamp,
    "time": _time,
}


# --- the clock ----------------------------------------------------------------------------------------------


def adjusted(now: datetime, adjust: str) -> datetime:
    """`$NOW(-1 day)`: the moment moved; units from ms to years, days by default (protocol)."""
    if not adjust:
        return now
    match = _ADJUST.match(adjust.strip().lower())
    unit = _UNITS.get(match[3]) if match else None
    if match is None or unit is None:
        raise invalid_query(f'Invalid date adjustment "{adjust}"')
    amount = float(match[2]) * (-1 if match[1] == "-" else 1)
    try:
        if unit in ("months", "years"):
            return _months(now, int(amount * (12 if unit == "years" else 1)))
        return now + timedelta(**{unit: amount})
    except (OverflowError, ValueError):
        raise invalid_query(f'Invalid date adjustment "{adjust}"') from None


def _months(moment: datetime, months: int) -> datetime:
    """Calendar months, the day kept or cut to the month's last."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    first = moment.replace(year=year, month=month + 1, day=1)
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return first.replace(day=min(moment.day, (following - timedelta(days=1)).day))
