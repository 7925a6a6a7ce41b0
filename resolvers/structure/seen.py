"""What of the names of a database a caller may know. Pure.

    seen = Seen(gate)
    seen.collection("vault")                                 -> False: nothing there may be read
    seen.template("articles", "{{ title }} {{ author.name }}") -> True, if both may be read
    seen.rule("articles", {"secret": {"_null": True}})       -> False: it names what is hidden
    seen.told_of("fields")                                   -> names of the metadata that may be read

A collection is seen by who may read it, a field by who may read that field. Administrators see everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from resolvers.permissions import Gate
from schema_gen.model import Field
from schema_gen.registry import SYSTEM

What = Literal["collections", "fields", "relations"]

_PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_CALLED: Final = re.compile(r"\w+\((?P<field>[^(),]*)[^()]*\)\Z")
_NOTHING: Final = frozenset[str]()


class Seen:
    """What one set of rules leaves of one snapshot."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._snapshot = gate.snapshot
        self.everything = gate.rules.admin

    def collection(self, name: str) -> bool:
        """Whether its fields may be told of; there is nothing to read in a folder."""
        return self._gate.read_scope(name) is not None

    def folder_or_collection(self, name: str) -> bool:
        home = self._snapshot.collections.get(name)
        return home is not None and (home.kind == "folder" or self.collection(name))

    def field(self, collection: str, name: str) -> bool:
        scope = self._gate.read_scope(collection)
        return scope is not None and name in scope.fields

    def own_field(self, field: Field) -> bool:
        """Whether the field is told. One that was named after a hidden collection, because of a foreign key,
        is not.
        """
        if not self.field(field.collection, field.name):
            return False
        if self.everything or not field.alias or field.meta is not None or field.collection in SYSTEM:
            return True
        link = self._snapshot.link(field.collection, field.name)
        return link is None or self.collection(link.target)

    def path(self, collection: str, steps: Iterable[str]) -> bool:
        """Every step of a path over relations (`author`, `item:headings`); of what cannot be followed nothing
        is seen. `$thumbnail` and the like are no fields.
        """
        home: str | None = collection
        for step in steps:
            name, _, branch = step.partition(":")
            if name.startswith("$"):
                continue
            if home is None or not self.field(home, name):
                return False
            link = self._snapshot.link(home, name)
            home = None if link is None else branch or link.target
        return True

    def template(self, collection: str, template: str) -> bool:
        return all(self.path(collection, found[1].split(".")) for found in _PLACEHOLDER.finditer(template))

    def rule(self, collection: str, rule: Any) -> bool:
        """Whether a filter names nothing that is hidden. Names that are no fields say nothing."""
        if isinstance(rule, list):
            return all(self.rule(collection, part) for part in rule)
        if not isinstance(rule, Mapping):
            return True
        return all(self._entry(collection, str(name), part) for name, part in rule.items())

    def _entry(self, collection: str, name: str, part: Any) -> bool:
        home = self._snapshot.collections.get(collection)
        called = _CALLED.match(name)
        field = (called["field"].strip() if called else name).partition(":")[0]
        if home is None or field not in home.fields:
            return self.rule(collection, part)
        if not self.field(collection, field):
            return False
        link = self._snapshot.link(collection, field)
        return self.rule(collection if link is None else link.target, part)

    def told_of(self, what: What) -> frozenset[str] | None:
        """The columns of `directus_<what>` that may be read of every row; None: all that there are.

        A permission with a rule on the rows gives none: rows are not told apart here.
        """
        scope = self._gate.read_scope(f"directus_{what}")
        if self.everything:
            return None
        if scope is None or scope.condition is not None:
            return _NOTHING
        if any(grant.fields is None and not grant.rule for grant in scope.grants):
            return None
        return scope.fields - scope.field_conditions.keys()
