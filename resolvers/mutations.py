"""Runs mutation operations: each root in a transaction of its own, in the order of the document.

    mutation { a: create_articles_item(...) { id } b: delete_tags_item(id: 1) { id } }      two transactions
    mutation @transaction { ... }                                                            one

A refused root leaves nothing behind and does not keep the others from being run; under `@transaction` it
takes them all with it. What happened is told to `events` after the commit. Conflicts between transactions (a
deadlock, a serialization failure, two upserts of one item) are no refusals: the transaction is run again.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from graphql import FieldNode

from resolvers.behaviors.rows import RowBehaviors
from resolvers.bundle import Bundle
from resolvers.calls import CallObject, CallRoot, Calls, answer, encode, selected
from resolvers.context import RequestContext
from resolvers.events import Events, happened
from resolvers.operation import Operation, Outcome, RootResult
from resolvers.paging import Limits
from resolvers.permissions import Action, Gate
from resolvers.plan import Literal_
from resolvers.planner import answer_shape, plan_answer, plan_choice, plan_root, root_fields
from resolvers.secrets import Hasher
from resolvers.sql.dialects.base import SqlDialect
from resolvers.sql.statement import Statement, compile_roots
from resolvers.tree import Tree, response_key
from resolvers.writing.hashing import with_hashes
from resolvers.writing.idempotency import Repetitions
from resolvers.writing.lookups import key_object, keys_condition
from resolvers.writing.root import Arguments, RootWriter, WriteRoot, Written
from resolvers.writing.spelling import rest_payload
from resolvers.writing.tools import Tools
from schema_gen.database import Database, Transaction
from schema_gen.errors import CausewayError, TransientError, forbidden, forbidden_collection, invalid_query
from schema_gen.model import Collection
from schema_gen.naming import MutationKind

#: times that a transaction is begun before its conflict is told
_ATTEMPTS: Final = 6
#: seconds, the longest pause before the first further attempt; doubles with each
_PAUSE: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """One root: what it writes, or calls, or why neither. `nodes`: where it stands in the document."""

    key: str
    nodes: tuple[FieldNode, ...]
    write: WriteRoot | None = None
    call: CallRoot | None = None
    json: bytes | None = None
    error: CausewayError | None = None


_DELETED: Final[Mapping[str, CallObject]] = {
    "delete_item": CallObject(name="delete_one", fields={"id": "ID!"}),
    "delete_items": CallObject(name="delete_many", fields={"ids": "[ID]!"}),
}


class Mutations:
    """One for each project."""

    def __init__(
        self,
        database: Database,
        limits: Limits,
        dialect: SqlDialect,
        calls: Calls,
        hasher: Hasher,
        events: Events,
        behaviors: RowBehaviors,
    ) -> None:
        self._database = database
        self._limits = limits
        self._dialect = dialect
        self._calls = calls
        self._hasher = hasher
        self._events = events
        self._repetitions = Repetitions(database)
        self._behaviors = behaviors
        self._tools: Tools | None = None

    async def execute(self, operation: Operation, bundle: Bundle, context: RequestContext) -> Outcome:
        """Errors are per root; nothing is raised for what the caller asked wrongly."""
        tools = self._tools_of(bundle)
        gate = bundle.gate(context.rules)
        if context.idempotency is not None:
            await self._repetitions.prepare()
        planned = [
            self._plan(operation, bundle, gate, key, tuple(nodes))
            for key, nodes in root_fields(operation).items()
        ]
        if _together(operation):
            return await self._all_or_nothing(operation, planned, tools, gate, context)
        results: list[RootResult] = []
        for root in planned:
            results.append(await self._alone(operation, root, tools, gate, context))
        return Outcome(roots=tuple(results))

    def _tools_of(self, bundle: Bundle) -> Tools:
        if self._tools is None or self._tools.bundle is not bundle:
            self._tools = Tools(bundle, self._dialect, self._database.dialect)
        return self._tools

    # --- planning -------------------------------------------------------------------------------------------

    def _plan(
        self, operation: Operation, bundle: Bundle, gate: Gate, key: str, nodes: tuple[FieldNode, ...]
    ) -> _Planned:
        name = nodes[0].name.value
        call = self._calls.find(operation.scope, "mutation", name)
        if call is not None and (not call.admin_only or gate.rules.admin):
            return _Planned(key=key, nodes=nodes, call=call)
        found = bundle.names.mutation(operation.scope, name)
        try:
            if found is not None:
                collection, kind = bundle.snapshot.collections[found[0]], found[1]
                return _Planned(
                    key=key,
                    nodes=nodes,
                    write=self._write_root(operation, bundle, gate, key, nodes, collection, kind),
                )
            root = plan_root(operation, gate, bundle.names, self._limits, nodes)
        except CausewayError as error:
            return _Planned(key=key, nodes=nodes, error=error)
        if isinstance(root.node, Literal_):
            return _Planned(key=key, nodes=nodes, json=root.node.json)
        return _Planned(key=key, nodes=nodes, error=forbidden())

    def _write_root(
        self,
        operation: Operation,
        bundle: Bundle,
        gate: Gate,
        key: str,
        nodes: tuple[FieldNode, ...],
        collection: Collection,
        kind: MutationKind,
    ) -> WriteRoot:
        deletes = kind in _DELETED
        arguments = Tree.of(operation).arguments(nodes[0])
        choice = None
        if kind in ("update_items", "delete_items") and "ids" not in arguments:
            item = key_object(collection)
            choice = plan_choice(operation, gate, bundle.names, self._limits, nodes[0], collection.name, item)
        answer = None
        # what a deletion is bound to is read as it is selected
        if nodes[0].selection_set is not None and (not deletes or "if_match" in arguments):
            many = kind in ("create_items", "update_items", "update_batch")
            answer = self._answer(operation, bundle, gate, nodes, collection, many=many)
        return WriteRoot(key=key, collection=collection, kind=kind, answer=answer, choice=choice)

    def _answer(
        self,
        operation: Operation,
        bundle: Bundle,
        gate: Gate,
        nodes: tuple[FieldNode, ...],
        collection: Collection,
        *,
        many: bool,
    ) -> Statement:
        """The read of what was written; known for operations of this shape."""
        tools = self._tools_of(bundle)
        shape = answer_shape(operation, nodes)
        place = (operation.shape, gate.rules.fingerprint, response_key(nodes[0]), shape)
        known = tools.answers.get(place)
        if known is None:
            root = plan_answer(
                operation, gate, bundle.names, self._limits, nodes, keys_condition(collection),
                collection.name, many=many,
            )  # fmt: skip
            made = compile_roots((root,), bundle.snapshot, self._dialect, operation.wire)
            if made is None:
                raise TypeError("an answer that is read has a statement")
            known = tools.answers.put(place, made)
        return known

    # --- running --------------------------------------------------------------------------------------------

    async def _alone(
        self, operation: Operation, root: _Planned, tools: Tools, gate: Gate, context: RequestContext
    ) -> RootResult:
        try:
            if root.error is not None:
                raise root.error
            if root.call is not None:
                data: bytes | None = await answer(root.call, root.nodes, Tree.of(operation), context)
            elif root.write is None:
                data = root.json
            else:
                (written,) = await self._transact(operation, [root], tools, gate, context)
                data = self._told(operation, root, written)
        except CausewayError as error:
            return RootResult(key=root.key, data=None, error=error)
        unseen = data is None and root.write is not None and operation.wire == "graphql"
        return RootResult(key=root.key, data=data, error=forbidden() if unseen else None)

    async def _all_or_nothing(
        self,
        operation: Operation,
        planned: Sequence[_Planned],
        tools: Tools,
        gate: Gate,
        context: RequestContext,
    ) -> Outcome:
        """The refusal of one root is told of that root, or of the first where it cannot be known; all are
        null.
        """
        writes = [root for root in planned if root.write is not None]
        failed = next((root for root in planned if root.error is not None), None)
        try:
            called = next((root for root in planned if root.call is not None), None)
            if called is not None:
                failed = called
                raise invalid_query(f'"{called.nodes[0].name.value}" cannot be part of a transaction')
            if failed is not None and failed.error is not None:
                raise failed.error
            done = await self._transact(operation, writes, tools, gate, context)
        except _RootRefused as refused:
            failed, error = refused.root, refused.error
        except CausewayError as refusal:
            failed, error = failed or planned[0], refusal
        else:
            written = dict(zip((root.key for root in writes), done, strict=True))
            return Outcome(
                roots=tuple(
                    RootResult(
                        key=root.key,
                        data=self._told(operation, root, written[root.key])
                        if root.write is not None
                        else root.json,
                    )
                    for root in planned
                )
            )
        return Outcome(
            roots=tuple(
                RootResult(key=root.key, data=None, error=error if root is failed else None)
                for root in planned
            )
        )

    async def _transact(
        self,
        operation: Operation,
        roots: Sequence[_Planned],
        tools: Tools,
        gate: Gate,
        context: RequestContext,
    ) -> list[Written]:
        """Everything that `roots` write, in one transaction that is run again after a conflict."""
        arguments = [await self._arguments(operation, root, tools, gate) for root in roots]
        attempt = 1
        while True:
            try:
                async with self._database.transaction() as transaction:
                    if context.idempotency is not None:
                        known = await self._repetitions.known(transaction, context)
                        if known is not None:
                            return [Written(data=data, keys=(), records=()) for data in known]
                    done = [
                        await self._write(root, given, transaction, tools, gate, context, len(roots) > 1)
                        for root, given in zip(roots, arguments, strict=True)
                    ]
                    if context.idempotency is not None:
                        answers = [written.data for written in done]
                        await self._repetitions.keep(transaction, answers, context)
                break
            except CausewayError as error:
                upserts = any(one.on_conflict or one.upsert for one in arguments)
                again = isinstance(error, TransientError) or (upserts and error.code == "RECORD_NOT_UNIQUE")
                if not again or attempt >= _ATTEMPTS:
                    raise
                await asyncio.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311 - no secret
                attempt += 1
        await self._events.publish(
            event for written in done for event in happened(written.records, context.actor.user)
        )
        return done

    async def _arguments(self, operation: Operation, root: _Planned, tools: Tools, gate: Gate) -> Arguments:
        """What the root is given. Secrets are hashed here, before anything is held, for who may write."""
        given = _arguments(operation, root, tools)
        write = root.write
        if given.payload is None or write is None:
            return given
        action: Action = "create" if write.kind.startswith("create") else "update"
        if gate.scope(action, write.collection.name) is None:
            raise forbidden_collection(write.collection.name)
        payload = await with_hashes(given.payload, write.collection, tools.snapshot, self._hasher)
        return replace(given, payload=payload)

    async def _write(
        self,
        root: _Planned,
        arguments: Arguments,
        transaction: Transaction,
        tools: Tools,
        gate: Gate,
        context: RequestContext,
        among_others: bool,
    ) -> Written:
        if root.write is None:
            raise TypeError("a root that is no write has no rows")
        try:
            lookups = tools.lookups(transaction, context)
            history = tools.history(context)
            writer = RootWriter(
                root.write,
                arguments,
                snapshot=tools.snapshot,
                context=context,
                transaction=transaction,
                lookups=lookups,
                preparer=tools.preparer(transaction, lookups, gate, context),
                performer=tools.performer(transaction, history),
                history=history,
                limits=self._limits,
            )
            written = await writer.run()
            await self._behaviors.within(transaction, written.records)
            await history.write(transaction, tools.images(transaction, context))
        except CausewayError as error:
            if among_others and not isinstance(error, TransientError):
                raise _RootRefused(root, error) from error
            raise
        return written

    def _told(self, operation: Operation, root: _Planned, written: Written) -> bytes | None:
        if root.write is None or root.write.kind not in _DELETED or operation.wire == "rest":
            # REST tells nothing of what is gone, and selects what a deletion is bound to
            return written.data
        made = _DELETED[root.write.kind]
        name = next(iter(made.fields))
        value = {name: json.loads(written.data or b"null")}
        tree = Tree.of(operation)
        return encode(selected(value, made.name, root.nodes, tree, {made.name: made}))


class _RootRefused(Exception):
    """Which of several roots was refused."""

    def __init__(self, root: _Planned, error: CausewayError) -> None:
        super().__init__(error.message)
        self.root = root
        self.error = error


def _together(operation: Operation) -> bool:
    return any(one.name.value == "transaction" for one in operation.definition.directives or ())


def _arguments(operation: Operation, root: _Planned, tools: Tools) -> Arguments:
    """What the root is given. Payloads of the GraphQL door are turned into the form of REST."""
    tree = Tree.of(operation)
    given = {name: tree.argument(value) for name, value in tree.arguments(root.nodes[0]).items()}
    payload = given.get("payload")
    if "data" in given and root.write is not None:
        payload = rest_payload(given["data"], root.write.collection.name, tools.bundle.names, tools.snapshot)
    conflict = given.get("on_conflict") or ()
    match = given.get("if_match") or ()
    return Arguments(
        payload=payload,
        id=given.get("id"),
        ids=given.get("ids"),
        on_conflict=(conflict,) if isinstance(conflict, str) else tuple(conflict),
        max_affected=given.get("max_affected"),
        if_match=(match,) if isinstance(match, str) else tuple(match),
        upsert=bool(given.get("upsert")),
        variables=operation.variables,
    )
