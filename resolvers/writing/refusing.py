"""Refusals of one field's values: the facts are known when the converter is made, the value when it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from schema_gen.errors import CausewayError, invalid_value, value_out_of_range, value_too_long
from schema_gen.model import Field

#: characters of a refused value that the answer repeats; a longer value is left out
_SHOWN: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusing:
    """Makes the errors of one field; `conceal`: the value is not for answers."""

    collection: str
    field: str
    conceal: bool

    @classmethod
    def of(cls, field: Field) -> Refusing:
        return cls(collection=field.collection, field=field.name, conceal=field.concealed)

    def invalid(self, value: Any, expected: str) -> CausewayError:
        """`expected`: what would have been taken, "an integer"."""
        return invalid_value(self.collection, self.field, self._shown(value), expected)

    def too_long(self, value: str) -> CausewayError:
        return value_too_long(self.collection, self.field, self._shown(value))

    def out_of_range(self, value: Any) -> CausewayError:
        return value_out_of_range(self.collection, self.field, self._shown(value))

    def _shown(self, value: Any) -> Any:
        if self.conceal:
            return None
        if isinstance(value, str):
            return value if len(value) <= _SHOWN and _printable(value) else None
        if isinstance(value, float) and value - value != 0:
            return None  # no JSON
        return value if isinstance(value, (bool, float)) or _small(value) else None


def _printable(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


def _small(value: Any) -> bool:
    return isinstance(value, int) and value.bit_length() < _SHOWN
