"""JSON of all fields, as administrators are told of them, collection by collection: after a change of one
collection only its piece is made anew.

    pieces = Pieces()
    pieces.joined(snapshot)   -> b'[{"collection":"articles",...},...]'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resolvers.calls import encode
from resolvers.structure.telling import all_fields, in_order
from schema_gen.model import Collection, SchemaSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """`spaces`: database schemas of the tables that foreign keys lead to, which is all that is told of other
    collections.
    """

    home: Collection
    spaces: tuple[str | None, ...]
    json: bytes


class Pieces:
    """One for each project; may be used from any thread."""

    def __init__(self) -> None:
        self._made: Mapping[str, _Piece] = {}

    def joined(self, snapshot: SchemaSnapshot) -> bytes:
        before = self._made
        made = {name: _piece(snapshot, name, before.get(name)) for name in in_order(snapshot)}
        self._made = made
        return b"".join((b"[", b",".join(piece.json for piece in made.values() if piece.json), b"]"))


def _piece(snapshot: SchemaSnapshot, name: str, before: _Piece | None) -> _Piece:
    home = snapshot.collections[name]
    spaces = tuple(
        target.namespace
        for field in home.fields.values()
        if field.column is not None
        and field.column.foreign_table is not None
        and (target := snapshot.collections.get(field.column.foreign_table)) is not None
    )
    if before is not None and before.home is home and before.spaces == spaces:
        return before
    json = b",".join(encode(facts) for facts in all_fields(snapshot, name))
    return _Piece(home=home, spaces=spaces, json=json)
