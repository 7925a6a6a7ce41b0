"""Nobody grants what he does not have: what everybody could do before a change of rights, and what he can do
after it. Pure.

    raised(before, after, mine=..., taken=...) -> True: somebody may do what neither he nor the caller could

Everybody is looked at who may be touched: the public, who registers himself, each role, each user with
policies of his own or whose row was written. So it does not matter which row it was, nor how it came to be
written. Whose credentials the caller sets (`taken`) may do nothing that the caller may not do: the account is
as good as his.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from resolvers.covering import Held, Power, covered, keeps_second_factor, read_places
from resolvers.rules import merge_rules
from resolvers.sql.powers import Facts

#: policies by id; public ones give their permissions only
Ids = frozenset[tuple[str, bool]]


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The rights of all, as `facts` have them."""

    facts: Facts

    @cached_property
    def by_role(self) -> Mapping[str, list[str]]:
        return _grouped((one.role, one.policy) for one in self.facts.access)

    @cached_property
    def by_user(self) -> Mapping[str, list[str]]:
        return _grouped((one.user, one.policy) for one in self.facts.access)

    @cached_property
    def public(self) -> Ids:
        given = (one.policy for one in self.facts.access if one.role is None and one.user is None)
        return frozenset((policy, True) for policy in given)

    @cached_property
    def _held(self) -> dict[tuple[str, bool], Held]:
        return {}

    def of(self, user: str | None, role: str | None) -> Ids:
        """Of a user with that role, or of all that have it."""
        own = list(self.by_user.get(user, ())) if user is not None else []
        for each in self._chain(role):
            own += self.by_role.get(each, ())
        given = frozenset((policy, False) for policy in own)
        return given if role is not None else given | {one for one in self.public if one[0] not in own}

    def power(self, ids: Iterable[tuple[str, bool]]) -> Power:
        return tuple(self.held(one) for one in sorted(ids) if one[0] in self.facts.policies)

    def held(self, one: tuple[str, bool]) -> Held:
        if one not in self._held:
            policy, public = one
            row = self.facts.policies[policy]
            rules = merge_rules((replace(row, public=public),), self.facts.permissions.get(policy, ()))
            self._held[one] = Held(places=read_places(row.ip_access), rules=rules)
        return self._held[one]

    def _chain(self, role: str | None) -> list[str]:
        chain: list[str] = []
        while role is not None and role not in chain:
            chain.append(role)
            role = self.facts.parents.get(role)
        return chain


@dataclass(frozen=True, slots=True, kw_only=True)
class _Somebody:
    """`before` None: was not there."""

    before: Ids | None
    after: Ids
    taken: bool = False
    made: bool = False


def raised(
    before: Moment,
    after: Moment,
    *,
    mine: Ids,
    made: frozenset[str] = frozenset(),
    taken: frozenset[str] = frozenset(),
    chosen: frozenset[str] = frozenset(),
) -> bool:
    """Whether somebody gained what the caller could not give, or is rid of the second factor, or a policy
    that makes administrators is not what it was.

    `mine`: the policies that hold for the caller; `made`: users that were not there before; `chosen`: roles
    that permissions give to these, whatever the caller has.
    """
    givers = [before.power(mine), before.power(before.public)]
    parents = [before.power(before.of(None, role)) for role in sorted(chosen)]
    changed = {policy for policy in after.facts.policies if not _same(before, after, policy)}
    if any(before.facts.policies[policy].admin for policy in changed & before.facts.policies.keys()):
        # bound to an address, it would keep those out who could undo it
        return True
    seen: set[_Somebody] = set()
    for one in _everybody(before, after, made, taken):
        ids = one.after
        still = one.before == ids and not any(policy in changed for policy, _ in ids)
        if (still and not one.taken) or one in seen:
            continue
        seen.add(one)
        former = before.power(one.before or ())
        now = after.power(ids)
        if not covered([*givers, *(parents if one.made else [] if one.taken else [former])], now):
            return True
        if not keeps_second_factor(former, now):
            return True
    return False


def _everybody(
    before: Moment, after: Moment, made: frozenset[str], taken: frozenset[str]
) -> Iterable[_Somebody]:
    yield _Somebody(before=before.public, after=after.public)
    yield _Somebody(
        before=before.of(None, before.facts.registered), after=after.of(None, after.facts.registered)
    )
    for role in after.facts.parents:
        known = before.of(None, role) if role in before.facts.parents else None
        yield _Somebody(before=known, after=after.of(None, role))
    for user, given in after.facts.roles.items():
        former = None if user in made else before.of(user, before.facts.roles.get(user, given))
        yield _Somebody(before=former, after=after.of(user, given), taken=user in taken, made=user in made)


def _same(before: Moment, after: Moment, policy: str) -> bool:
    if policy not in before.facts.policies:
        return False
    pairs = [
        (moment.facts.policies[policy], moment.facts.permissions.get(policy, ()))
        for moment in (before, after)
    ]
    return pairs[0] == pairs[1]


def _grouped(pairs: Iterable[tuple[str | None, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, policy in pairs:
        if key is not None:
            found.setdefault(key, []).append(policy)
    return found
