"""`fields`, `alias`, `deep` and `backlink` + snapshot + what the caller may read -> `Items` (see
`selection`).

Rules of the protocol:

- `*` is every readable field of the level, with relations as keys, and every alias; `*.x` asks for `x` of
  each relation, and for all plain fields.
- Explicit names that are hidden or missing are refused alike, all of one level in one sentence. A path
  through something that is no relation, or into a collection that cannot be read, is dropped without a word.
- What is asked for first stands first; aliases of plain fields stand last. They alone do not make an object:
  an item with nothing else is its key.
- `backlink=false`: wildcards do not follow the relation that leads back to where they came from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from resolvers.operands import split_call
from resolvers.operators import FUNCTION_NAMES, FUNCTIONS
from resolvers.permissions import Gate, Scope
from rest_bridge.query import Level
from rest_bridge.selection import AnyItem, Branch, Call, Column, Items, Node, Relation
from schema_gen.errors import forbidden_collection, forbidden_field, invalid_query
from schema_gen.model import Collection, Field, Link

#: a wildcard of wildcards must not become a statement that takes seconds to write
MAX_NODES: Final = 2000
_NO_WORD: Final = re.compile(r"[^0-9A-Za-z]+")


class Step(NamedTuple):
    """What is asked below a relation: `rest` of the path, of one `branch` of a many-to-any relation or of
    all. `rest` "": the branch was named, nothing of it was.
    """

    branch: str | None
    rest: str


@dataclass(slots=True, kw_only=True)
class Selector:
    """Reads the paths of one request. `max_depth`: steps that a path may have (MAX_RELATIONAL_DEPTH)."""

    gate: Gate
    max_depth: int = 10
    backlink: bool = True
    _nodes: int = 0
    #: (place, collection) -> names that are hidden or missing there
    _refused: dict[tuple[tuple[str, ...], str], list[str]] = field(default_factory=dict)

    def select(self, collection: str, paths: tuple[str, ...], level: Level) -> Items:
        """Raises FORBIDDEN for the collection or for fields, INVALID_QUERY for functions and depth."""
        for path in paths:
            if _steps(path) > self.max_depth:
                raise invalid_query("Max relational depth exceeded")
        if self.gate.read_scope(collection) is None:
            raise forbidden_collection(collection)
        items = self._items(collection, [_inward(path) for path in paths], level, (), None)
        if self._refused:
            place, home = min(self._refused, key=lambda key: len(key[0]))
            raise forbidden_field(home, self._refused[place, home], place)
        return items

    # --- one level ------------------------------------------------------------------------------------------

    def _items(
        self, name: str, paths: list[str], level: Level, place: tuple[str, ...], came: Link | None
    ) -> Items:
        collection = self.gate.snapshot.collections[name]
        scope = self.gate.read_scope(name)
        if scope is None:
            raise forbidden_collection(name, place)
        alias = dict(level.alias)
        nodes: list[Node] = []
        last: list[Node] = []
        shown = False
        for key, steps in self._wanted(collection, scope, paths, alias, came).items():
            base = alias.get(key, key)
            node = self._node(collection, scope, key, base, steps, level, place)
            if node is None:
                continue
            self._nodes += 1
            if self._nodes > MAX_NODES:
                raise invalid_query(f'"fields" asks for more than {MAX_NODES} fields')
            if key in alias and isinstance(node, (Column, Call)):
                last.append(node)
            else:
                nodes.append(node)
                shown = True
        return Items(collection=name, nodes=(*nodes, *last) if shown else ())

    def _wanted(
        self,
        collection: Collection,
        scope: Scope,
        paths: list[str],
        alias: dict[str, str],
        came: Link | None,
    ) -> dict[str, list[Step]]:
        """Name -> what is asked below it, in the order in which names are first asked for."""
        wanted: dict[str, list[Step]] = {}
        for path in paths:
            head, rest = _first(path)
            if head == "*":
                self._wildcard(wanted, collection, scope, rest, alias, came)
                continue
            name, _, branch = head.partition(":") if ":" in head and "(" not in head else (head, "", "")
            steps = wanted.setdefault(name, [])
            if rest or branch:
                steps.append(Step(branch or None, rest))
        return wanted

    def _wildcard(
        self,
        wanted: dict[str, list[Step]],
        collection: Collection,
        scope: Scope,
        rest: str,
        alias: dict[str, str],
        came: Link | None,
    ) -> None:
        readable = [name for name in collection.fields if name in scope.fields]
        named = [*readable, *(key for key, base in alias.items() if self._known(base, scope))]
        if rest:
            for key in named:
                link = self._link(collection, alias.get(key, key))
                if link is not None and (self.backlink or not _leads_back(link, came)):
                    wanted.setdefault(key, []).append(Step(None, rest))
        for key in named:
            link = self._link(collection, alias.get(key, key))
            if link is None or not rest or (not self.backlink and _leads_back(link, came)):
                wanted.setdefault(key, [])

    def _known(self, base: str, scope: Scope) -> bool:
        call = split_call(base)
        return (call[1].partition(",")[0].strip() if call else base) in scope.fields

    def _link(self, collection: Collection, name: str) -> Link | None:
        return self.gate.snapshot.link(collection.name, name)

    # --- one field ------------------------------------------------------------------------------------------

    def _node(
        self,
        collection: Collection,
        scope: Scope,
        key: str,
        base: str,
        steps: list[Step],
        level: Level,
        place: tuple[str, ...],
    ) -> Node | None:
        """None: dropped without a word."""
        found = collection.fields.get(base)
        if found is None and (call := split_call(base)):
            return self._call(collection, scope, key, base, call, place)
        if found is None or base not in scope.fields:
            if not steps:
                self._refuse(collection, base, place)
            return None
        link = self._link(collection, base)
        if link is None:
            return None if steps or found.alias else Column(key=key, field=base)
        if link.kind == "m2a":
            return self._any(link, key, steps, level, place) if steps else Column(key=key, field=base)
        below = level.below(key)
        steps = [*steps, *(Step(None, _inward(path)) for path in below.fields)]
        if link.kind == "m2o" and not steps:
            return Column(key=key, field=base)
        if self.gate.read_scope(link.target) is None:
            return None
        if link.kind == "o2m" and (below.aggregate or below.group):
            return Relation(key=key, field=base, items=Items(collection=link.target, nodes=()), level=below)
        paths = [step.rest for step in steps if step.rest and step.branch is None]
        items = self._items(link.target, paths, below, (*place, base), link)
        return Relation(key=key, field=base, items=items, level=below)

    def _any(
        self, link: Link, key: str, steps: list[Step], level: Level, place: tuple[str, ...]
    ) -> AnyItem | None:
        branches: list[Branch] = []
        for target in link.allowed:
            if self.gate.read_scope(target) is not None:
                paths = [step.rest for step in steps if step.rest and step.branch in (None, target)]
                here = (*place, f"{link.field}:{target}")
                below = level.below(f"{key}:{target}")
                branches.append(Branch(items=self._items(target, paths, below, here, link), level=below))
        return AnyItem(key=key, field=link.field, branches=tuple(branches)) if branches else None

    def _call(
        self,
        collection: Collection,
        scope: Scope,
        key: str,
        spelled: str,
        call: tuple[str, str],
        place: tuple[str, ...],
    ) -> Node | None:
        function, argument = call
        name, comma, path = (part.strip() for part in argument.partition(","))
        if function not in FUNCTION_NAMES:
            raise invalid_query(f'Invalid function specified "{function}"')
        found = collection.fields.get(name)
        if found is None or name not in scope.fields:
            self._refuse(collection, name, place)
            return None
        if found.concealed or function not in FUNCTIONS.get(found.type, ()) or not self._countable(found):
            raise invalid_query(f'Invalid function specified "{function}"')
        if (function == "json") != bool(comma and path):
            raise invalid_query("Invalid json() syntax: requires json(field, path) format")
        if key == spelled:
            middle = f"_{_NO_WORD.sub('_', path).strip('_')}" if path else ""
            key = f"{name}{middle}_{function}"
        return Call(key=key, field=name, function=function, path=path or None)

    def _countable(self, found: Field) -> bool:
        if not found.alias:
            return True
        link = self.gate.snapshot.link(found.collection, found.name)
        return link is not None and link.kind == "o2m"

    def _refuse(self, collection: Collection, name: str, place: tuple[str, ...]) -> None:
        names = self._refused.setdefault((place, collection.name), [])
        if name not in names:
            names.append(name)


def _first(path: str) -> tuple[str, str]:
    """`author.name` -> `("author", "name")`; dots between parentheses do not separate."""
    bracket = path.find("(")
    dot = path.find(".")
    if dot < 0 or -1 < bracket < dot:
        return path, ""
    return path[:dot], path[dot + 1 :] or "."


def _inward(path: str) -> str:
    """`count(author.books)` -> `author.count(books)`: the function belongs to the last step."""
    call = split_call(path)
    if call is None:
        return path
    argument, comma, rest = call[1].partition(",")
    way, dot, last = argument.strip().rpartition(".")
    return f"{way}{dot}{call[0]}({last}{comma}{rest})"


def _steps(path: str) -> int:
    return path.partition(",")[0].count(".") + 1


def _leads_back(link: Link, came: Link | None) -> bool:
    return came is not None and link.relation is came.relation
