"""From what the rules say to yes, no or "some", with the sentence that tells why. Pure.

What is known of the item comes from the database; nothing is interpreted here: the scope is the gate's, and
whether an item is among those that may be touched was asked with the condition that requests are asked with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from resolvers.conditions import Condition, Constant
from resolvers.permissions import Scope
from resolvers.why.facts import Answered, Caller, Permission, Question, Source
from resolvers.writing.rights import required_of
from schema_gen.model import Collection

#: of the item that was asked for: there is none, it may not be touched, it may; "null": it is seen, the field
#: is null in it
Item = Literal["missing", "hidden", "null", "met"]


SOURCES: Final[Mapping[Source, str]] = {"app": "app access", "setup": "what setting up a second factor needs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """`scope`: what the gate says. `item` None: none was asked for. `refusal`: why the server refuses the
    field whatever the rules say.
    """

    question: Question
    caller: Caller
    collection: Collection
    scope: Scope | None
    permissions: tuple[Permission, ...] = ()
    item: Item | None = None
    refusal: str | None = None


def condition_of(question: Question, scope: Scope) -> Condition | None:
    """What an item has to meet."""
    return required_of(scope, () if question.field is None else (question.field,))


def decide(known: Known) -> tuple[Answered, str]:
    question, collection = known.question, known.collection
    refused = _refused(known)
    if refused is not None or known.scope is None:
        return "no", refused or "nothing is allowed there"
    if question.action == "create":
        return "yes", _with(known, "it may be created")
    if known.item is not None:
        return _of_item(known, known.item)
    condition = condition_of(question, known.scope)
    if condition is None:
        return "yes", _with(known, "of every item")
    if condition == Constant(value=False):
        return "no", _with(known, "no item can meet the rule: it names what is not there")
    what = "the items" if question.field is None else f'"{question.field}" of the items'
    return "some", _with(known, f"{what} of {collection.name} that meet a rule")


def _refused(known: Known) -> str | None:
    """What decides before any item is looked at."""
    question, caller, collection = known.question, known.caller, known.collection
    what = f"{question.action} on {collection.name}"
    if not caller.active:
        return f"the user is {caller.status}: no credentials of it are accepted"
    if collection.kind == "folder":
        return f"{collection.name} is a folder and has no items"
    if collection.read_only and question.action != "read":
        return f"{collection.name} is a view, which can only be read"
    if caller.waiting and (known.scope is None or question.field not in (None, *known.scope.fields)):
        return "a policy asks for a second factor: until the user has set it up, all are held back"
    if known.scope is None:
        return f"no policy that applies has a permission for {what}"
    if question.field is None:
        return None
    if question.field not in known.scope.fields:
        return f'no permission for {what} names the field "{question.field}"'
    if question.action == "update" and question.field in collection.primary_key:
        return f'"{question.field}" is the key, which an item keeps'
    return known.refusal


def _of_item(known: Known, item: Item) -> tuple[Answered, str]:
    question = known.question
    if item == "missing":
        return "no", f"there is no item {question.item}"
    if item == "null":
        return "no", f'the item may be read, but not "{question.field}" of it, which is null there'
    if item == "hidden":
        narrower = " that names the field" if question.field is not None else ""
        return "no", f"the item meets no rule{narrower}"
    return "yes", _with(known, "the item may be touched")


def _with(known: Known, otherwise: str) -> str:
    """By which permissions; `otherwise`: the sentence."""
    if known.caller.admin:
        return "an administrator may do everything"
    giving = [one for one in known.permissions if _gives(known, one)]
    by = ", ".join(_called(one) for one in giving)
    return f"{otherwise}, by {by}" if by else otherwise


def _gives(known: Known, one: Permission) -> bool:
    asked = known.question.field is not None
    return one.readable and (one.names_field is True or not asked) and one.met is not False


def _called(one: Permission) -> str:
    if one.source != "policy":
        return SOURCES[one.source]
    return f"permission {one.id}" + (f' of the policy "{one.policy_name}"' if one.policy_name else "")
