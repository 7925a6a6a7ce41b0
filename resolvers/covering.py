"""Does one set of rules allow all that another one allows? Pure.

    covers(mine, theirs)              everything that `theirs` allows, `mine` allows too
    covered([before, mine], after)    each thing that `after` allows, one of the others allows

What cannot be shown to be allowed counts as not allowed: rules are compared as they are written, part by part
of their `_and`, never by what they would find. A rule about the caller (`$CURRENT_USER`) is the same rule for
everybody.

What is asked of each thing (an action on a field of a collection): some grant of one and the same holder
names the field, under no rule or under one that is part of the other's; whoever may create or change more
freely, without a validation or a preset that the holder is bound to, may do more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from resolvers.permissions import AccessRules, Action, Grant

#: where a policy applies, as the parts of its `ip_access`; None: everywhere
Places = frozenset[str] | None

#: rows that decide who may do what
POWERS: Final = frozenset(
    f"directus_{name}" for name in ("access", "permissions", "policies", "roles", "settings", "users")
)
#: what is written is bound to validations, and filled by presets
_WRITES: Final = frozenset({"create", "update"})
#: actions that are about items as a whole
_WHOLE: Final = frozenset({"delete", "share"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one policy gives, and where."""

    places: Places
    rules: AccessRules

    def everywhere_of(self, places: Places) -> bool:
        """Whether it applies wherever the other one does."""
        return self.places is None or (places is not None and places <= self.places)


#: all that somebody holds
Power = Sequence[Held]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Granted:
    held: Held
    grant: Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holder:
    """A power, with its grants by what they are about."""

    power: Power
    grants: Mapping[tuple[Action, str], Sequence[_Granted]]

    @classmethod
    def of(cls, power: Power) -> _Holder:
        found: dict[tuple[Action, str], list[_Granted]] = {}
        for held in power:
            for key, grants in held.rules.grants.items():
                found.setdefault(key, []).extend(_Granted(held=held, grant=grant) for grant in grants)
        return cls(power=power, grants=found)


def read_places(ip_access: str | None) -> Places:
    """
    >>> sorted(read_places("10.0.0.1, 10.0.0.2") or ()), read_places(" ")
    (['10.0.0.1', '10.0.0.2'], None)
    """
    if ip_access is None or not ip_access.strip():
        return None
    return frozenset(part.strip() for part in ip_access.split(",") if part.strip())


def covers(mine: AccessRules, theirs: AccessRules) -> bool:
    return covered([(Held(places=None, rules=mine),)], (Held(places=None, rules=theirs),))


def covered(holders: Iterable[Power], theirs: Power) -> bool:
    """Whether each thing that `theirs` allow is allowed to one of the holders by himself."""
    powers = [_Holder.of(power) for power in holders]
    return all(_flags(powers, held) for held in theirs) and all(
        _grant(powers, key, one, among) for key, among in _Holder.of(theirs).grants.items() for one in among
    )


def keeps_second_factor(before: Power, after: Power) -> bool:
    """Whether who needs a second factor needs it still."""
    asked = [held for held in after if held.rules.enforce_tfa]
    return all(
        any(one.everywhere_of(held.places) for one in asked) for held in before if held.rules.enforce_tfa
    )


def _flags(powers: Sequence[_Holder], theirs: Held) -> bool:
    mine = [held.rules for one in powers for held in one.power if held.everywhere_of(theirs.places)]
    if theirs.rules.admin:
        return any(rules.admin for rules in mine)
    return not theirs.rules.app or any(rules.app or rules.admin for rules in mine)


def _grant(
    powers: Sequence[_Holder], key: tuple[Action, str], theirs: _Granted, among: Sequence[_Granted]
) -> bool:
    """Whether one grant, held with `among`, gives nothing new."""
    fitting: list[_Granted] = []
    for holder in powers:
        if any(held.rules.admin and held.everywhere_of(theirs.held.places) for held in holder.power):
            return True
        mine = holder.grants.get(key, ())
        if mine and _alike(mine, among):
            return True
        usable = [one for one in mine if _fits(one, theirs, key[0])]
        free = key[0] not in _WRITES or (
            _bound(mine, theirs, among) and _filled(key[1], mine, usable, theirs, among)
        )
        fitting += usable if free else []
    names = theirs.grant.fields
    if not fitting or key[0] in _WHOLE:
        return bool(fitting)
    if names is None:
        return any(one.grant.fields is None for one in fitting)
    return all(any(_names(one, name) for one in fitting) for name in names)


def _fits(mine: _Granted, theirs: _Granted, action: Action) -> bool:
    """Whether mine is about every item that theirs is about, wherever theirs applies."""
    here = mine.held.everywhere_of(theirs.held.places)
    # creating is not asked of items
    return here and (action == "create" or conjuncts(mine.grant.rule) <= conjuncts(theirs.grant.rule))


def _names(one: _Granted, name: str) -> bool:
    return one.grant.fields is None or name in one.grant.fields


def _alike(mine: Sequence[_Granted], theirs: Sequence[_Granted]) -> bool:
    return sorted(map(_spelled, mine)) == sorted(map(_spelled, theirs))


def _spelled(one: _Granted) -> str:
    places, grant = one.held.places, one.grant
    fields = None if grant.fields is None else sorted(grant.fields)
    parts = [sorted(conjuncts(rule)) for rule in (grant.rule, grant.validation)]
    return _text([None if places is None else sorted(places), fields, *parts, grant.presets or {}])


def _bound(mine: Iterable[_Granted], theirs: _Granted, among: Iterable[_Granted]) -> bool:
    """Whether what binds me binds them: every validation of the action holds at once."""
    asked = _parts(one.grant.validation for one in mine)
    return asked <= _parts(one.grant.validation for one in _with(among, theirs))


def _filled(
    collection: str,
    mine: Sequence[_Granted],
    usable: Sequence[_Granted],
    theirs: _Granted,
    among: Sequence[_Granted],
) -> bool:
    """Whether presets fill in what I could have sent, or what they would fill in for me."""
    given, others = _presets(mine), _presets(among)
    closed = {name for name in (*given, *others) if not any(_names(one, name) for one in usable)}
    if collection in POWERS:
        # what is preset there is given in the name of who set it, what is sent is asked of who sends it
        closed |= {*given, *others}
    if any(one.grant.validation for one in mine):
        # what is left out meets every validation, what I would have to send may not
        closed |= given.keys()
    here = _presets(_with(among, theirs))
    return all(
        len(given.get(name, ())) == 1 and given.get(name) == others.get(name) == here.get(name)
        for name in closed
    )


def _with(among: Iterable[_Granted], theirs: _Granted) -> list[_Granted]:
    """Those that apply wherever that one does."""
    return [one for one in among if one.held.everywhere_of(theirs.held.places)]


def _presets(grants: Iterable[_Granted]) -> Mapping[str, frozenset[str]]:
    """Field -> every value that it is given."""
    found: dict[str, set[str]] = {}
    for one in grants:
        for name, value in (one.grant.presets or {}).items():
            found.setdefault(name, set()).add(_text(value))
    return {name: frozenset(values) for name, values in found.items()}


def _parts(rules: Iterable[Mapping[str, Any] | None]) -> frozenset[str]:
    return frozenset(part for rule in rules for part in conjuncts(rule))


def conjuncts(rule: Mapping[str, Any] | None) -> frozenset[str]:
    """The parts of a rule that have to hold at once, in one spelling each.

    >>> sorted(conjuncts({"_and": [{"a": {"_eq": 1}}, {"b": {"_eq": 2}, "c": {"_eq": 3}}]}))
    ['{"a": {"_eq": 1}}', '{"b": {"_eq": 2}}', '{"c": {"_eq": 3}}']
    """
    found: set[str] = set()
    for key, value in (rule or {}).items():
        if key == "_and" and isinstance(value, list) and all(isinstance(part, Mapping) for part in value):
            found.update(part for rule_ in value for part in conjuncts(rule_))
        else:
            found.add(_text({key: value}))
    return frozenset(found)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
