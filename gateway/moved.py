"""Requests whose tables changed under them: run again on what the schema is now.

try: await act()
except SchemaMoved as moved: await again(project, act, bundle, moved)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from gateway.state import Project
from resolvers.bundle import Bundle
from schema_gen.errors import SchemaMoved

#: times that a request is run again
_RUNS: Final = 3

T = TypeVar("T")


async def again(project: Project, act: Callable[[], Awaitable[T]], bundle: Bundle, moved: SchemaMoved) -> T:
    """What `act` gives that failed on `bundle`, whose tables are no longer those of the database.

    Nothing of it was done. It is run on what the schema is now, again where that has changed once more
    meanwhile; where it has not changed, the request failed for another reason, and `moved` is raised.
    """
    for _ in range(_RUNS):
        renewed = await project.schema.renewed(bundle)
        if renewed is None:
            break
        bundle = renewed
        try:
            return await act()
        except SchemaMoved as once_more:
            moved = once_more
    raise moved


async def on_current_schema(project: Project, act: Callable[[], Awaitable[T]]) -> T:
    """What `act` gives, which can be run twice though the request it belongs to cannot be read twice."""
    bundle = project.holder.current
    try:
        return await act()
    except SchemaMoved as moved:
        return await again(project, act, bundle, moved)
