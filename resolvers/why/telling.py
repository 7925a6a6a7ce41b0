"""An answer as JSON, and its GraphQL types. Pure.

    {"answer": "some", "allowed": true, "because": "the items of articles that meet a rule ...",
     "caller": {...}, "policies": [{...}], "permissions": [{...}], "fields": ["id", "title"], ...}

`fields` of `["*"]`: every one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from resolvers.why.deciding import SOURCES
from resolvers.why.facts import Answer, Caller, Named, Permission, Policy, Way
from schema_gen.graphql.signatures import CallEnum, CallObject

_EVERY: Final = ["*"]
ANSWERS: Final = CallEnum(name="permissions_simulation_answer", values=("yes", "no", "some"))
_ROLE: Final = CallObject(name="permissions_simulation_role", fields={"id": "ID", "name": "String"})
_WAY: Final = CallObject(
    name="permissions_simulation_way",
    fields={"through": "String", "role": "permissions_simulation_role"},
)
_CALLER: Final = CallObject(
    name="permissions_simulation_caller",
    fields={
        "kind": "String",
        "user": "ID",
        "email": "String",
        "status": "String",
        "roles": "[permissions_simulation_role]",
        "admin": "Boolean",
        "app": "Boolean",
        "enforce_tfa": "Boolean",
        "second_factor": "Boolean",
        "waiting": "Boolean",
    },
)
_POLICY: Final = CallObject(
    name="permissions_simulation_policy",
    fields={
        "id": "ID",
        "name": "String",
        "ways": "[permissions_simulation_way]",
        "admin_access": "Boolean",
        "app_access": "Boolean",
        "enforce_tfa": "Boolean",
        "ip_access": "String",
        "applies": "Boolean",
        "because": "String",
    },
)
_PERMISSION: Final = CallObject(
    name="permissions_simulation_permission",
    fields={
        "id": "ID",
        "source": "String",
        "policy": "ID",
        "fields": "[String]",
        "rule": "JSON",
        "filled": "JSON",
        "validation": "JSON",
        "presets": "JSON",
        "names_field": "Boolean",
        "met": "Boolean",
        "readable": "Boolean",
    },
)
SIMULATION: Final = CallObject(
    name="permissions_simulation",
    fields={
        "answer": "permissions_simulation_answer",
        "allowed": "Boolean",
        "because": "String",
        "caller": "permissions_simulation_caller",
        "action": "String",
        "collection": "String",
        "item": "String",
        "field": "String",
        "ip": "String",
        "policies": "[permissions_simulation_policy]",
        "permissions": "[permissions_simulation_permission]",
        "fields": "[String]",
        "presets": "JSON",
        "validations": "[JSON]",
        "cautions": "[String]",
    },
)


def _leaves(made: CallObject, objects: Mapping[str, CallObject]) -> Iterator[str]:
    """Every field of a type, with those below it after a dot."""
    for name, written in made.fields.items():
        inner = objects.get(written.strip("[]!"))
        if inner is None:
            yield name
        else:
            yield from (f"{name}.{below}" for below in _leaves(inner, objects))


_OBJECTS: Final = (_ROLE, _WAY, _CALLER, _POLICY, _PERMISSION, SIMULATION)
#: all that an answer tells: `caller.email`
SELECTED: Final = tuple(_leaves(SIMULATION, {made.name: made for made in _OBJECTS}))
TYPES: Final = (ANSWERS, *_OBJECTS)


def as_json(answer: Answer) -> dict[str, Any]:
    question = answer.question
    return {
        "answer": answer.answer,
        "allowed": answer.allowed,
        "because": answer.because,
        "caller": _caller(answer.caller),
        "action": question.action,
        "collection": question.collection,
        "item": question.item,
        "field": question.field,
        "ip": question.ip,
        "policies": [_policy(one) for one in answer.policies],
        "permissions": [_permission(one) for one in answer.permissions],
        "fields": _fields(answer.fields),
        "presets": answer.presets,
        "validations": list(answer.validations),
        "cautions": list(answer.cautions),
    }


def _caller(caller: Caller) -> dict[str, Any]:
    return {
        "kind": caller.kind,
        "user": caller.user,
        "email": caller.email,
        "status": caller.status,
        "roles": [_named(role) for role in caller.roles],
        "admin": caller.admin,
        "app": caller.app,
        "enforce_tfa": caller.enforce_tfa,
        "second_factor": caller.second_factor,
        "waiting": caller.waiting,
    }


def _named(row: Named) -> dict[str, Any]:
    return {"id": row.id, "name": row.name}


def _way(way: Way) -> dict[str, Any]:
    return {"through": way.through, "role": None if way.role is None else _named(way.role)}


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "id": policy.id,
        "name": policy.name,
        "ways": [_way(one) for one in policy.ways],
        "admin_access": policy.admin,
        "app_access": policy.app,
        "enforce_tfa": policy.enforce_tfa,
        "ip_access": policy.ip_access,
        "applies": policy.applies,
        "because": policy.because,
    }


def _permission(permission: Permission) -> dict[str, Any]:
    return {
        "id": permission.id,
        "source": permission.source,
        "policy": permission.policy,
        "fields": _fields(permission.fields),
        "rule": permission.rule,
        "filled": permission.filled,
        "validation": permission.validation,
        "presets": permission.presets,
        "names_field": permission.names_field,
        "met": permission.met,
        "readable": permission.readable,
    }


def _fields(fields: tuple[str, ...] | None) -> list[str]:
    return _EVERY if fields is None else list(fields)


def lines(answer: Answer) -> list[str]:
    """The answer as a tree of lines, for people."""
    question = answer.question
    said = {"yes": "yes", "no": "no", "some": "for some items"}[answer.answer]
    found = [f"{said}: {answer.because}", *_about(answer.caller)]
    found.append("policies" if answer.policies else "no policies")
    for policy in answer.policies:
        found += [f"  {line}" for line in _policy_lines(policy)]
    if not answer.caller.admin:
        what = f"permissions for {question.action} on {question.collection}"
        found.append(what if answer.permissions else f"no {what}")
        for permission in answer.permissions:
            found += [f"  {line}" for line in _permission_lines(permission, question.field)]
        if answer.fields != ():
            found.append("fields: " + ", ".join(_fields(answer.fields)))
    if answer.presets:
        found.append(f"presets: {compact(answer.presets)}")
    found += [f"what is sent must meet: {compact(rule)}" for rule in answer.validations]
    found += [f"but {caution}" for caution in answer.cautions]
    return found


def _about(caller: Caller) -> list[str]:
    if caller.kind == "public":
        return ["caller: the public"]
    roles = " < ".join(role.name or role.id for role in caller.roles) or "none"
    who = f"user {caller.email or caller.user}, {caller.status}" if caller.kind == "user" else "any user"
    found = [f"caller: {who}, role {roles}"]
    if caller.enforce_tfa:
        state = "is set up" if caller.second_factor else "is not set up"
        found.append(
            "  a policy asks for a second factor" + (f", which {state}" if caller.kind == "user" else "")
        )
    return found


def _policy_lines(policy: Policy) -> list[str]:
    ways = ", ".join(_through(way) for way in policy.ways)
    flags = [
        name
        for name, held in (
            ("admin access", policy.admin),
            ("app access", policy.app),
            ("enforces a second factor", policy.enforce_tfa),
        )
        if held
    ]
    head = f'"{policy.name or policy.id}" through {ways}' + (f" ({', '.join(flags)})" if flags else "")
    return [head] if policy.applies else [f"{head}: does not apply, {policy.because}"]


def _through(way: Way) -> str:
    named = "" if way.role is None else f" {way.role.name or way.role.id}"
    return f"the {way.through}{named}"


def _permission_lines(permission: Permission, field: str | None) -> list[str]:
    head = SOURCES[permission.source] if permission.id is None else permission.id
    if permission.policy is not None:
        head += f' of "{permission.policy_name or permission.policy}"'
    if not permission.readable:
        return [f"{head}: cannot be read, gives nothing"]
    marks = [f"fields {', '.join(_fields(permission.fields)) or 'none'}"]
    if permission.names_field is not None:
        marks.append(f"{'with' if permission.names_field else 'without'} {field}")
    if permission.met is not None:
        marks.append("the item meets it" if permission.met else "the item does not meet it")
    found = [f"{head}: {'; '.join(marks)}"]
    if permission.rule:
        found.append(f"  rule {compact(permission.rule)}")
        if permission.filled != permission.rule:
            found.append(f"  that is {compact(permission.filled)}")
    return found


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
