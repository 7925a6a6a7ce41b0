"""Where settings come from: the process environment, then a file, then the defaults.

    {"PORT": "8060"} + .env  ->  Settings(port=8060, ...)

Nothing is written to the environment. The file is `.env`, or what CONFIG_PATH names, in
`.env` syntax, JSON or YAML.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import yaml
from dotenv import dotenv_values

from gateway.config import Setting, Settings
from gateway.config_values import uncast
from schema_gen.errors import ConfigurationError

#: variables that are settings by themselves
_SINGLE: Final = frozenset(
    item.name.upper() for item in fields(Settings) if item.metadata["setting"].members is None
)


def load_settings(environment: Mapping[str, str], directory: Path) -> Settings:
    """Settings from `environment` and the file that CONFIG_PATH names (`.env` in `directory` unless set).

    What the environment says wins over the file. `X_FILE` reads the value of X from a file.
    Raises ConfigurationError.
    """
    file = _read_file(environment.get("CONFIG_PATH"), directory)
    overridden = {name.removesuffix("_FILE") for name in environment} | set(environment)
    kept = {name: value for name, value in file.items() if name.removesuffix("_FILE") not in overridden}
    return settings_from({**kept, **environment}, directory)


def settings_from(values: Mapping[str, str], directory: Path) -> Settings:
    """Like `load_settings`, of values that are already together."""
    known = {}
    for item in fields(Settings):
        row: Setting = item.metadata["setting"]
        variable = item.name.upper()
        text = (
            _text(variable, values, directory)
            if row.members is None
            else _members(f"{variable}{row.members}", values, directory)
        )
        if text is not None:
            known[item.name] = _parse(variable, text, row)
    settings = Settings(**known)
    settings.check()
    return settings


def _text(variable: str, values: Mapping[str, str], directory: Path) -> str | None:
    file_variable = f"{variable}_FILE"
    path = values.get(file_variable)
    if not path:
        return values.get(variable)
    if variable in values:
        raise ConfigurationError(f"{variable} and {file_variable} are both set; keep one of them")
    try:
        return (directory / path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file_variable}={path!r} cannot be read: {_why(error)}") from error


def _members(prefix: str, values: Mapping[str, str], directory: Path) -> str | None:
    """All variables below this one that are no settings of their own, by the ends of their names, as JSON."""
    below = {name.removesuffix("_FILE") for name in values if name.startswith(prefix)}
    texts = {name: _text(name, values, directory) for name in sorted(below - _SINGLE)}
    given = {name.removeprefix(prefix): text for name, text in texts.items() if text is not None}
    return json.dumps(given) if given else None


def _parse(variable: str, text: str, row: Setting) -> Any:
    # empty means absent: compose files pass `SECRET=${SECRET}` when there is none
    try:
        return row.kind.parse(uncast(text) if text.strip() else row.default)
    except (ValueError, TypeError) as error:
        shown = variable if row.secret else f"{variable}={text!r}"
        raise ConfigurationError(f"{shown} is not accepted: expected {row.kind.accepts}") from error


def _read_file(config_path: str | None, directory: Path) -> Mapping[str, str]:
    path = directory / (config_path or ".env")
    if not path.is_file():
        if config_path:
            raise ConfigurationError(f"CONFIG_PATH={config_path!r} is not a file")
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            return _flat(json.loads(text), path)
        if path.suffix in (".yaml", ".yml"):
            return _flat(yaml.safe_load(text) or {}, path)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigurationError(f"CONFIG_PATH={str(path)!r} cannot be read: {_why(error)}") from error
    return {
        name: value for name, value in dotenv_values(path, interpolate=False).items() if value is not None
    }


def _flat(document: object, path: Path) -> Mapping[str, str]:
    """A JSON or YAML document as environment variables: lists become CSV, other values their JSON text."""
    if not isinstance(document, dict):
        raise ConfigurationError(f"CONFIG_PATH={str(path)!r} has to hold one object")
    flat = {}
    for name, value in document.items():
        if isinstance(value, list):
            flat[str(name)] = ",".join(str(item) for item in value)
        else:
            flat[str(name)] = value if isinstance(value, str) else json.dumps(value)
    return flat


def _why(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
