"""`Why`: a question about rights, asked of the engine's rules, and of the database where an item is named.

    answer = await Why(database, holder, actors, dialect).ask(Question(...), now=...)

Nothing is interpreted a second time: who has which rules is decided by `Actors`, what they say by the `Gate`,
which items meet a rule by the statement that writes ask before they touch one. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from resolvers.actors import Access, Actors
from resolvers.app_access import APP_PERMISSIONS
from resolvers.behaviors.guard import cautions
from resolvers.behaviors.rows import check
from resolvers.bundle import Bundle, BundleHolder
from resolvers.conditions import Condition, Constant
from resolvers.context import RequestContext
from resolvers.permissions import Grant, Scope
from resolvers.permissions import condition_of as condition_of_grant
from resolvers.rules import minimum_grant, read_grant
from resolvers.sql.access import PermissionRow, permissions_of
from resolvers.sql.dialects.base import MASK, SqlDialect
from resolvers.why.callers import Callers, Found
from resolvers.why.deciding import Item, Known, condition_of, decide
from resolvers.why.facts import Answer, Permission, Question, Source
from resolvers.why.named import collection_of
from resolvers.writing.actor_values import ActorValues
from resolvers.writing.current import Current, as_json
from resolvers.writing.item_keys import ItemKeys
from resolvers.writing.lookups import LookUps
from resolvers.writing.presets import presets
from resolvers.writing.steps import Key
from resolvers.writing.tools import Tools
from resolvers.writing.validation import rules_of
from schema_gen.database import Database
from schema_gen.errors import CausewayError
from schema_gen.model import Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A permission before the item was looked at; `grant` None: it cannot be read."""

    row: PermissionRow | None = None
    grant: Grant | None
    source: Source = "policy"


class Why:
    def __init__(self, database: Database, holder: BundleHolder, actors: Actors, dialect: SqlDialect) -> None:
        self._database = database
        self._holder = holder
        self._callers = Callers(database, actors)
        self._dialect = dialect

    async def ask(self, question: Question, now: datetime) -> Answer:
        """Raises INVALID_PAYLOAD for what is not there, and for questions that make no sense."""
        bundle = self._holder.current
        collection = collection_of(question, bundle.snapshot)
        found = await self._callers.find(question)
        context = RequestContext(actor=found.access.actor, rules=found.access.rules, now=now, ip=question.ip)
        asking = _Asking(self._database, bundle, self._dialect, question, collection, context)
        return await asking.answer(found)


class _Asking:
    """Of one question, its caller known."""

    def __init__(
        self,
        database: Database,
        bundle: Bundle,
        dialect: SqlDialect,
        question: Question,
        collection: Collection,
        context: RequestContext,
    ) -> None:
        tools = Tools(bundle, dialect, database.dialect)
        self._database = database
        self._snapshot = bundle.snapshot
        self._question = question
        self._collection = collection
        self._context = context
        self._scope = bundle.gate(context.rules).scope(question.action, collection.name)
        self._lookups: LookUps = tools.lookups(database, context)
        self._keys = ItemKeys(tools.fields.convert)
        self._values = ActorValues(database, bundle.snapshot, dialect, context)

    async def answer(self, found: Found) -> Answer:
        question, scope = self._question, self._scope
        grants = () if scope is None else scope.grants
        rows = await self._rows(found.access)
        filled = [row.grant.rule for row in rows if row.grant is not None and row.grant.rule]
        current = await self._values.current(*rules_of(self._collection, grants), *filled)
        key = self._keys.named(self._collection, question.item)
        names = {policy.id: policy.name for policy in found.policies}
        permissions = tuple([await self._permission(row, names, key, current) for row in rows])
        known = Known(
            question=question,
            caller=found.caller,
            collection=self._collection,
            scope=scope,
            permissions=permissions,
            item=await self._item(key),
            refusal=self._refusal(key),
        )
        answered, because = decide(known)
        writes = question.action in ("create", "update")
        return Answer(
            question=question,
            answer=answered,
            because=because,
            caller=found.caller,
            policies=found.policies,
            permissions=permissions,
            fields=_fields(self._collection, scope),
            presets=(presets(grants, current) or None) if writes else None,
            validations=tuple(_filled(g.validation, current) for g in grants if g.validation)
            if writes
            else (),
            cautions=() if answered == "no" else self._cautions(found),
        )

    # --- what the rules say ---------------------------------------------------------------------------------

    async def _rows(self, access: Access) -> list[_Row]:
        """The rows that the rules were made of; administrators have none."""
        if access.rules.admin:
            return []
        action, name = self._question.action, self._collection.name
        if access.rules.waiting is not None:
            return [
                _Row(grant=grant, source="setup") for grant in access.rules.grants.get((action, name), ())
            ]
        stored = await permissions_of(self._database, access.actor.policies)
        found = [
            _Row(row=row, grant=read_grant(row))
            for row in stored
            if (row.action, row.collection) == (action, name)
        ]
        if access.rules.app:
            found += [
                _Row(grant=minimum_grant(minimum), source="app")
                for minimum in APP_PERMISSIONS
                if (minimum.action, minimum.collection) == (action, name)
            ]
        return found

    async def _permission(
        self, row: _Row, names: Mapping[str, str | None], key: Key | None, current: Current
    ) -> Permission:
        stored, grant = row.row, row.grant
        told = Permission(
            id=None if stored is None else stored.id,
            source=row.source,
            policy=None if stored is None else stored.policy,
            policy_name=None if stored is None else names.get(stored.policy),
        )
        if grant is None:
            return replace(told, readable=False)
        met: bool | None = None
        if self._question.item is not None:
            met = key is not None and await self._meets(
                key, condition_of_grant(grant, self._collection, self._snapshot)
            )
        return replace(
            told,
            fields=None if grant.fields is None else tuple(sorted(grant.fields)),
            rule=grant.rule or None,
            filled=_filled(grant.rule, current) if grant.rule else None,
            validation=grant.validation or None,
            presets=grant.presets or None,
            names_field=self._names(grant),
            met=met,
        )

    def _names(self, grant: Grant) -> bool | None:
        field = self._question.field
        return None if field is None else grant.fields is None or field in grant.fields

    def _cautions(self, found: Found) -> tuple[str, ...]:
        question, collection = self._question, self._collection
        field = None if question.field is None else collection.fields[question.field]
        if question.action == "read" and field is not None and field.concealed:
            return (f"its value is never shown, it reads as {MASK}",)
        return cautions(collection.name, question.action, question.field, admin=found.caller.admin)

    def _refusal(self, key: Key | None) -> str | None:
        """Why nobody, or nobody of the caller's kind, sets the field by hand."""
        action, field = self._question.action, self._question.field
        if field is None or action not in ("create", "update"):
            return None
        try:
            check(self._collection.name, action, {field: None}, key, self._context)
        except CausewayError as error:
            return error.message
        return None

    # --- what the database says -----------------------------------------------------------------------------

    async def _item(self, key: Key | None) -> Item | None:
        if self._question.item is None or self._scope is None:
            return None
        if key is None or not await self._meets(key, None):
            return "missing"
        if await self._meets(key, condition_of(self._question, self._scope)):
            return "met"
        seen = self._question.action == "read" and await self._meets(key, self._scope.condition)
        return "null" if seen else "hidden"

    async def _meets(self, key: Key, condition: Condition | None) -> bool:
        asked = Constant(value=True) if condition is None else condition
        # a condition is asked once: nothing is remembered of it
        return key in await self._lookups.permitted(self._collection, [key], asked, object())


def _fields(collection: Collection, scope: Scope | None) -> tuple[str, ...] | None:
    """In the order of the collection; None where they are all."""
    if scope is None:
        return ()
    granted = tuple(name for name in collection.fields if name in scope.fields)
    return None if len(granted) == len(collection.fields) else granted


def _filled(rule: Mapping[str, Any] | None, current: Current) -> Mapping[str, Any]:
    filled: Mapping[str, Any] = as_json(current.filled(rule or {}))
    return filled
