"""The one door to data: `execute(Operation, RequestContext) -> Outcome`.

A known shape costs a look-up, the binding of its values and one statement; the JSON comes from the database
and is not parsed here. An unknown shape is planned and compiled first. One statement has one outcome: where
it fails, or a value does not fit, and the operation has several roots, they are run one by one so that the
sound ones still answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping
from typing import Any

from graphql import FieldNode, print_ast

from resolvers.bundle import Bundle, BundleHolder, Compiled, CompiledRoot
from resolvers.calls import Calls, answer
from resolvers.context import RequestContext
from resolvers.mutations import Mutations
from resolvers.operation import Operation, Outcome, RootResult
from resolvers.paging import Limits
from resolvers.permissions import Gate, with_own_rows
from resolvers.plan import Aggregate, Literal_, Plan, Read, Root
from resolvers.planner import OWN_ROOTS, plan_root, plan_shape, root_fields, structural_variables
from resolvers.sql.dialects.base import SqlDialect
from resolvers.sql.statement import compile_roots
from resolvers.tree import Tree
from schema_gen.database import Database
from schema_gen.errors import CausewayError, forbidden
from schema_gen.model import SchemaSnapshot
from schema_gen.watched import WatchedSnapshot

#: of one row: the JSON of each root that reads
Columns = tuple[bytes | None, ...]


class Engine:
    def __init__(
        self,
        database: Database,
        holder: BundleHolder,
        limits: Limits,
        dialect: SqlDialect,
        calls: Calls | None = None,
        mutations: Mutations | None = None,
    ) -> None:
        self.database = database
        self.holder = holder
        self.limits = limits
        self.dialect = dialect
        self.calls = calls or Calls()
        self.mutations = mutations

    async def execute(self, operation: Operation, context: RequestContext) -> Outcome:
        """Runs the data roots of a query. Errors are per root; nothing is raised for what the caller asked
        wrongly.
        """
        if self.mutations is not None and operation.is_mutation:
            return await self.mutations.execute(operation, self.holder.current, context)
        compiled = self.known(operation, context) or await self.compile(operation, context)
        return await self.run(compiled, operation, context)

    async def run(self, compiled: Compiled, operation: Operation, context: RequestContext) -> Outcome:
        """`execute` with the plan that the operation has for these rules."""
        statement = compiled.statement
        row: Columns = ()
        if statement is not None:
            try:
                parameters = statement.bind(operation.variables, context)
                row = await self.database.fetch_bytes(statement.text, parameters)
            except CausewayError as error:
                if len(compiled.roots) == 1:
                    return Outcome(roots=(RootResult(key=compiled.roots[0].key, data=None, error=error),))
                return await self._one_by_one(operation, context, compiled)
        if compiled.calling:
            return await self._with_calls(operation, context, compiled, row)
        return Outcome(roots=tuple([_result(root, row) for root in compiled.roots]))

    async def only(
        self, compiled: Compiled, variables: Mapping[str, Any], context: RequestContext
    ) -> bytes | None:
        """`run` for a plan whose one root reads: its JSON, and its error raised."""
        statement = compiled.statement
        if statement is None:
            raise TypeError("a root that reads has a statement")
        row = await self.database.fetch_bytes(statement.text, statement.bind(variables, context))
        return _read_column(compiled.roots[0], row)

    def known(self, operation: Operation, context: RequestContext) -> Compiled | None:
        """The compiled plan of the operation for these rules, where its shape was asked before."""
        bundle = self.holder.current
        return bundle.plan(_place(operation, bundle, context))

    async def compile(self, operation: Operation, context: RequestContext) -> Compiled:
        """The compiled plan of the operation for these rules: known, or made now off the event loop, since a
        wildcard over three relations takes a tenth of a second.
        """
        bundle = self.holder.current
        place = _place(operation, bundle, context)
        compiled = bundle.plan(place)
        if compiled is None:
            compiled = await asyncio.to_thread(self._make, operation, bundle, context)
            bundle.plans.put(place, compiled)
        return compiled

    def _make(self, operation: Operation, bundle: Bundle, context: RequestContext) -> Compiled:
        watched = WatchedSnapshot(bundle.snapshot)
        # not the bundle's: what that one has decided before would not be looked up again
        gate = Gate(context.rules, watched)
        made: list[Root | CompiledRoot] = []
        for key, nodes in root_fields(operation).items():
            made.append(self._plan_root(operation, bundle, gate, key, tuple(nodes)))
        planned = tuple(root for root in made if isinstance(root, Root))
        statement = compile_roots(planned, watched, self.dialect, operation.wire)
        roots = _layout(made)
        calling = any(root.call is not None for root in roots)
        return Compiled(
            snapshot=bundle.snapshot,
            plan=Plan(roots=planned),
            statement=statement,
            roots=roots,
            looked_up=watched.looked_up(),
            calling=calling,
        )

    def _plan_root(
        self, operation: Operation, bundle: Bundle, gate: Gate, key: str, nodes: tuple[FieldNode, ...]
    ) -> Root | CompiledRoot:
        name = nodes[0].name.value
        call = self.calls.find(operation, name, gate.rules)
        if call is not None:
            return CompiledRoot(key=key, call=call, nodes=nodes)
        if name in OWN_ROOTS:
            gate = Gate(with_own_rows(gate.rules), gate.snapshot)
        try:
            return plan_root(operation, gate, bundle.names, self.limits, nodes)
        except CausewayError as error:
            return CompiledRoot(key=key, error=error)

    async def _with_calls(
        self,
        operation: Operation,
        context: RequestContext,
        compiled: Compiled,
        row: Columns,
    ) -> Outcome:
        """Calls run one after the other, in the order of the document."""
        return Outcome(roots=tuple([await self._called(operation, context, r, row) for r in compiled.roots]))

    async def _called(
        self, operation: Operation, context: RequestContext, root: CompiledRoot, row: Columns
    ) -> RootResult:
        if root.call is None:
            return _result(root, row)
        try:
            data = await answer(root.call, root.nodes, Tree.of(operation), context)
        except CausewayError as error:
            return RootResult(key=root.key, data=None, error=error)
        return RootResult(key=root.key, data=data)

    async def _one_by_one(self, operation: Operation, context: RequestContext, compiled: Compiled) -> Outcome:
        planned = {root.key: root for root in compiled.plan.roots}
        results: list[RootResult] = []
        for root in compiled.roots:
            if root.column is None:
                results.append(await self._called(operation, context, root, ()))
            else:
                results.append(await self._alone(operation, context, compiled.snapshot, planned[root.key]))
        return Outcome(roots=tuple(results))

    async def _alone(
        self, operation: Operation, context: RequestContext, snapshot: SchemaSnapshot, root: Root
    ) -> RootResult:
        statement = compile_roots((root,), snapshot, self.dialect, operation.wire)
        if statement is None:
            raise TypeError("a root that reads has a statement")
        try:
            parameters = statement.bind(operation.variables, context)
            row = await self.database.fetch_bytes(statement.text, parameters)
        except CausewayError as error:
            return RootResult(key=root.key, data=None, error=error)
        return _result(_column(root, 0), row)

    async def explain(self, operation: Operation, context: RequestContext) -> Mapping[str, Any]:
        """What would be done: the operation, its SQL and parameters' count, the database's own plan, the
        rules applied.
        """
        compiled = await self.compile(operation, context)
        gate = self.holder.current.gate(context.rules)
        for root in compiled.roots:
            if root.error is not None:
                raise root.error
        answer: dict[str, Any] = {
            "operation": print_ast(operation.document),
            "sql": compiled.statement.text if compiled.statement else None,
            "plan": None,
            "permissions": {
                root.node.collection.name: _applied(gate, root.node.collection.name)
                for root in compiled.plan.roots
                if isinstance(root.node, (Read, Aggregate))
            },
        }
        if compiled.statement is not None:
            prefix = "EXPLAIN QUERY PLAN " if self.dialect.name == "sqlite" else "EXPLAIN (FORMAT TEXT) "
            parameters = compiled.statement.bind(operation.variables, context)
            rows = await self.database.fetch(prefix + compiled.statement.text, parameters)
            answer["plan"] = [str(row[-1]) for row in rows]
        return answer


def _place(operation: Operation, bundle: Bundle, context: RequestContext) -> Hashable:
    """What a plan depends on, besides the snapshot of the bundle."""
    asked = (operation.shape, context.rules.fingerprint)
    variables = operation.variables
    if not variables:
        return (asked, ())
    structural = bundle.structural.get(asked)
    if structural is None:
        structural = bundle.structural.put(asked, structural_variables(operation))
    return (asked, plan_shape(variables, structural))


def _applied(gate: Gate, collection: str) -> Any:
    scope = gate.read_scope(collection)
    if gate.rules.admin or scope is None:
        return None
    return {
        "fields": sorted(scope.fields),
        "rules": [{"policy": grant.policy, "filter": grant.rule} for grant in scope.grants],
        "narrower_fields": sorted(scope.field_conditions),
    }


def _layout(made: list[Root | CompiledRoot]) -> tuple[CompiledRoot, ...]:
    layout: list[CompiledRoot] = []
    column = 0
    for root in made:
        if isinstance(root, CompiledRoot):
            layout.append(root)
        elif isinstance(root.node, Literal_):
            layout.append(CompiledRoot(key=root.key, json=root.node.json))
        else:
            layout.append(_column(root, column))
            column += 1
    return tuple(layout)


def _column(root: Root, column: int) -> CompiledRoot:
    return CompiledRoot(key=root.key, column=column, required=root.required, fallback=root.fallback)


def _result(root: CompiledRoot, row: Columns) -> RootResult:
    if root.column is None:
        return RootResult(key=root.key, data=root.json, error=root.error)
    try:
        return RootResult(key=root.key, data=_read_column(root, row))
    except CausewayError as error:
        return RootResult(key=root.key, data=None, error=error)


def _read_column(root: CompiledRoot, row: Columns) -> bytes | None:
    """Raises FORBIDDEN where there has to be an item and none is seen."""
    data = row[root.column or 0]
    if data is None:
        if root.required:
            raise forbidden()
        return root.fallback
    return data
