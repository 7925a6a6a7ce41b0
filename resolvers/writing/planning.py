"""Mutation operations -> planned roots: what each writes, and the read that answers it. Pure but for what is
kept.

    mutation { create_articles_item(data: $data) { id author { name } } }

    PlannedRoot(key="create_articles_item",
                write=WriteRoot(collection=articles, kind="create_item",
                                answer=<SELECT ... WHERE id = ANY($keys)>))

A plan depends on the document, the rules and the variables that shape the answer, never on what is written:
it is made once for each shape and kept with the snapshot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass

from graphql import FieldNode

from resolvers.calls import BringingCall, CallRoot, Calls
from resolvers.operation import Operation
from resolvers.paging import Limits
from resolvers.permissions import Gate, with_own_rows
from resolvers.plan import Literal_
from resolvers.planner import (
    OWN_CHANGE,
    plan_answer,
    plan_choice,
    plan_root,
    plan_shape,
    root_fields,
    structural_variables,
    written_variables,
)
from resolvers.sql.statement import Statement, compile_roots
from resolvers.tree import Tree
from resolvers.writing.lookups import key_object, keys_condition
from resolvers.writing.root import DELETIONS, MANY, WriteRoot
from resolvers.writing.tools import Tools
from schema_gen.errors import CausewayError, forbidden
from schema_gen.model import Collection
from schema_gen.naming import MutationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRoot:
    """What a root writes, or calls, or says by itself, or why none of it. `nodes`: where it stands in the
    document. `own`: the item is the caller's own row; `brings`: what is done before it is written.
    """

    key: str
    nodes: tuple[FieldNode, ...]
    write: WriteRoot | None = None
    call: CallRoot | None = None
    json: bytes | None = None
    error: CausewayError | None = None
    own: bool = False
    brings: BringingCall | None = None


class MutationPlanner:
    """One for each project."""

    def __init__(self, calls: Calls, limits: Limits) -> None:
        self._calls = calls
        self._limits = limits

    async def plan(self, operation: Operation, tools: Tools, gate: Gate) -> tuple[PlannedRoot, ...]:
        """Known, or made now off the event loop."""
        place = (operation.shape, gate.rules.fingerprint)
        shaping = tools.shaping.get(place)
        if shaping is None:
            written = written_variables(operation)
            shaping = tools.shaping.put(place, (written, structural_variables(operation)))
        written, structural = shaping
        kept = {name: value for name, value in operation.variables.items() if name not in written}
        key: Hashable = (place, plan_shape(kept, structural) if kept else ())
        known: tuple[PlannedRoot, ...] | None = tools.plans.get(key)
        if known is None:
            known = await asyncio.to_thread(self._make, operation, tools, gate)
            tools.plans.put(key, known)
        return known

    def _make(self, operation: Operation, tools: Tools, gate: Gate) -> tuple[PlannedRoot, ...]:
        return tuple(
            self._root(operation, tools, gate, key, tuple(nodes))
            for key, nodes in root_fields(operation).items()
        )

    def _root(
        self, operation: Operation, tools: Tools, gate: Gate, key: str, nodes: tuple[FieldNode, ...]
    ) -> PlannedRoot:
        name, bundle = nodes[0].name.value, tools.bundle
        call = self._calls.find(operation, name, gate.rules)
        if call is not None:
            return PlannedRoot(key=key, nodes=nodes, call=call)
        own = (
            operation.scope == "system"
            and name == OWN_CHANGE
            and "directus_users" in tools.snapshot.collections
        )
        found: tuple[str, MutationKind] | None = (
            ("directus_users", "update_item") if own else bundle.names.mutation(operation.scope, name)
        )
        brings = self._calls.find_bringing(operation, name, gate.rules)
        if brings is not None and brings.collection in tools.snapshot.collections:
            found = brings.collection, "create_item"
        if own:
            gate = bundle.gate(with_own_rows(gate.rules))
        try:
            if found is not None:
                collection, kind = bundle.snapshot.collections[found[0]], found[1]
                write = self._write(operation, tools, gate, nodes, collection, kind)
                return PlannedRoot(key=key, nodes=nodes, write=write, own=own, brings=brings)
            root = plan_root(operation, gate, bundle.names, self._limits, nodes)
        except CausewayError as error:
            return PlannedRoot(key=key, nodes=nodes, error=error)
        if isinstance(root.node, Literal_):
            return PlannedRoot(key=key, nodes=nodes, json=root.node.json)
        return PlannedRoot(key=key, nodes=nodes, error=forbidden())

    def _write(
        self,
        operation: Operation,
        tools: Tools,
        gate: Gate,
        nodes: tuple[FieldNode, ...],
        collection: Collection,
        kind: MutationKind,
    ) -> WriteRoot:
        arguments = Tree.of(operation).arguments(nodes[0])
        choice = answer = None
        if kind in ("update_items", "delete_items") and "ids" not in arguments:
            item = key_object(collection)
            names, limits = tools.bundle.names, self._limits
            choice = plan_choice(operation, gate, names, limits, nodes[0], collection.name, item)
        # what a deletion is bound to is read as it is selected
        if nodes[0].selection_set is not None and (kind not in DELETIONS or "if_match" in arguments):
            answer = self._answer(operation, tools, gate, nodes, collection, kind)
        return WriteRoot(collection=collection, kind=kind, answer=answer, choice=choice)

    def _answer(
        self,
        operation: Operation,
        tools: Tools,
        gate: Gate,
        nodes: tuple[FieldNode, ...],
        collection: Collection,
        kind: MutationKind,
    ) -> Statement:
        root = plan_answer(
            operation,
            gate,
            tools.bundle.names,
            self._limits,
            nodes,
            keys_condition(collection),
            collection.name,
            many=kind in MANY,
        )
        made = compile_roots((root,), tools.snapshot, tools.dialect, operation.wire)
        if made is None:
            raise TypeError("an answer that is read has a statement")
        return made
