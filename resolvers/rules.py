"""Which rules hold for an actor: policies and permission rows become `AccessRules`.

    PolicyRow + address       -> applying_policies -> the policies that hold for this request
    policies + PermissionRow  -> merge_rules -> AccessRules(grants={("read", "articles"): (Grant(...),)})

Rules of equal content have an equal fingerprint, whatever the ids of policies and permissions are: plans
and schemas are shared by everybody who may do the same. Dynamic variables (`$CURRENT_USER`, `$NOW`) stay
as they are; the filter parser makes slots of them. `RulesLoader` reads the rows and remembers the rules
of each set of policies.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast, get_args

from resolvers.addresses import covers, parse_addresses
from resolvers.app_access import APP_PERMISSIONS, AppPermission
from resolvers.bounded import Bounded
from resolvers.permissions import NOTHING, UNRESTRICTED, AccessRules, Action, Grant
from resolvers.single_flight import SingleFlight
from resolvers.sql.access import PermissionRow, PolicyRow, permissions_of
from schema_gen.database import Database

_ACTIONS: Final = frozenset(get_args(Action))
_UNRESTRICTED_TFA: Final = AccessRules(
    admin=True, app=True, enforce_tfa=True, fingerprint=UNRESTRICTED.fingerprint
)


class Epochs(Protocol):
    """`access` changes whenever policies, roles, access, users or sessions change; `trusted` False: do not
    remember.
    """

    @property
    def access(self) -> int: ...
    @property
    def trusted(self) -> bool: ...


# --- pure ----------------------------------------------------------------------------------------------


def applying_policies(policies: Iterable[PolicyRow], ip: str | None) -> tuple[PolicyRow, ...]:
    """Those that hold for a request from `ip`: a policy that names addresses holds only there."""
    return tuple(policy for policy in policies if covers(parse_addresses(policy.ip_access), ip))


def merge_rules(policies: Sequence[PolicyRow], permissions: Iterable[PermissionRow]) -> AccessRules:
    """The union of the policies. `permissions`: the rows of these policies.

    A policy given to everybody brings its permission rows only: it never makes anyone an administrator or
    an app user. A row that cannot be read (broken JSON, unknown action) gives nothing.
    """
    own = [policy for policy in policies if not policy.public]
    tfa = any(policy.enforce_tfa for policy in own)
    if any(policy.admin for policy in own):
        return _UNRESTRICTED_TFA if tfa else UNRESTRICTED
    app = any(policy.app for policy in own)
    grants: dict[tuple[Action, str], list[Grant]] = {}
    for row in permissions:
        grant = read_grant(row)
        if grant is not None and row.action in _ACTIONS:
            grants.setdefault((cast(Action, row.action), row.collection), []).append(grant)
    if app:
        for minimum in APP_PERMISSIONS:
            grants.setdefault((minimum.action, minimum.collection), []).append(minimum_grant(minimum))
    if not grants and not app and not tfa:
        return NOTHING
    united = {key: _distinct(found) for key, found in grants.items()}
    return AccessRules(app=app, enforce_tfa=tfa, grants=united, fingerprint=fingerprint(united, app=app))


def read_grant(row: PermissionRow) -> Grant | None:
    """None for a row whose JSON is broken: what cannot be understood must not widen anything."""
    try:
        return Grant(
            fields=read_fields(row.fields),
            rule=_object(row.permissions),
            validation=_object(row.validation),
            presets=_object(row.presets),
            policy=row.policy,
        )
    except ValueError:
        return None


def minimum_grant(minimum: AppPermission) -> Grant:
    """What every app user has, as a grant."""
    return Grant(fields=read_fields(minimum.fields), rule=minimum.rule, validation=minimum.validation)


def read_fields(text: str | None) -> frozenset[str] | None:
    """`*` -> None (every field); names separated by commas -> those; nothing -> none."""
    names = frozenset(name.strip() for name in (text or "").split(",") if name.strip())
    return None if "*" in names else names


def fingerprint(grants: Mapping[tuple[Action, str], Sequence[Grant]], *, app: bool) -> str:
    """Equal for rules that allow the same. Ids of policies are left out."""
    content = sorted(
        (action, collection, [_content(g) for g in found]) for (action, collection), found in grants.items()
    )
    return hashlib.blake2b(json.dumps([app, content]).encode(), digest_size=16).hexdigest()


def _distinct(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """In one order for one content, without repetition."""
    return tuple(grant for _, grant in sorted({_content(g): g for g in grants}.items()))


def _content(grant: Grant) -> str:
    fields = None if grant.fields is None else sorted(grant.fields)
    return json.dumps(
        [fields, grant.rule or None, grant.validation or None, grant.presets or None], sort_keys=True
    )


def _object(text: str | None) -> Mapping[str, Any] | None:
    """A JSON object; null is None. Raises ValueError for anything else."""
    value = None if text is None else json.loads(text)
    if value is not None and not isinstance(value, dict):
        raise ValueError("not an object")
    return value


# --- reading and remembering ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """`until`: monotonic seconds; `rows` tell whether a re-reading found anything new."""

    epoch: int
    until: float
    rows: tuple[PermissionRow, ...]
    rules: AccessRules


class RulesLoader:
    """The rules of sets of policies, remembered for one epoch and at most `ttl` seconds.

    After that the rows are read again; where they are the same, so is the `AccessRules` object.
    """

    def __init__(self, database: Database, epochs: Epochs, *, ttl: float = 1.0, capacity: int = 1000) -> None:
        self._database = database
        self._epochs = epochs
        self._ttl = ttl
        self._known: Bounded[tuple[PolicyRow, ...], _Known] = Bounded(capacity)
        self._flights: SingleFlight[_Known] = SingleFlight()

    async def rules(self, policies: tuple[PolicyRow, ...]) -> tuple[AccessRules, float]:
        """The rules, and until when they may be remembered (monotonic seconds).

        `policies`: those that apply (see `applying_policies`).
        """
        if not policies:
            return NOTHING, math.inf
        epoch = self._epochs.access
        known = self._known.get(policies)
        stale = known is None or known.epoch != epoch or time.monotonic() >= known.until
        if known is None or stale or not self._epochs.trusted:
            known = await self._flights.run((policies, epoch), lambda: self._load(policies, epoch))
        return known.rules, known.until

    async def _load(self, policies: tuple[PolicyRow, ...], epoch: int) -> _Known:
        until = time.monotonic() + self._ttl
        admin = any(policy.admin and not policy.public for policy in policies)
        rows = () if admin else await permissions_of(self._database, [policy.id for policy in policies])
        before = self._known.get(policies)
        same = before is not None and before.rows == rows
        rules = before.rules if before is not None and same else merge_rules(policies, rows)
        known = _Known(epoch=epoch, until=until, rows=rows, rules=rules)
        return self._known.put(policies, known) if self._epochs.trusted else known
