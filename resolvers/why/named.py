"""What a question names, found; and what there is in its place where it is not. Pure.

action_of("reed")           -> INVALID_PAYLOAD: There is no action "reed"; did you mean "read"?
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Final, cast, get_args

from resolvers.permissions import Action
from resolvers.why.facts import Question
from schema_gen.errors import CausewayError, invalid_payload
from schema_gen.model import Collection, SchemaSnapshot

ACTIONS: Final[tuple[str, ...]] = get_args(Action)
_SUGGESTED: Final = 3
#: 1: the same
_ALIKE: Final = 0.72


def unknown(what: str, name: str, known: Iterable[str]) -> CausewayError:
    """INVALID_PAYLOAD that names what is like it."""
    spelled = {one.lower(): one for one in known}
    alike = get_close_matches(name.lower(), spelled, n=_SUGGESTED, cutoff=_ALIKE)
    asked = " or ".join(f'"{spelled[one]}"' for one in alike)
    return invalid_payload(f'There is no {what} "{name}"' + (f"; did you mean {asked}?" if asked else ""))


def action_of(name: str) -> Action:
    if name not in ACTIONS:
        raise unknown("action", name, ACTIONS)
    return cast(Action, name)


def collection_of(question: Question, snapshot: SchemaSnapshot) -> Collection:
    """The collection of a question that makes sense. Raises INVALID_PAYLOAD."""
    action = action_of(question.action)
    collection = snapshot.collections.get(question.collection)
    if collection is None:
        raise unknown("collection", question.collection, snapshot.collections)
    if question.field is not None:
        if question.field not in collection.fields:
            raise unknown(f"field of {collection.name}", question.field, collection.fields)
        if action in ("delete", "share"):
            raise invalid_payload(f'"{action}" is of whole items: it is not asked of a field')
    if question.item is not None and action == "create":
        raise invalid_payload('"create" is of items that are not there yet: it is not asked of an item')
    if question.ip is not None:
        try:
            ip_address(question.ip)
        except ValueError:
            raise invalid_payload(f'"{question.ip}" is no IP address') from None
    if [question.user is not None, question.role is not None, question.public].count(True) != 1:
        raise invalid_payload('One of "user", "role" and "public" has to be given')
    return collection
