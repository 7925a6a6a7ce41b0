"""What is seen of the server: one line per request, and the log. Nothing secret leaves through here.

    Observation(method="GET", path="/items/articles", query=b"limit=1&access_token=abc", status=200, ...)
      -> 12:00:00.125 GET /items/articles?limit=1&access_token=--redacted-- 200 3.1ms 512B 127.0.0.1 a1b2-7

Every finished request is one `Observation`; the access log is one reader of it, metrics are another. Lines
are put together in batches off the request's path: `record` appends, `flush` formats and writes.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple, TextIO
from urllib.parse import unquote_plus

LOGGER: Final = "causeway"
REDACTED: Final = "--redacted--"

_LEVELS: Final = {
    "fatal": logging.CRITICAL,
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": 5,
    "silent": logging.CRITICAL + 1,
}
_SECRET_WORD: Final = re.compile(
    r"token|password|passwd|secret|otp|cookie|authorization|api_?key", re.IGNORECASE
)
#: what gives a secret away in free text (messages of drivers, tracebacks). Linear: nothing before a word is
#: looked at again from within it, and what stands between the word and its value is short
_SECRET_TEXT: Final = re.compile(
    r"(?P<head>\b(?:Bearer|Basic)\s{1,8}|(?:token|password|secret|otp)[\w-]{0,40}[\"')]{0,3}\s{0,8}[=:]\s{0,8}\(?|"
    r"://[^\s:/@]{0,200}:(?!\d{1,5}(?:[/?#\s]|$)))"
    r"(?P<value>\"[^\"]*\"?|'[^']*'?|[^\s\"'&;,@})]+)",
    re.IGNORECASE,
)
#: a signed token, wherever it stands as a word of its own, if only behind a percent sign and two digits
_SIGNED: Final = re.compile(
    r"(?:(?<![\w-])|(?<=%[0-9A-F]{2}))eyJ[\w-]++(?:\.|%2E)[\w-]++(?:\.|%2E)[\w-]*+", re.IGNORECASE
)
_BATCH: Final = 500


class Observation(NamedTuple):
    """One finished request. `at`: seconds since the epoch at its start. `size`: bytes of the reply's body."""

    at: float
    id: str
    method: str
    path: str
    query: bytes
    status: int
    seconds: float
    size: int
    ip: str | None


class AccessLog:
    """Writes observations as lines. `ignore`: paths that are not logged."""

    def __init__(self, stream: TextIO, *, style: str, ignore: Iterable[str] = ()) -> None:
        self._stream = stream
        self._format = _raw_line if style == "raw" else _pretty_line
        self._ignore = frozenset(ignore)
        self._waiting: list[Observation] = []

    def record(self, observation: Observation) -> None:
        self._waiting.append(observation)
        if len(self._waiting) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        lines = [self._format(seen) for seen in waiting if seen.path not in self._ignore]
        if lines:
            self._stream.write("".join(lines))
            self._stream.flush()


def redacted_query(query: bytes) -> str:
    """The query string with the values of secret parameters replaced, in any spelling.

    >>> redacted_query(b"limit=1&access_token=abc&filter%5Btoken%5D%5B_eq%5D=x")
    'limit=1&access_token=--redacted--&filter%5Btoken%5D%5B_eq%5D=--redacted--'
    """
    text = query.decode("latin-1")
    if not _SECRET_WORD.search(text) and "%" not in text:
        return _printable(_unsigned(text))
    return _printable(_unsigned("&".join(_redacted_parameter(part) for part in text.split("&"))))


def redacted_text(text: str) -> str:
    """Free text with what looks like a secret replaced.

    >>> redacted_text("Key (token)=(abc) exists: {'password': 'two words', 'n': 1}")
    "Key (token)=(--redacted--) exists: {'password': --redacted--, 'n': 1}"
    """
    return _unsigned(_SECRET_TEXT.sub(lambda match: match["head"] + REDACTED, text))


def _unsigned(text: str) -> str:
    """Without signed tokens, whatever they are called."""
    return _SIGNED.sub(REDACTED, text) if "eyj" in text.lower() else text


def configure_logging(stream: TextIO, *, level: str, style: str) -> logging.Logger:
    """Send the log to `stream`: Causeway's from `level` on, the HTTP server's from warnings on."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_RawFormatter() if style == "raw" else _PrettyFormatter())
    number = _LEVELS[level]
    for name, least in ((LOGGER, number), ("uvicorn", max(number, logging.WARNING))):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(least)
        logger.propagate = False
    return logging.getLogger(LOGGER)


class _PrettyFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{_clock(record.created)} {record.levelname} {redacted_text(super().format(record))}"


class _RawFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"level": record.levelname.lower(), "time": _iso(record.created), "msg": record.getMessage()}
        if record.exc_info:
            line["err"] = self.formatException(record.exc_info)
        return json.dumps({key: redacted_text(value) for key, value in line.items()})


def _redacted_parameter(part: str) -> str:
    name, equals, value = part.partition("=")
    # decoded twice: what is still encoded after one pass must not hide a name
    if _SECRET_WORD.search(unquote_plus(unquote_plus(part))):
        return f"{name if equals else ''}{equals}{REDACTED}" if value or not equals else part
    return part


def _printable(text: str) -> str:
    """No control characters: a request must not write lines of its own."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"%{ord(c):02X}" for c in text)


def _target(seen: Observation) -> str:
    path = _printable(_unsigned(seen.path))
    return f"{path}?{redacted_query(seen.query)}" if seen.query else path


def _pretty_line(seen: Observation) -> str:
    return (
        f"{_clock(seen.at)} {seen.method} {_target(seen)} {seen.status} {seen.seconds * 1000:.1f}ms "
        f"{seen.size}B {seen.ip or '-'} {seen.id}\n"
    )


def _raw_line(seen: Observation) -> str:
    line = {
        "level": "info",
        "time": _iso(seen.at),
        "req": {"id": seen.id, "method": seen.method, "url": _target(seen), "remoteAddress": seen.ip},
        "res": {"statusCode": seen.status, "size": seen.size},
        "responseTime": round(seen.seconds * 1000, 3),
    }
    return json.dumps(line) + "\n"


def _clock(at: float) -> str:
    whole = int(at)
    return f"{_second(whole)}.{int((at - whole) * 1000):03d}"


@lru_cache(maxsize=8)
def _second(whole: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(whole))


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
