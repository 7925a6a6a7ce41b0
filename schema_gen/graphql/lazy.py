"""A `GraphQLSchema` whose types are made when they are looked for.

The library's own constructor walks every type there is, by recursion: 500 tables take half a second and a
chain of 500 relations ends in a stack overflow. Validation needs the few types that a document names, so here
the type map, and the fields of the roots, are made on look-up. What asks for all of them (introspection, SDL)
gets those that can be reached from the roots, found without recursion.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any, Final

from graphql import (
    GraphQLDirective,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    GraphQLUnionType,
    get_named_type,
    introspection_types,
)

#: types after which a builder in a thread lets other threads run
_BREATH: Final = 32


class Lazy(dict[str, Any]):
    """A mapping whose look-ups make values and whose iteration makes them all.

    `find`: name -> value, the same one each time, or None; `everything`: all of them, in order.
    """

    def __init__(self, find: Callable[[str], Any], everything: Callable[[], Mapping[str, Any]]) -> None:
        super().__init__()
        self._find = find
        self._everything = everything
        self.complete = False

    def fill(self) -> None:
        if not self.complete:
            self.update(self._everything())
            self.complete = True

    def __missing__(self, name: str) -> Any:
        found = self._find(name)
        if found is None:
            raise KeyError(name)
        return found

    def get(self, name: str, default: Any = None, /) -> Any:
        return self._find(name) or default

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        self.fill()
        return super().__iter__()

    def __len__(self) -> int:
        self.fill()
        return super().__len__()

    def keys(self) -> Any:
        self.fill()
        return super().keys()

    def values(self) -> Any:
        self.fill()
        return super().values()

    def items(self) -> Any:
        self.fill()
        return super().items()


def reachable(roots: Iterable[GraphQLNamedType]) -> dict[str, GraphQLNamedType]:
    """The roots and all that can be reached from them, the latter by name. Lets other threads run in
    between.
    """
    found = {root.name: root for root in roots}
    reached: dict[str, GraphQLNamedType] = {}
    pending = [*found.values(), *introspection_types.values()]
    while pending:
        type_ = pending.pop()
        if type_.name not in reached:
            reached[type_.name] = type_
            pending.extend(_neighbours(type_))
            if len(reached) % _BREATH == 0:
                time.sleep(0)
    for name in sorted(reached):
        found.setdefault(name, reached[name])
    return found


def _neighbours(type_: GraphQLNamedType) -> Iterable[GraphQLNamedType]:
    if isinstance(type_, GraphQLObjectType):
        for field in type_.fields.values():
            yield get_named_type(field.type)
            for argument in field.args.values():
                yield get_named_type(argument.type)
    elif isinstance(type_, GraphQLInputObjectType):
        for entry in type_.fields.values():
            yield get_named_type(entry.type)
    elif isinstance(type_, GraphQLUnionType):
        yield from type_.types


class LazySchema(GraphQLSchema):
    """`find`: type name -> type, or None for a name that means nothing here. Known to be valid.

    Without `introspection` the schema answers nothing about itself: `__schema` and `__type` are fields that
    do not exist.
    """

    def __init__(
        self,
        *,
        query: GraphQLObjectType,
        mutation: GraphQLObjectType | None,
        find: Callable[[str], GraphQLNamedType | None],
        directives: tuple[GraphQLDirective, ...],
        introspection: bool = True,
    ) -> None:
        super().__init__(directives=directives, assume_valid=True)
        self.query_type = query
        self.mutation_type = mutation
        self.introspection = introspection
        roots = [query] if mutation is None else [query, mutation]
        by_name: dict[str, GraphQLNamedType] = {root.name: root for root in roots}
        self._types = Lazy(lambda name: by_name.get(name) or find(name), lambda: reachable(roots))
        self.type_map = self._types

    def get_field(self, parent_type: GraphQLType, field_name: str) -> GraphQLField | None:
        if not self.introspection and field_name in ("__schema", "__type"):
            return None
        return super().get_field(parent_type, field_name)  # type: ignore[arg-type]

    @property
    def complete(self) -> bool:
        """Every type has been made."""
        return self._types.complete

    def fill(self) -> None:
        """Makes every type that can be reached."""
        self._types.fill()

    def dissolve(self, shared: Container[GraphQLNamedType]) -> None:
        """Ends the schema: its types, which refer to each other, let go of each other, so that they are freed
        at once. Left to the collector of cycles, 500 tables stop every thread for a tenth of a second.
        `shared`: types that other schemas have, too.
        """
        made = dict.values(self._types) if self._types.complete else ()
        for number, type_ in enumerate(list(made)):
            if type_ not in shared:
                type_.__dict__.clear()
            if number % _BREATH == 0:
                time.sleep(0)
        self.__dict__.clear()
