"""The options of one location, STORAGE_<LOCATION>_*, read one by one.

    options = Options("cloud", {"CLOUD_BUCKET": "files", "CLOUD_REGION": "eu-central-1"})
    options.required("BUCKET")      "files"
    options.required("DRIVER")      ConfigurationError: STORAGE_CLOUD_DRIVER is not set

What a location does not know is not looked at, as in the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from gateway.config_values import FLAG, uncast
from schema_gen.errors import ConfigurationError


class Options:
    """`values`: all of STORAGE_*, by what follows."""

    def __init__(self, location: str, values: Mapping[str, str]) -> None:
        self._prefix = f"{location.upper()}_"
        self._values = values

    def variable(self, option: str) -> str:
        return f"STORAGE_{self._prefix}{option}"

    def text(self, option: str, default: str = "") -> str:
        """Empty means absent: compose files pass `KEY=${KEY}` when there is none."""
        try:
            given = uncast(self._values.get(f"{self._prefix}{option}", ""))
        except ValueError as error:
            raise self.refused(option, "a text") from error
        return given.strip() or default

    def required(self, option: str) -> str:
        text = self.text(option)
        if not text:
            raise ConfigurationError(f"{self.variable(option)} is not set")
        return text

    def flag(self, option: str, *, default: bool) -> bool:
        try:
            return FLAG.parse(self.text(option, str(default).lower()))
        except ValueError as error:
            raise self.refused(option, FLAG.accepts) from error

    def milliseconds(self, option: str, default: int) -> timedelta:
        text = self.text(option, str(default))
        if not (text.isascii() and text.isdecimal() and int(text) > 0):
            raise self.refused(option, "a number of milliseconds")
        return timedelta(milliseconds=int(text))

    def refused(self, option: str, accepts: str) -> ConfigurationError:
        """The value is not told: it may be a secret in the wrong place."""
        return ConfigurationError(f"{self.variable(option)} is not accepted: expected {accepts}")
