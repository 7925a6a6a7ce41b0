"""SECRET where none is set: tokens must survive a restart and hold in every worker, without anyone's doing.

SECRET set                      -> used; a short one gets a warning
SQLite, SECRET not set          -> made once, kept in `<database file>.secret` with mode 0600
PostgreSQL, SECRET not set      -> random; sessions end with the server, and a warning says so
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateway.config import Settings
from schema_gen.errors import ConfigurationError

_LEAST_BYTES: Final = 32


def with_secret(settings: Settings, warn: Callable[[str], None]) -> Settings:
    """The settings with a secret in them. Raises ConfigurationError where the kept one cannot be read."""
    if settings.secret is not None:
        if len(settings.secret.encode()) < _LEAST_BYTES:
            warn(f"warning: SECRET has fewer than {_LEAST_BYTES} bytes; tokens signed with it can be guessed")
        return settings
    if not settings.database_url.startswith("sqlite:"):
        warn("warning: SECRET is not set; a random one is used, and logins end when the server stops")
        return replace(settings, secret=secrets.token_urlsafe(_LEAST_BYTES))
    path = secret_path(settings)
    try:
        return replace(settings, secret=_read(path) or _make(path))
    except OSError as error:
        raise ConfigurationError(
            f"SECRET is not set, and {path} cannot be used to keep one: {error.strerror}"
        ) from error


def secret_path(settings: Settings) -> Path:
    """Where the secret of an embedded database is kept."""
    return Path(f"{settings.database_url.removeprefix('sqlite:///').partition('?')[0]}.secret")


def _read(path: Path) -> str | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    if len(text) < _LEAST_BYTES:
        raise ConfigurationError(f"{path} holds no secret of {_LEAST_BYTES} bytes; remove it, or set SECRET")
    return text


def _make(path: Path) -> str:
    """Written beside and put in place whole, so that of two processes one secret wins and both use it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_urlsafe(_LEAST_BYTES)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        return _read(path) or secret  # another process was quicker
    finally:
        draft.unlink()
    return secret
