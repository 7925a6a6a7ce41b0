"""Reference pages made of tables in the code: operators, field types, error codes.

Each function renders one page. What a table cannot say in itself (what an operator means) stands here in
words; a test proves that the words cover the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, get_args

from resolvers.operators import ALL_OPERATORS, FUNCTIONS, OPERATORS
from schema_gen.errors import STATUS
from schema_gen.model import FieldType
from schema_gen.types import COLUMN_TYPES, TYPES

NOTICE: Final = "<!-- Written by `make docs` from {source}; change it there. -->\n"

#: operator -> (what it asks, the value it takes)
OPERATOR_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "eq": ("is equal to", "one value"),
    "neq": ("is not equal to; null is not equal to any value", "one value"),
    "ieq": ("is equal to, whatever the case of letters", "one value"),
    "nieq": ("is not equal to, whatever the case of letters", "one value"),
    "lt": ("is less than, or before", "one value"),
    "lte": ("is at most", "one value"),
    "gt": ("is greater than, or after", "one value"),
    "gte": ("is at least", "one value"),
    "in": ("is one of", "list, not empty"),
    "nin": ("is none of", "list, not empty"),
    "null": ("has no value", "`true`; `false` asks the opposite"),
    "nnull": ("has a value", "`true`; `false` asks the opposite"),
    "empty": ("has no value or an empty one", "`true`; `false` asks the opposite"),
    "nempty": ("has a value that is not empty", "`true`; `false` asks the opposite"),
    "contains": ("contains the text", "text"),
    "ncontains": ("does not contain the text", "text"),
    "icontains": ("contains the text, whatever the case", "text"),
    "nicontains": ("does not contain the text, whatever the case", "text"),
    "starts_with": ("starts with the text", "text"),
    "nstarts_with": ("does not start with the text", "text"),
    "istarts_with": ("starts with the text, whatever the case", "text"),
    "nistarts_with": ("does not start with the text, whatever the case", "text"),
    "ends_with": ("ends with the text", "text"),
    "nends_with": ("does not end with the text", "text"),
    "iends_with": ("ends with the text, whatever the case", "text"),
    "niends_with": ("does not end with the text, whatever the case", "text"),
    "between": ("lies between two values, both included", "list of two"),
    "nbetween": ("lies outside of two values", "list of two"),
    "json": ("something inside the JSON value meets a condition", "object: path -> operators"),
    "intersects": ("meets the shape; needs PostGIS", "GeoJSON"),
    "nintersects": ("does not meet the shape; needs PostGIS", "GeoJSON"),
    "intersects_bbox": ("its bounding box meets the shape's; needs PostGIS", "GeoJSON"),
    "nintersects_bbox": ("its bounding box does not meet the shape's; needs PostGIS", "GeoJSON"),
    "some": ("to-many relations: at least one related item meets the filter", "filter"),
    "none": ("to-many relations: no related item meets the filter", "filter"),
    "regex": ("validation rules only: matches the expression", "text"),
    "submitted": ("validation rules only: the field is among what was sent", "`true`"),
}

FUNCTION_WORDS: Final[Mapping[str, str]] = {
    "year": "year, four digits",
    "month": "month, 1 to 12",
    "week": "week of the year (ISO 8601)",
    "day": "day of the month, 1 to 31",
    "weekday": "day of the week, 0 (Sunday) to 6",
    "hour": "hour, 0 to 23",
    "minute": "minute, 0 to 59",
    "second": "second, 0 to 59",
    "count": "number of related items, or of the elements of a JSON list",
    "json": "a value inside the JSON value: `json(meta, seo.index)`",
}

WIRE_WORDS: Final[Mapping[str, str]] = {
    "none": "no value of its own",
    "string": "text",
    "number": "number",
    "bigNumber": "number; text where a double cannot hold it",
    "boolean": "`true` or `false`",
    "array": "list of texts",
    "json": "any JSON",
    "masked": "`**********` where a value is set, else `null`",
    "date": "`2024-02-29`",
    "time": "`12:30:00`",
    "dateTime": "`2024-02-29T12:30:00`, without zone",
    "timestamp": "`2024-02-29T12:30:00.000Z`, UTC",
    "geometry": "GeoJSON",
}

ERROR_WORDS: Final[Mapping[str, str]] = {
    "CONTAINS_NULL_VALUES": "A field cannot become required while items have no value in it.",
    "CONTENT_TOO_LARGE": "The body is larger than `MAX_PAYLOAD_SIZE`.",
    "EMAIL_LIMIT_EXCEEDED": "Too many mails in a time.",
    "FAILED_VALIDATION": "A value breaks a rule of the field or of the permission.",
    "FORBIDDEN": "Not allowed, or not there: the answer is the same.",
    "GRAPHQL_EXECUTION": "The GraphQL request cannot be run as a whole.",
    "GRAPHQL_VALIDATION": "The document is no GraphQL, or does not fit the schema the caller sees.",
    "ILLEGAL_ASSET_TRANSFORMATION": "An image transformation that is not offered.",
    "INTERNAL_SERVER_ERROR": "A mistake of the server; its log knows more under the request's id.",
    "INVALID_CREDENTIALS": "Wrong mail, password or token, or a login that has ended.",
    "INVALID_FOREIGN_KEY": "A relation points to an item that does not exist.",
    "INVALID_INVITE": "An invitation that was used or withdrawn.",
    "INVALID_IP": "The address the request comes from is not allowed.",
    "INVALID_METADATA": "Metadata of an upload that cannot be read.",
    "INVALID_OTP": "The second factor is missing or wrong.",
    "INVALID_PATH_PARAMETER": "A part of the path that cannot be read.",
    "INVALID_PAYLOAD": "The body cannot be read, or lacks something.",
    "INVALID_PROVIDER": "No login provider of that name.",
    "INVALID_PROVIDER_CONFIG": "A login provider is configured wrongly.",
    "INVALID_QUERY": "A parameter of the query language that cannot be meant; `reason` says which.",
    "INVALID_TOKEN": "A token that was not made here, or was changed.",
    "LIMIT_EXCEEDED": "A limit of the project is reached.",
    "METHOD_NOT_ALLOWED": "Another method is needed; `Allow` names it.",
    "NOT_NULL_VIOLATION": "A required value is missing.",
    "OUT_OF_DATE": "Another process has changed the project in between.",
    "OUT_OF_TIME": "The request took too long to arrive.",
    "PRECONDITION_FAILED": "The item is not what `If-Match` says it is. A code of Causeway.",
    "RANGE_NOT_SATISFIABLE": "The part of a file that was asked for does not exist.",
    "RECORD_NOT_UNIQUE": "Another item has this value already.",
    "REQUESTS_EXCEEDED": "Too many requests; `Retry-After` says when to come again.",
    "ROUTE_NOT_FOUND": "No such path.",
    "SERVICE_UNAVAILABLE": "The server or something it needs is too busy or down; `Retry-After` where known.",
    "TOKEN_EXPIRED": "The access token is too old: refresh it.",
    "UNEXPECTED_RESPONSE": "A service that was asked answered something else.",
    "UNPROCESSABLE_CONTENT": "The content can be read, but nothing be done with it.",
    "UNSUPPORTED_MEDIA_TYPE": "The body has another content type than this path takes.",
    "USER_SUSPENDED": "The user may not log in.",
    "VALUE_OUT_OF_RANGE": "A number too large for its field.",
    "VALUE_TOO_LONG": "A text too long for its field.",
    "VERSION_HASH_MISMATCH": "The item has changed since the version was made.",
}


def operators() -> str:
    """Every operator with the field types that take it, and every function."""
    return "\n".join(
        (
            NOTICE.format(source="resolvers/operators.py"),
            "# Operators and functions\n",
            "Operators are written with an underscore, in filters, permission rules and validation alike:",
            "`filter[views][_gte]=100`. An operator that a field type does not take is refused with",
            "INVALID_QUERY. How filters are put together: [query language](../guide/query-language.md).\n",
            "## Operators\n",
            *_table(
                ("operator", "the value of the field ...", "takes", "field types"),
                (
                    (f"`_{name}`", words, value, _types_with(name))
                    for name, (words, value) in OPERATOR_WORDS.items()
                ),
            ),
            "\n## By field type\n",
            "Concealed fields, whatever their type, take what `hash` takes.\n",
            *_table(
                ("field type", "operators"),
                (
                    (
                        f"`{kind}`",
                        ", ".join(f"`_{name}`" for name in OPERATOR_WORDS if name in OPERATORS[kind]),
                    )
                    for kind in _kinds()
                ),
            ),
            "\n## Functions\n",
            "In `fields`, `filter`, `sort`, `groupBy` and `alias`: `year(published_at)`. Moments are read in",
            "UTC.\n",
            *_table(
                ("function", "gives", "field types"),
                ((f"`{name}`", words, _kinds_with(name)) for name, words in FUNCTION_WORDS.items()),
            ),
            "",
        )
    )


def types() -> str:
    """Every field type: columns, GraphQL scalar, JSON."""
    return "\n".join(
        (
            NOTICE.format(source="schema_gen/types.py"),
            "# Field types\n",
            "The type of a field follows from its column, or from a special of the field (`cast-json`,",
            "`cast-csv`, `cast-boolean`, `cast-timestamp`, `uuid`, `hash`). A column type that stands in no",
            "table below is `unknown` and served as text.\n",
            *_table(
                ("field type", "JSON", "GraphQL", "new column on SQLite", "new column on PostgreSQL"),
                (
                    (
                        f"`{kind}`",
                        WIRE_WORDS[TYPES[kind].wire],
                        _code(TYPES[kind].graphql),
                        _code(TYPES[kind].sqlite),
                        _code(TYPES[kind].postgresql),
                    )
                    for kind in _kinds()
                ),
            ),
            "\nKeys are `ID` in GraphQL, whatever their type. Where PostGIS is installed, a new geometry is "
            "a\nspatial column, `geometry(Point,4326)` for `geometry.Point`; a spatial column has the field "
            "type",
            "of the shape that it takes.\n",
            *(
                line
                for dialect, title in (("postgresql", "PostgreSQL"), ("sqlite", "SQLite"))
                for line in _columns(dialect, title)
            ),
            "",
        )
    )


def errors() -> str:
    """Every error code with its status."""
    return "\n".join(
        (
            NOTICE.format(source="schema_gen/errors.py"),
            "# Errors\n",
            'A refusal is `{"errors": [{"message": ..., "extensions": {"code": ..., ...}}]}` with the status',
            "of its code. `message` is for people; `extensions` holds the facts, such as `reason`,",
            "`collection` and `field`. In GraphQL, a request that cannot be read or does not fit the schema",
            "is refused in the same form; where single roots fail, the status is 200 and `errors` stands",
            "beside `data`, with the `path` of each.\n",
            "What may not be seen and what does not exist get the same answer, byte for byte.\n",
            *_table(
                ("code", "status", ""),
                ((f"`{code}`", str(STATUS[code]), words) for code, words in ERROR_WORDS.items()),
            ),
            "",
        )
    )


def missing_words() -> list[str]:
    """What the tables hold and the words above do not say, and the other way round."""
    return sorted(
        {
            *ALL_OPERATORS ^ set(OPERATOR_WORDS),
            *{name for names in FUNCTIONS.values() for name in names} ^ set(FUNCTION_WORDS),
            *{facts.wire for facts in TYPES.values()} - set(WIRE_WORDS),
            *set(STATUS) ^ set(ERROR_WORDS),
        }
    )


def _kinds() -> tuple[FieldType, ...]:
    kinds: tuple[FieldType, ...] = get_args(FieldType)
    return kinds


def _columns(dialect: str, title: str) -> Iterable[str]:
    columns: dict[str, list[str]] = {}
    for column, kind in COLUMN_TYPES[dialect].items():
        columns.setdefault(kind, []).append(column)
    yield f"## Columns of {title}\n"
    yield from _table(
        ("field type", "column types"),
        ((f"`{kind}`", ", ".join(f"`{name}`" for name in columns[kind])) for kind in sorted(columns)),
    )
    yield ""


def _types_with(operator: str) -> str:
    found = [kind for kind in _kinds() if operator in OPERATORS[kind]]
    if not found:
        return "-"
    others = [kind for kind in _kinds() if kind not in found]
    return "all" if not others else _listed(found)


def _kinds_with(function: str) -> str:
    return _listed(kind for kind in _kinds() if function in FUNCTIONS.get(kind, ()))


def _listed(kinds: Iterable[str]) -> str:
    """`geometry` stands for all its kinds."""
    return ", ".join(kind for kind in kinds if not kind.startswith("geometry."))


def _code(text: str | None) -> str:
    return "-" if text is None else f"`{text}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterable[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"
