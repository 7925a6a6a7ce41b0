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
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from resolvers.behaviors.rows import RowBehaviors
from resolvers.bundle import Bundle
from resolvers.calls import CallObject, Calls, answer, encode, selected
from resolvers.context import RequestContext
from resolvers.events import Events, happened
from resolvers.files.leaving import Departing
from resolvers.operation import Operation, Outcome, RootResult
from resolvers.paging import Limits
from resolvers.permissions import Action, Gate
from resolvers.secrets import Hasher
from resolvers.sql.dialects.base import SqlDialect
from resolvers.tree import Tree
from resolvers.writing.broken_keys import told_at_commit
from resolvers.writing.hashing import with_hashes
from resolvers.writing.idempotency import Repetitions
from resolvers.writing.items import read_item
from resolvers.writing.planning import MutationPlanner, PlannedRoot
from resolvers.writing.root import Arguments, RootWriter, Written
from resolvers.writing.spelling import rest_payload
from resolvers.writing.tools import Tools
from schema_gen.database import Database, Transaction
from schema_gen.errors import (
    CausewayError,
    SchemaMoved,
    TransientError,
    forbidden,
    forbidden_collection,
    invalid_query,
)
from schema_gen.naming import MutationKind

#: times that a transaction is begun before its conflict is told
_ATTEMPTS: Final = 12
#: the same for an upsert that meets a key which is there: where another upsert was quicker, the next attempt
#: finds its item; what fails once more is another constraint, and stays what it is
_UPSERT_ATTEMPTS: Final = 3
#: seconds: the longest pause before the first further attempt, which doubles with each; the longest of all
_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 2.0


_DELETED: Final[Mapping[str, CallObject]] = {
    "delete_item": CallObject(name="delete_one", fields={"id": "ID!"}),
    "delete_items": CallObject(name="delete_many", fields={"ids": "[ID]!"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One operation of one caller."""

    operation: Operation
    tools: Tools
    gate: Gate
    context: RequestContext


class Mutations:
    """One for each project. `renewed`: reads the schema again for a root that failed on a bundle."""

    def __init__(
        self,
        database: Database,
        limits: Limits,
        dialect: SqlDialect,
        calls: Calls,
        hasher: Hasher,
        events: Events,
        behaviors: RowBehaviors,
        renewed: Callable[[Bundle], Awaitable[Bundle | None]],
    ) -> None:
        self._database = database
        self._limits = limits
        self._dialect = dialect
        self._planner = MutationPlanner(calls, limits)
        self._hasher = hasher
        self._events = events
        self._repetitions = Repetitions(database)
        self._behaviors = behaviors
        self._renewed = renewed
        self._tools: Tools | None = None

    async def execute(self, operation: Operation, bundle: Bundle, context: RequestContext) -> Outcome:
        """Errors are per root; nothing is raised for what the caller asked wrongly. `SchemaMoved` where the
        bundle is out of date and nothing was done.
        """
        if context.idempotency is not None:
            await self._repetitions.prepare()
        run, planned = await self._planned(operation, bundle, context)
        if _together(operation):
            return await self._all_or_nothing(run, planned)
        results: list[RootResult] = []
        while len(results) < len(planned):
            try:
                results.append(await self._alone(run, planned[len(results)]))
            except SchemaMoved as moved:
                if not results:
                    raise
                renewed = await self._renewed(run.tools.bundle)
                if renewed is None:
                    raise RuntimeError("a root failed after others were done") from moved
                run, planned = await self._planned(operation, renewed, context)
        return Outcome(roots=tuple(results))

    async def _planned(
        self, operation: Operation, bundle: Bundle, context: RequestContext
    ) -> tuple[_Run, Sequence[PlannedRoot]]:
        run = _Run(
            operation=operation,
            tools=self._tools_of(bundle),
            gate=bundle.gate(context.rules),
            context=context,
        )
        return run, await self._planner.plan(operation, run.tools, run.gate)

    def _tools_of(self, bundle: Bundle) -> Tools:
        if self._tools is None or self._tools.bundle is not bundle:
            self._tools = Tools(bundle, self._dialect, self._database.dialect, self._hasher)
        return self._tools

    async def foresee(
        self,
        bundle: Bundle,
        collection: str,
        payload: Mapping[str, Any],
        context: RequestContext,
        *,
        key: Any = None,
        filled: frozenset[str],
        touched: frozenset[str] = frozenset(),
    ) -> None:
        """Raises what the caller would be refused who creates such an item, or updates the one of that key,
        as far as that can be known before `filled` are. `touched`: fields of those that take a right.
        Nothing is written, and nothing held.
        """
        tools, gate = self._tools_of(bundle), bundle.gate(context.rules)
        action: Action = "create" if key is None else "update"
        if gate.scope(action, collection) is None:
            raise forbidden_collection(collection)
        home = tools.snapshot.collections[collection]
        lookups = tools.lookups(self._database, context)
        preparer = tools.preparer(self._database, lookups, gate, context)
        item = read_item(payload, home, tools.snapshot, untold=gate.untold)
        await preparer.foresee(home, item, key, filled, touched)

    # --- running --------------------------------------------------------------------------------------------

    async def _alone(self, run: _Run, root: PlannedRoot) -> RootResult:
        try:
            if root.error is not None:
                raise root.error
            if root.call is not None:
                data: bytes | None = await answer(root.call, root.nodes, Tree.of(run.operation), run.context)
            elif root.write is None:
                data = root.json
            else:
                written = await self._written(run, root)
                data = self._told(run.operation, root, written)
        except CausewayError as error:
            return RootResult(key=root.key, data=None, error=error)
        unseen = data is None and root.write is not None and run.operation.wire == "graphql"
        return RootResult(key=root.key, data=data, error=forbidden() if unseen else None)

    async def _written(self, run: _Run, root: PlannedRoot) -> Written:
        """A root by itself, and what it brings before."""
        if root.brings is None:
            (written,) = await self._transact(run, [root], together=False)
            return written
        call, tree, context = root.brings, Tree.of(run.operation), run.context
        kept = None if context.idempotency is None else await self._repetitions.kept(context)
        if kept is not None:
            return Written(data=kept[0], keys=(), records=())
        payload = _arguments(run.operation, root, run.tools).payload
        filled = call.filled - payload.keys()
        await self.foresee(run.tools.bundle, call.collection, payload, context, filled=filled)
        given = {name: tree.argument(value) for name, value in tree.arguments(root.nodes[0]).items()}
        brought = await call.bring(given, payload, context)
        run = replace(run, context=replace(run.context, facts=(brought.facts,)))
        try:
            (written,) = await self._transact(run, [root], together=False)
        except BaseException:
            await brought.discard()
            raise
        if not written.keys:
            # the answer to a repetition that came meanwhile: its item was made of what that one brought
            await brought.discard()
        return written

    async def _all_or_nothing(self, run: _Run, planned: Sequence[PlannedRoot]) -> Outcome:
        """The refusal of one root is told of that root, or of the first where it cannot be known; all are
        null.
        """
        writes = [root for root in planned if root.write is not None]
        failed = next((root for root in planned if root.error is not None), None)
        try:
            called = next((root for root in planned if root.call or root.brings), None)
            if called is not None:
                failed = called
                raise invalid_query(f'"{called.nodes[0].name.value}" cannot be part of a transaction')
            if failed is not None and failed.error is not None:
                raise failed.error
            done = await self._transact(run, writes, together=True)
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
                        data=self._told(run.operation, root, written[root.key])
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

    async def _transact(self, run: _Run, roots: Sequence[PlannedRoot], *, together: bool) -> list[Written]:
        """Everything that `roots` write, in one transaction that is run again after a conflict."""
        context = run.context
        arguments = [await self._arguments(run, root) for root in roots]
        attempt = 1
        while True:
            written = False
            try:
                async with self._database.transaction() as transaction:
                    if context.precondition is not None:
                        await context.precondition(transaction)
                    if context.idempotency is not None:
                        known = await self._repetitions.known(transaction, context)
                        if known is not None:
                            return [Written(data=data, keys=(), records=()) for data in known]
                    departing = self._behaviors.departing(transaction, run.tools.snapshot)
                    done = [
                        await self._write(run, root, given, transaction, departing, together=together)
                        for root, given in zip(roots, arguments, strict=True)
                    ]
                    gone = await departing.gone()
                    if context.idempotency is not None:
                        answers = [one.data for one in done]
                        await self._repetitions.keep(transaction, answers, context)
                    written = True
                break
            except CausewayError as error:
                upserts = any(one.on_conflict or one.upsert for one in arguments)
                if attempt >= _attempts(error, upserts=upserts):
                    if written:
                        raise told_at_commit(error) from error
                    raise
                await asyncio.sleep(random.uniform(0, min(_PAUSE * 2**attempt, _LONGEST_PAUSE)))  # noqa: S311 - no secret
                attempt += 1
        await self._behaviors.departed(gone)
        await self._events.publish(
            event for one in done for event in happened(one.records, context.actor.user)
        )
        return done

    async def _arguments(self, run: _Run, root: PlannedRoot) -> Arguments:
        """What the root is given. Secrets are hashed here, before anything is held, for who may write."""
        given = _arguments(run.operation, root, run.tools)
        write = root.write
        if write is None:
            return given
        if root.own:
            user = run.context.actor.user
            if user is None:
                raise forbidden()
            given = replace(given, id=user, payload={} if given.payload is None else given.payload)
        if run.gate.scope(_action(write.kind), write.collection.name) is None:
            raise forbidden_collection(write.collection.name)
        if given.payload is None:
            return given
        payload = await with_hashes(given.payload, write.collection, run.tools.snapshot, self._hasher)
        return replace(given, payload=payload)

    async def _write(
        self,
        run: _Run,
        root: PlannedRoot,
        arguments: Arguments,
        transaction: Transaction,
        departing: Departing,
        *,
        together: bool,
    ) -> Written:
        if root.write is None:
            raise TypeError("a root that is no write has no rows")
        try:
            tools, context = run.tools, run.context
            lookups = tools.lookups(transaction, context)
            history = tools.history()
            guard = self._behaviors.guard(transaction, tools.snapshot, context)
            writer = RootWriter(
                root.write,
                arguments,
                snapshot=tools.snapshot,
                untold=run.gate.untold,
                context=context,
                transaction=transaction,
                lookups=lookups,
                preparer=tools.preparer(transaction, lookups, run.gate, context, guard),
                performer=tools.performer(
                    transaction, history, self._behaviors.leaving(tools.snapshot, departing)
                ),
                limits=self._limits,
            )
            keys = await writer.run()
            records = tuple(history.written)
            await self._behaviors.within(transaction, records, context)
            await guard.done(records)
            keeper = tools.keeper(transaction, context)
            read = await keeper.keep(history.lines(), writer.readings(keys))
            written = Written(data=writer.answer(keys, read), keys=keys, records=records)
            if together and written.data is None and root.write.kind not in _DELETED:
                # what would be told as refused undoes the others
                raise forbidden()
        except CausewayError as error:
            if together and not isinstance(error, TransientError):
                raise _RootRefused(root, error) from error
            raise
        return written

    def _told(self, operation: Operation, root: PlannedRoot, written: Written) -> bytes | None:
        if root.write is None or root.write.kind not in _DELETED or operation.wire == "rest":
            # REST tells nothing of what is gone, and selects what a deletion is bound to
            return written.data
        made = _DELETED[root.write.kind]
        name = next(iter(made.fields))
        value = {name: json.loads(written.data or b"null")}
        tree = Tree.of(operation)
        return encode(selected(value, made.name, root.nodes, tree, {made.name: made}))


def _action(kind: MutationKind) -> Action:
    if kind in _DELETED:
        return "delete"
    return "create" if kind.startswith("create") else "update"


class _RootRefused(Exception):
    """Which of several roots was refused."""

    def __init__(self, root: PlannedRoot, error: CausewayError) -> None:
        super().__init__(error.message)
        self.root = root
        self.error = error


def _together(operation: Operation) -> bool:
    return any(one.name.value == "transaction" for one in operation.definition.directives or ())


def _listed(value: Any) -> list[Any] | None:
    return value if value is None or isinstance(value, list) else [value]


def _attempts(error: CausewayError, *, upserts: bool) -> int:
    """How often something that ended with this error is worth beginning."""
    if isinstance(error, TransientError):
        return _ATTEMPTS
    return _UPSERT_ATTEMPTS if upserts and error.code == "RECORD_NOT_UNIQUE" else 1


def _arguments(operation: Operation, root: PlannedRoot, tools: Tools) -> Arguments:
    """What the root is given. Payloads of the GraphQL door are turned into the form of REST; there one value
    may stand for a list of it.
    """
    tree = Tree.of(operation)
    given = {name: tree.argument(value) for name, value in tree.arguments(root.nodes[0]).items()}
    payload = given.get("payload")
    if "data" in given and root.write is not None:
        sent = (
            _listed(given["data"]) if root.write.kind in ("create_items", "update_batch") else given["data"]
        )
        payload = rest_payload(sent, root.write.collection.name, tools.bundle.names, tools.snapshot)
    if payload is None and root.brings is not None:
        payload = {}
    conflict = given.get("on_conflict") or ()
    match = given.get("if_match") or ()
    return Arguments(
        payload=payload,
        id=given.get("id"),
        ids=_listed(given.get("ids")),
        on_conflict=(conflict,) if isinstance(conflict, str) else tuple(conflict),
        max_affected=given.get("max_affected"),
        if_match=(match,) if isinstance(match, str) else tuple(match),
        upsert=bool(given.get("upsert")),
        variables=operation.variables,
    )
