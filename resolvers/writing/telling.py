"""Values as history tells them: as a read would give them, where there is more than one way to write a value.

    teller(<at: timestamp>, "sqlite")("2024-02-03T04:05:06+02:00")  -> "2024-02-03T02:05:06.000Z"
    teller(<tags: csv>, "sqlite")("a,b")                            -> ["a", "b"]
    teller(<views: integer>, "sqlite")                              -> None: told as they are sent

So a revision can be written back on a server in any time zone, and compared with others. Values have been
converted for the database before, so that none is refused here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from resolvers.writing.values import reader
from schema_gen.drivers.base import DialectName
from schema_gen.model import Field, FieldType

Tell = Callable[[Any], Any]


def teller(field: Field, dialect: DialectName) -> Tell | None:
    """None: values of this field are told as they are."""
    form = _FORMS.get(field.type)
    if form is None or field.column is None or field.column.generated:
        return None
    read = reader(field, dialect)

    def tell(value: Any) -> Any:
        return None if value is None else form(read(value))

    return tell


def _timestamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _date_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def _list(text: str) -> list[str]:
    return text.split(",") if text else []


_FORMS: Final[Mapping[FieldType, Tell]] = {
    "boolean": bool,
    "csv": _list,
    "date": date.isoformat,
    "dateTime": _date_time,
    "json": json.loads,
    "timestamp": _timestamp,
}
