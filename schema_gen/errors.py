"""Errors of the whole system: what went wrong, as facts.

Every refusal is one `CausewayError`: a protocol code, an HTTP status and the facts (`collection`, `field`,
`reason`, ...). No stage formats an answer; the REST and GraphQL doors turn facts into envelopes.

Source of codes, statuses and message patterns: the Directus protocol. Unknown exceptions are none of these:
the doors log them with the request id and answer `INTERNAL_SERVER_ERROR` without internals.

    >>> forbidden_field("articles", ("body",)).message
    'You don\\'t have permission to access field "body" in collection "articles" or it does not ...'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil, floor
from typing import Any, Final

#: code -> HTTP status
STATUS: Final[Mapping[str, int]] = {
    "CONTAINS_NULL_VALUES": 400,
    "CONTENT_TOO_LARGE": 413,
    "EMAIL_LIMIT_EXCEEDED": 429,
    "FAILED_VALIDATION": 400,
    "FORBIDDEN": 403,
    "GRAPHQL_EXECUTION": 400,
    "GRAPHQL_VALIDATION": 400,
    "ILLEGAL_ASSET_TRANSFORMATION": 400,
    "INTERNAL_SERVER_ERROR": 500,
    "INVALID_CREDENTIALS": 401,
    "INVALID_FOREIGN_KEY": 400,
    "INVALID_INVITE": 400,
    "INVALID_IP": 401,
    "INVALID_METADATA": 400,
    "INVALID_OTP": 401,
    "INVALID_PATH_PARAMETER": 400,
    "INVALID_PAYLOAD": 400,
    "INVALID_PROVIDER": 403,
    "INVALID_PROVIDER_CONFIG": 503,
    "INVALID_QUERY": 400,
    "INVALID_TOKEN": 403,
    "LIMIT_EXCEEDED": 403,
    "METHOD_NOT_ALLOWED": 405,
    "NOT_NULL_VIOLATION": 400,
    "OUT_OF_DATE": 503,
    "OUT_OF_TIME": 408,
    "PRECONDITION_FAILED": 412,
    "RANGE_NOT_SATISFIABLE": 416,
    "RECORD_NOT_UNIQUE": 400,
    "REQUESTS_EXCEEDED": 429,
    "ROUTE_NOT_FOUND": 404,
    "SERVICE_UNAVAILABLE": 503,
    "TOKEN_EXPIRED": 401,
    "UNEXPECTED_RESPONSE": 503,
    "UNPROCESSABLE_CONTENT": 422,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "USER_SUSPENDED": 401,
    "VALUE_OUT_OF_RANGE": 400,
    "VALUE_TOO_LONG": 400,
    "VERSION_HASH_MISMATCH": 422,
}


class CausewayError(Exception):
    """A refusal the caller may see.

    `code` is a key of `STATUS`; `message` the protocol's sentence; `extensions` the facts clients match on
    (without the code); `headers` what HTTP adds (`Allow`, `Retry-After`).
    """

    def __init__(
        self,
        code: str,
        message: str,
        extensions: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extensions: Mapping[str, Any] = extensions or {}
        self.headers: Mapping[str, str] = headers or {}

    @property
    def status(self) -> int:
        return STATUS[self.code]


class TransientError(CausewayError):
    """Two transactions were in each other's way; the same request may succeed when it is made again."""


class Several(CausewayError):
    """More than one refusal of the same request; looks like the first. The doors tell them all."""

    def __init__(self, errors: Sequence[CausewayError]) -> None:
        first = errors[0]
        super().__init__(first.code, first.message, first.extensions, headers=first.headers)
        self.errors: tuple[CausewayError, ...] = tuple(one for error in errors for one in each(error))


def each(error: CausewayError) -> tuple[CausewayError, ...]:
    """The refusals that an error stands for."""
    return error.errors if isinstance(error, Several) else (error,)


class SchemaMoved(Exception):
    """The database is no longer what a statement was made for: a table or column is gone, renamed or of
    another type. `__cause__` is what the driver said.

    Nothing is refused by it and nothing was written: who asked reads the schema again and plans anew.
    """


class ConfigurationError(Exception):
    """A setting that ends the start; the text names the variable and what it accepts."""


def forbidden(reason: str | None = None) -> CausewayError:
    """The plain refusal; with `reason` that sentence is the message (same text for hidden and missing
    things).
    """
    if reason is None:
        return CausewayError("FORBIDDEN", "You don't have permission to access this.")
    return CausewayError("FORBIDDEN", reason, {"reason": reason})


def _place(path: Sequence[str]) -> str:
    return f'"{".".join(path)}"' if path else "root"


def forbidden_collection(collection: str, path: Sequence[str] = ()) -> CausewayError:
    return forbidden(
        f'You don\'t have permission to access collection "{collection}" or it does not exist. '
        f"Queried in {_place(path)}."
    )


def forbidden_field(collection: str, fields: Sequence[str], path: Sequence[str] = ()) -> CausewayError:
    """`fields`: the names as the caller spelled them; `path`: relation fields that lead to `collection`."""
    names = ", ".join(f'"{name}"' for name in fields)
    if len(fields) == 1:
        return forbidden(
            f'You don\'t have permission to access field {names} in collection "{collection}" '
            f"or it does not exist. Queried in {_place(path)}."
        )
    return forbidden(
        f'You don\'t have permission to access fields {names} in collection "{collection}" '
        f"or they do not exist. Queried in {_place(path)}."
    )


def forbidden_item(action: str, collection: str, fields: Sequence[str] = ()) -> CausewayError:
    """An item that may not be touched, or is not there. `fields`: what an update names."""
    if not fields:
        return forbidden(
            f'You don\'t have permission to perform "{action}" for collection "{collection}" '
            "or it does not exist."
        )
    names = ", ".join(f'"{name}"' for name in fields)
    return forbidden(
        f'You don\'t have permissions to perform "{action}" for the field(s) {names} '
        f'in collection "{collection}" or it does not exist.'
    )


def invalid_query(reason: str) -> CausewayError:
    return CausewayError("INVALID_QUERY", f"Invalid query. {reason}.", {"reason": reason})


def invalid_payload(reason: str) -> CausewayError:
    return CausewayError("INVALID_PAYLOAD", f"Invalid payload. {reason}.", {"reason": reason})


def invalid_metadata() -> CausewayError:
    """Of an upload that can be resumed."""
    return CausewayError(
        "INVALID_METADATA",
        "Upload-Metadata is invalid. It has to consist of pairs of a key and its Base64 encoded value, "
        "separated by commas; every key comes once, filename_download is among them, and none of them is "
        "written by the server.",
    )


def invalid_value(collection: str, field: str, value: Any, expected: str) -> CausewayError:
    """A value that the type of its field cannot hold. `value` None: not for the answer."""
    reason = f'Invalid value for field "{field}" in collection "{collection}", expected {expected}'
    facts = {"reason": reason, "collection": collection, "field": field}
    return CausewayError(
        "INVALID_PAYLOAD",
        f"Invalid payload. {reason}.",
        facts if value is None else {**facts, "value": value},
    )


def invalid_credentials() -> CausewayError:
    return CausewayError("INVALID_CREDENTIALS", "Invalid user credentials.")


def invalid_otp() -> CausewayError:
    return CausewayError("INVALID_OTP", "Invalid user OTP.")


def invalid_token() -> CausewayError:
    return CausewayError("INVALID_TOKEN", "Invalid token.")


def invalid_invite() -> CausewayError:
    return CausewayError("INVALID_INVITE", "This invite is no longer valid.")


def token_expired() -> CausewayError:
    return CausewayError("TOKEN_EXPIRED", "Token expired.")


def invalid_ip() -> CausewayError:
    return CausewayError("INVALID_IP", "Invalid IP address.")


def route_not_found(path: str) -> CausewayError:
    return CausewayError("ROUTE_NOT_FOUND", f"Route {path} doesn't exist.", {"path": path})


def method_not_allowed(current: str, allowed: Sequence[str]) -> CausewayError:
    names = ", ".join(f'"{name}"' for name in allowed)
    return CausewayError(
        "METHOD_NOT_ALLOWED",
        f'Invalid method "{current}" used. Should be one of {names}.',
        {"allowed": list(allowed), "current": current},
        headers={"Allow": ", ".join(allowed)},
    )


def _about(field: str | None, collection: str | None) -> str:
    """` for field "f" in collection "c"`, as far as it is known."""
    return (f' for field "{field}"' if field else "") + (
        f' in collection "{collection}"' if collection else ""
    )


def _quoted(value: Any) -> str:
    return "" if value is None else f' "{value}"'


def record_not_unique(collection: str | None, field: str | None, value: Any = None) -> CausewayError:
    """`field`: names joined by ", " where the constraint spans several columns."""
    return CausewayError(
        "RECORD_NOT_UNIQUE",
        f"Value{_quoted(value)}{_about(field, collection)} has to be unique.",
        {"collection": collection, "field": field, "value": value},
    )


def invalid_foreign_key(
    collection: str | None = None, field: str | None = None, value: Any = None
) -> CausewayError:
    return CausewayError(
        "INVALID_FOREIGN_KEY",
        f"Invalid foreign key{_quoted(value)}{_about(field, collection)}.",
        {"collection": collection, "field": field, "value": value},
    )


def not_null_violation(collection: str | None, field: str | None) -> CausewayError:
    return CausewayError(
        "NOT_NULL_VIOLATION",
        f"Value{_about(field, collection)} can't be null.",
        {"collection": collection, "field": field},
    )


def contains_null_values(collection: str | None, field: str | None) -> CausewayError:
    """A column cannot become NOT NULL, or its table cannot be rebuilt, while rows hold null."""
    return CausewayError(
        "CONTAINS_NULL_VALUES",
        f'Field "{field}" in collection "{collection}" contains null values.',
        {"collection": collection, "field": field},
    )


def failed_validation(
    field: str,
    kind: str,
    path: Sequence[str] = (),
    *,
    valid: Any = None,
    invalid: Any = None,
    substring: str | None = None,
) -> CausewayError:
    """`kind`: the operator that did not hold, without `_`, or "required". `path`: relation fields that lead
    to the item. `valid`, `invalid`, `substring`: what the operator was given; lists for `in` and `nin`.
    """
    place = f' at "{".".join(path)}"' if path else ""
    facts = {"valid": valid, "invalid": invalid, "substring": substring}
    told = {name: _wire(value) for name, value in facts.items() if value is not None}
    tail = _TAILS.get(kind, "")
    if "{}" in tail:
        given = next((value for value in (valid, invalid, substring) if value is not None), None)
        tail = "" if given is None else tail.replace("{}", _spelled(given))
    message = f'Validation failed for field "{field}"{place}.{tail}'
    return CausewayError(
        "FAILED_VALIDATION", message, {"field": field, "path": list(path), "type": kind, **told}
    )


_TAILS: Final[Mapping[str, str]] = {
    "contains": " Value has to contain {}.",
    "email": " Value has to be a valid email address.",
    "empty": " Value has to be empty.",
    "eq": " Value has to be {}.",
    "gt": " Value has to be greater than {}.",
    "gte": " Value has to be greater than or equal to {}.",
    "ieq": " Value has to be {}.",
    "in": " Value has to be one of {}.",
    "lt": " Value has to be less than {}.",
    "lte": " Value has to be less than or equal to {}.",
    "ncontains": " Value can't contain {}.",
    "nempty": " Value can't be empty.",
    "neq": " Value can't be {}.",
    "nieq": " Value can't be {}.",
    "nin": " Value can't be one of {}.",
    "nnull": " Value can't be null.",
    "null": " Value has to be null.",
    "regex": " Value doesn't have the correct format.",
    "required": " Value is required.",
}


def _spelled(value: Any) -> str:
    """Values in the protocol's sentences, which have moments in the spelling of JavaScript."""
    if isinstance(value, (list, tuple)):
        return ", ".join(_spelled(item) for item in value)
    if isinstance(value, datetime):
        return f'"{value:%a %b %d %Y %H:%M:%S} GMT+0000 (Coordinated Universal Time)"'
    if isinstance(value, bool):
        return f'"{str(value).lower()}"'
    if isinstance(value, float) and value.is_integer():
        return f'"{value:.0f}"'
    return f'"{value}"'


def _wire(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    return [_wire(item) for item in value] if isinstance(value, (list, tuple)) else value


def value_too_long(
    collection: str | None = None, field: str | None = None, value: Any = None
) -> CausewayError:
    return CausewayError(
        "VALUE_TOO_LONG",
        f"Value{_quoted(value)}{_about(field, collection)} is too long.",
        {"collection": collection, "field": field, "value": value},
    )


def value_out_of_range(
    collection: str | None = None, field: str | None = None, value: Any = None
) -> CausewayError:
    return CausewayError(
        "VALUE_OUT_OF_RANGE",
        f"Numeric value{_quoted(value)}{_about(field, collection)} is out of range.",
        {"collection": collection, "field": field, "value": value},
    )


def illegal_asset_transformation(names: Sequence[str]) -> CausewayError:
    """`names`: what cannot be done, parameters or operations."""
    return CausewayError(
        "ILLEGAL_ASSET_TRANSFORMATION",
        "Illegal asset transformation.",
        {"invalidTransformations": list(names)},
    )


def service_unavailable(service: str, reason: str, *, retry_after: int | None = None) -> CausewayError:
    """`retry_after` in seconds."""
    return CausewayError(
        "SERVICE_UNAVAILABLE",
        f'Service "{service}" is unavailable. {reason}.',
        {"service": service, "reason": reason},
        headers={} if retry_after is None else {"Retry-After": str(retry_after)},
    )


def requests_exceeded(limit: int, reset: datetime, now: datetime) -> CausewayError:
    """`limit`: how many there may be; `reset`: from when on there may be more, at least a second away for
    who counts in whole ones.
    """
    left = max((reset - now).total_seconds(), 0)
    return CausewayError(
        "REQUESTS_EXCEEDED",
        f"Too many requests, retry after {_about_time(left)}.",
        {"limit": limit, "reset": _wire(reset)},
        headers={"Retry-After": str(max(ceil(left), 1))},
    )


def _about_time(seconds: float) -> str:
    """In one unit, as people say it.

    >>> _about_time(0.25), _about_time(59.6), _about_time(900)
    ('250ms', '60s', '15m')
    """
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        if seconds >= size:
            return f"{floor(seconds / size + 0.5)}{unit}"
    return f"{floor(seconds * 1000)}ms"


def conflict() -> CausewayError:
    """Another transaction was in the way (a deadlock, a serialization failure, a lock that did not come
    free).
    """
    told = service_unavailable("database", "Under pressure", retry_after=1)
    return TransientError(told.code, told.message, told.extensions, headers=told.headers)


def content_too_large() -> CausewayError:
    """The rest of the body is not read, so the connection cannot be used again."""
    return CausewayError(
        "CONTENT_TOO_LARGE", "Uploaded content is too large.", headers={"Connection": "close"}
    )


def out_of_time(category: str, duration: str) -> CausewayError:
    """`duration` as people write it: "10s". Like above, the connection ends."""
    return CausewayError(
        "OUT_OF_TIME",
        f"{category} timed out after {duration}.",
        {"category": category, "duration": duration},
        headers={"Connection": "close"},
    )


def precondition_failed() -> CausewayError:
    """The item is not, or is no longer, what `If-Match` says. A code of ours: the protocol has none."""
    return CausewayError("PRECONDITION_FAILED", "The item has changed, or is not there.")


def range_not_satisfiable(asked: str, size: int) -> CausewayError:
    """`asked`: the part as the request names it; `size`: of the whole, in bytes."""
    return CausewayError(
        "RANGE_NOT_SATISFIABLE",
        f"Range \"{asked}\" is invalid or the file's size doesn't match the requested range.",
        {"range": asked},
        headers={"Content-Range": f"bytes */{size}"},
    )


def unprocessable_content(reason: str) -> CausewayError:
    return CausewayError("UNPROCESSABLE_CONTENT", f"Can't process content. {reason}.", {"reason": reason})


def internal_error() -> CausewayError:
    """What the caller hears of an exception that is none of these; the log knows the rest."""
    return CausewayError("INTERNAL_SERVER_ERROR", "An unexpected error occurred.")


def unsupported_media_type(media_type: str, where: str) -> CausewayError:
    return CausewayError(
        "UNSUPPORTED_MEDIA_TYPE",
        f'Unsupported media type "{media_type}" in {where}.',
        {"mediaType": media_type, "where": where},
    )


def graphql_validation(errors: Sequence[Mapping[str, Any]]) -> CausewayError:
    """`errors`: the GraphQL errors as mappings with `message` and `locations`."""
    return CausewayError("GRAPHQL_VALIDATION", "GraphQL validation error.", {"errors": list(errors)})


def graphql_execution(errors: Sequence[str]) -> CausewayError:
    """What keeps a request from being run at all, in sentences."""
    return CausewayError("GRAPHQL_EXECUTION", "GraphQL execution error.", {"errors": list(errors)})
