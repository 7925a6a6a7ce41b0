"""Requests with a body of named texts, each a mutation of its own: what such a body holds is data.

    POST /users/invite   {"email": ["a@example.com"], "role": "9c1d..."}
        mutation ($email: [String!]!, $role: String!) { data: users_invite_all(email: $email, role: $role) }
        204
    GET /users/register/verify-email?token=eyJ...
        mutation ($token: String!) { data: users_register_verified(token: $token) }
        302, to where it says

Whatever a form does not name is refused, so nothing else can be set by it. Every wrong body is refused with
the sentence that the protocol has for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from resolvers.behaviors.credentials import is_mail_address
from resolvers.context import RequestContext
from resolvers.engine import Engine
from resolvers.operation import Operation
from resolvers.sql.access import as_uuid
from rest_bridge.bodies import read_body
from rest_bridge.message import RestRequest, RestResponse
from rest_bridge.query_string import parse_query_string
from rest_bridge.syntax import (
    argument,
    document,
    field_node,
    mutation_definition,
    variable,
    variable_definition,
)
from schema_gen.errors import invalid_payload, route_not_found

_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*:[^\s]+", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One text of a form. `emails`: one address, or a list of them; it arrives as a list."""

    name: str
    kind: Literal["text", "email", "emails", "uuid", "uri"] = "text"
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`root`: the mutation. `redirects`: its answer is where the caller goes on; the entries of such a form
    come in the address, as it is followed from a mail.
    """

    root: str
    entries: tuple[Entry, ...]
    redirects: bool = False


_PASSWORD: Final = Entry(name="password")
_TOKEN: Final = Entry(name="token")
INVITE: Final = Form(
    root="users_invite_all",
    entries=(
        Entry(name="email", kind="emails"),
        Entry(name="role", kind="uuid"),
        Entry(name="invite_url", kind="uri", required=False),
    ),
)
ACCEPT: Final = Form(root="users_invite_accept", entries=(_TOKEN, _PASSWORD))
REGISTER: Final = Form(
    root="users_register",
    entries=(
        Entry(name="email", kind="email"),
        _PASSWORD,
        Entry(name="verification_url", kind="uri", required=False),
        Entry(name="first_name", required=False),
        Entry(name="last_name", required=False),
    ),
)
VERIFY: Final = Form(root="users_register_verified", entries=(_TOKEN,), redirects=True)


async def answer_form(
    request: RestRequest, form: Form, methods: tuple[str, ...], engine: Engine, context: RequestContext
) -> RestResponse:
    """Raises what the request is refused for."""
    if request.method not in methods:
        raise route_not_found(request.path)
    given = _asked(request, form) if form.redirects else read_form(_body(request), form)
    (answered,) = (await engine.execute(form_operation(form, given), context)).roots
    if answered.error is not None:
        raise answered.error
    if not form.redirects:
        return RestResponse(status=204, headers=())
    place = json.loads(answered.data or b"null")
    return RestResponse(status=302, headers=(("location", place), ("cache-control", "no-store")))


def form_operation(form: Form, given: Mapping[str, Any]) -> Operation:
    """`given`: the entries that are there."""
    entries = [entry for entry in form.entries if entry.name in given]
    root = field_node(
        form.root, alias="data", arguments=[argument(each.name, variable(each.name)) for each in entries]
    )
    variables = [
        variable_definition(each.name, "String", required=True, many=each.kind == "emails")
        for each in entries
    ]
    definition = mutation_definition(variables, (root,))
    return Operation(
        document=document(definition),
        definition=definition,
        scope="system",
        wire="rest",
        shape=("form", form.root, tuple(each.name for each in entries)),
        variables=given,
    )


def read_form(body: object, form: Form) -> dict[str, Any]:
    """The entries that are there.

    >>> read_form({"token": "eyJ", "password": "secret"}, ACCEPT)
    {'token': 'eyJ', 'password': 'secret'}
    """
    if not isinstance(body, Mapping):
        raise invalid_payload('"value" must be of type object')
    found: dict[str, Any] = {}
    for entry in form.entries:
        if entry.name in body:
            found[entry.name] = _value(entry, body[entry.name])
        elif entry.required:
            raise invalid_payload(f'"{entry.name}" is required')
    for name in body:
        if name not in found:
            raise invalid_payload(f'"{name}" is not allowed')
    return found


def _value(entry: Entry, value: object) -> Any:
    if entry.kind == "emails":
        if isinstance(value, list):
            return [_email(f"{entry.name}[{place}]", one) for place, one in enumerate(value)]
        if not isinstance(value, str):
            raise invalid_payload(f'"{entry.name}" must be one of [string, array]')
        return [_email(entry.name, value)]
    text = _text(entry.name, value)
    if entry.kind == "email":
        return _email(entry.name, text)
    if entry.kind == "uuid" and as_uuid(text) is None:
        raise invalid_payload(f'"{entry.name}" must be a valid GUID')
    if entry.kind == "uri" and _URI.fullmatch(text) is None:
        raise invalid_payload(f'"{entry.name}" must be a valid uri')
    return text


def _email(name: str, value: object) -> str:
    text = _text(name, value)
    if not is_mail_address(text):
        raise invalid_payload(f'"{name}" must be a valid email')
    return text


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise invalid_payload(f'"{name}" must be a string')
    if not value:
        raise invalid_payload(f'"{name}" is not allowed to be empty')
    return value


def _body(request: RestRequest) -> object:
    return read_body(request.body, request.content_type, request.headers.get("content-encoding", ""))


def _asked(request: RestRequest, form: Form) -> dict[str, Any]:
    """What is no text is no token, and is refused as a wrong one."""
    query = parse_query_string(request.query_string)
    values = {entry.name: query.get(entry.name) for entry in form.entries}
    return {name: value if isinstance(value, str) else "" for name, value in values.items()}
