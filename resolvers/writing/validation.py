"""What an item has to be before it may be written: the rules of its fields, of its columns, of permissions.

    validator = Validator.of(articles, "create", snapshot)
    validator.refusals({"status": "nonsense"}, current, scope.grants, path=("author",))
    -> [FAILED_VALIDATION for "status" at "author" ..., FAILED_VALIDATION for "title": required]

Rules are asked of the payload alone (presets are in it, what is stored is not): a field that was not sent
meets every rule but `_submitted`. All rules hold at once: of each field, in order, null or missing values and
its rule, then the rules of every permission. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Final

from resolvers.operands import split_call
from resolvers.operators import ALL_OPERATORS
from resolvers.permissions import Grant
from resolvers.writing.comparing import Comparing, Failure
from resolvers.writing.current import Current, dynamic
from resolvers.writing.specials import Change, filled
from resolvers.writing.typed import decoded, moment
from schema_gen.errors import CausewayError, failed_validation
from schema_gen.model import Collection, Field, Link, SchemaSnapshot

_REQUIRED: Final = Failure(kind="required")
_NNULL: Final = Failure(kind="nnull")
_NOTHING: Final = frozenset[str]()
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """`path`: relation fields between the item and the field that failed, as the protocol tells them: the
    first is the `field`.
    """

    field: str
    failure: Failure
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCheck:
    """What one field asks. `filling`: there are variables in the rule."""

    name: str
    not_null: bool
    required: bool
    rule: Mapping[str, Any] | None
    filling: bool


def _check(field: Field, change: Change, ready: frozenset[str], in_key: bool) -> FieldCheck:
    rule = _rule(field)
    not_null = _holds(field, in_key) and field.name not in ready
    return FieldCheck(
        name=field.name,
        not_null=not_null,
        required=not_null and change == "create" and _needed(field),
        rule=rule,
        filling=rule is not None and dynamic(rule),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Validator:
    """Of one collection and change, for every request of a snapshot."""

    collection: Collection
    snapshot: SchemaSnapshot
    #: in the order of the fields
    checks: tuple[FieldCheck, ...]
    known: dict[tuple[str, str], Comparing] = dataclass_field(default_factory=dict)

    @classmethod
    def of(cls, collection: Collection, change: Change, snapshot: SchemaSnapshot) -> Validator:
        ready = filled(collection, change)
        key = collection.primary_key
        checks = (_check(field, change, ready, field.name in key) for field in collection.fields.values())
        kept = tuple(check for check in checks if check.not_null or check.rule)
        return cls(collection=collection, snapshot=snapshot, checks=kept)

    def refusals(
        self,
        payload: Mapping[str, Any],
        current: Current,
        grants: Iterable[Grant] = (),
        *,
        path: Sequence[str | int] = (),
        provided: frozenset[str] = _NOTHING,
    ) -> list[CausewayError]:
        """FAILED_VALIDATION for everything that does not hold, in the order of the protocol.

        `payload`: presets in it, specials not yet. `current`: knows the variables of `rules_of`. `grants`:
        those of the action's scope; none for administrators. `path`: from the item of the request to this
        one; indexes are left out. `provided`: fields that others fill (the foreign key: the parent).
        """
        found: list[Violation] = []
        for check in self.checks:
            if check.not_null and check.name not in provided:
                value = payload.get(check.name, _ABSENT)
                if value is None:
                    found.append(Violation(field=check.name, failure=_NNULL))
                elif value is _ABSENT and check.required:
                    found.append(Violation(field=check.name, failure=_REQUIRED))
            if check.rule:
                rule = current.filled(check.rule) if check.filling else check.rule
                found += self._violations(rule, payload, self.collection)
        for grant in grants:
            if grant.validation:
                found += self._violations(current.filled(grant.validation), payload, self.collection)
        if not found:
            return []
        place = tuple(step for step in path if isinstance(step, str))
        return [_refusal(violation, place) for violation in found]

    def _comparing(self, collection: Collection, name: str) -> Comparing:
        key = (collection.name, name)
        if key not in self.known:
            self.known[key] = Comparing.of(collection.fields.get(name))
        return self.known[key]

    # --- rules ----------------------------------------------------------------------------------------------

    def _violations(
        self, rule: Mapping[str, Any], payload: Mapping[str, Any], collection: Collection
    ) -> list[Violation]:
        found: list[Violation] = []
        for key, value in rule.items():
            if key == "_and":
                for part in _parts(value):
                    found += self._violations(part, payload, collection)
            elif key == "_or":
                found += self._any(_parts(value), payload, collection)
            else:
                found += self._field(str(key), value, payload, collection)
        return found

    def _any(
        self, parts: list[Mapping[str, Any]], payload: Mapping[str, Any], collection: Collection
    ) -> list[Violation]:
        """Nothing where one of the parts holds, else what each of them lacks."""
        tried = [self._violations(part, payload, collection) for part in parts]
        return [] if not all(tried) else [violation for violations in tried for violation in violations]

    def _field(
        self, name: str, rule: Any, payload: Mapping[str, Any], collection: Collection
    ) -> list[Violation]:
        operators = rule if isinstance(rule, Mapping) else {"_eq": rule}
        if call := split_call(name):
            return self._call(*call, operators, payload)
        name, _, branch = name.partition(":")
        value = payload.get(name, _ABSENT)
        if value is _ABSENT:
            return [Violation(field=name, failure=_REQUIRED)] if "_submitted" in operators else []
        link = self.snapshot.link(collection.name, name)
        nested = {key: item for key, item in operators.items() if link is not None and not _operator(key)}
        if link is not None and (nested or "_some" in operators or "_none" in operators):
            target = branch or link.target or str(payload.get(link.collection_field or ""))
            found = self._related(link, target, operators, nested, value)
        else:
            found = []
        own = {
            key: item
            for key, item in operators.items()
            if key not in nested and key not in ("_some", "_none")
        }
        comparing = self._comparing(collection, name)
        return found + [Violation(field=name, failure=failure) for failure in comparing.failures(own, value)]

    def _related(
        self, link: Link, target: str, operators: Mapping[str, Any], nested: Mapping[str, Any], value: Any
    ) -> list[Violation]:
        """Rules on related items are asked of those in the payload; a mere key does not meet them."""
        home = self.snapshot.collections.get(target)
        missing = [Violation(field=link.field, failure=_REQUIRED)]
        if home is None:
            return missing
        if link.kind != "o2m":
            if not isinstance(value, Mapping):
                return missing
            inner = self._violations(nested, value, home)
            return [
                Violation(
                    field=link.field, path=(violation.field, *violation.path), failure=violation.failure
                )
                for violation in inner
            ]
        items = _items(value)
        some = {**nested, **operators.get("_some", {})}
        none = operators.get("_none")
        if some and not any(not self._violations(some, item, home) for item in items):
            return missing
        if none and any(not self._violations(none, item, home) for item in items):
            return missing
        return []

    def _call(
        self, function: str, name: str, operators: Mapping[str, Any], payload: Mapping[str, Any]
    ) -> list[Violation]:
        """`year(day)`: a function of what was sent."""
        if name not in payload:
            return []
        part = _function(function, payload[name])
        return [Violation(field=name, failure=failure) for failure in _WHOLE.failures(operators, part)]


_WHOLE: Final = Comparing.of(None)


def field_rules(collection: Collection) -> tuple[Mapping[str, Any], ...]:
    """The validation rules of the fields' metadata, in the order of the fields."""
    rules = (_rule(field) for field in collection.fields.values())
    return tuple(rule for rule in rules if rule is not None)


def _rule(field: Field) -> Mapping[str, Any] | None:
    rule = (field.meta or {}).get("validation")
    return rule if isinstance(rule, Mapping) and rule else None


def rules_of(collection: Collection, grants: Iterable[Grant] = ()) -> list[Any]:
    """All that a validator and the presets of the grants may fill variables in, for `current.paths`."""
    granted = [part for grant in grants for part in (grant.validation, grant.presets) if part]
    return [*field_rules(collection), *granted]


def _holds(field: Field, in_key: bool) -> bool:
    """A column that must not be null, and that is not the database's own. SQLite lets keys be null."""
    column = field.column
    return column is not None and (in_key or not column.nullable) and not column.generated


def _needed(field: Field) -> bool:
    column = field.column
    return column is not None and not column.has_default and not column.auto_increment


def _operator(key: Any) -> bool:
    return isinstance(key, str) and key[:1] == "_" and key[1:] in ALL_OPERATORS


def _parts(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        value = list(value.values())
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list) else []


def _items(value: Any) -> list[Mapping[str, Any]]:
    """The items in a list's new content or in its changes."""
    if isinstance(value, Mapping):
        value = [item for key in ("create", "update") for item in value.get(key) or ()]
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _function(function: str, value: Any) -> int | None:
    if function == "count":
        listed = decoded(value)
        return len(listed) if isinstance(listed, (list, tuple)) else None
    when = moment(value)
    if when is None:
        return None
    if function == "week":
        return when.isocalendar().week
    if function == "weekday":
        return when.isoweekday() % 7
    part = getattr(when, function, None) if function in _PARTS else None
    return part if isinstance(part, int) else None


_PARTS: Final = frozenset({"year", "month", "day", "hour", "minute", "second"})


def _refusal(violation: Violation, path: tuple[str, ...]) -> CausewayError:
    failure = violation.failure
    return failed_validation(
        violation.field,
        failure.kind,
        (*path, *violation.path),
        valid=failure.valid,
        invalid=failure.invalid,
        substring=failure.substring,
    )
