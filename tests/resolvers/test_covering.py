"""Does one set of rules allow all that another one allows? Against a model that tries everything."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.covering import Held, covered, covers, keeps_second_factor, read_places
from resolvers.permissions import NOTHING, UNRESTRICTED, AccessRules, Action, Grant

Item = Mapping[str, int]
FIELDS: Final = ("x", "y")
ITEMS: Final[tuple[Item, ...]] = tuple({"x": x, "y": y} for x in (0, 1) for y in (0, 1))
ADDRESSES: Final = ("10.0.0.1", "10.0.0.2")
_X: Final = {"x": {"_eq": 1}}
_Y: Final = {"y": {"_eq": 1}}
RULES: Final = (None, _X, _Y, {"_and": [_X, _Y]}, {**_X, **_Y}, {"_or": [_X, _Y]})


def rules(*grants: tuple[str, Grant], admin: bool = False, app: bool = False) -> AccessRules:
    """Of one collection."""
    found: dict[tuple[Action, str], tuple[Grant, ...]] = {}
    for action, grant in grants:
        key: Any = (action, "things")
        found[key] = (*found.get(key, ()), grant)
    return AccessRules(admin=admin, app=app, grants=found)


def grant(fields: str | None = "x,y", **more: Any) -> Grant:
    return Grant(fields=None if fields is None else frozenset(filter(None, fields.split(","))), **more)


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (UNRESTRICTED, rules(("read", grant())), True),
        (UNRESTRICTED, UNRESTRICTED, True),
        (rules(("read", grant(None))), UNRESTRICTED, False),
        (NOTHING, NOTHING, True),
        (NOTHING, rules(app=True), False),
        (rules(app=True), rules(app=True), True),
        (UNRESTRICTED, rules(app=True), True),
        (rules(("read", grant("x"))), rules(("read", grant("x"))), True),
        (rules(("read", grant("x"))), rules(("read", grant("x,y"))), False),
        (rules(("read", grant("x")), ("read", grant("y"))), rules(("read", grant("x,y"))), True),
        (rules(("read", grant("x,y"))), rules(("read", grant(None))), False),
        (rules(("read", grant(None))), rules(("read", grant("x,y"))), True),
        (rules(("read", grant())), rules(("update", grant())), False),
        (rules(("read", grant(rule=_X))), rules(("read", grant())), False),
        (rules(("read", grant(rule=_X))), rules(("read", grant(rule=_Y))), False),
        (rules(("read", grant(rule=_X))), rules(("read", grant(rule={"_and": [_Y, _X]}))), True),
        (rules(("read", grant(rule={"_or": [_X, _Y]}))), rules(("read", grant(rule=_X))), False),
        (rules(("delete", grant("", rule=_X))), rules(("delete", grant(None, rule=_X))), True),
        (rules(("delete", grant("", rule=_X))), rules(("delete", grant(""))), False),
        (rules(("create", grant(validation=_X))), rules(("create", grant())), False),
        (rules(("create", grant(validation=_X))), rules(("create", grant(validation=_X))), True),
        (rules(("create", grant("x", validation=_X)), ("create", grant("y"))), rules(("create", grant("y"))),
         False),
        (rules(("create", grant("x", presets={"y": 1}))), rules(("create", grant("x"))), False),
        (rules(("create", grant("x", presets={"y": 1}))), rules(("create", grant("x", presets={"y": 1}))),
         True),
        (rules(("create", grant("x"))), rules(("create", grant("x", presets={"y": 1}))), False),
        # without the preset, what is left out of the payload meets the validation, and is none
        (rules(("create", grant(validation=_Y, presets={"y": 1}))), rules(("create", grant(validation=_Y))),
         False),
        (rules(("create", grant("x,y"))), rules(("create", grant("x", presets={"y": 1}))), True),
    ],
)  # fmt: skip
def test_examples(mine: AccessRules, theirs: AccessRules, expected: bool) -> None:
    assert covers(mine, theirs) is expected


def test_of_another_collection() -> None:
    theirs = AccessRules(grants={("read", "vault"): (grant(),)})
    assert not covers(rules(("read", grant(None))), theirs)


def test_where_a_policy_holds() -> None:
    one = Held(places=read_places("10.0.0.1"), rules=rules(("read", grant())))
    both = Held(places=read_places("10.0.0.2, 10.0.0.1"), rules=rules(("read", grant())))
    everywhere = Held(places=None, rules=rules(("read", grant())))
    assert covered([[both]], [one])
    assert covered([[everywhere]], [both])
    assert not covered([[one]], [both])
    assert not covered([[one]], [everywhere])


@pytest.mark.parametrize("binding", [{"presets": {"y": 1}}, {"validation": _X}])
def test_what_binds_elsewhere_does_not_bind_here(binding: dict[str, Any]) -> None:
    mine = Held(places=None, rules=rules(("create", grant("x", **binding))))
    free = Held(places=None, rules=rules(("create", grant("x"))))
    at_work = Held(places=read_places("10.0.0.1"), rules=rules(("create", grant("", **binding))))
    bound = Held(places=None, rules=rules(("create", grant("", **binding))))
    assert not covered([[mine]], [free, at_work])
    assert covered([[mine]], [free, bound])


def test_presets_that_contradict_each_other_are_nobodys() -> None:
    """Which of them is written hangs on what stands beside them."""
    mine = rules(*(("create", grant("x", presets={"y": value})) for value in (0, 1)))
    theirs = rules(*(("create", grant(name, presets={"y": value})) for name, value in (("x", 0), ("", 1))))
    assert covers(mine, mine)
    assert not covers(mine, theirs)


def test_each_of_several_holders_may_cover_a_part() -> None:
    x, y = ([Held(places=None, rules=rules(("read", grant(name))))] for name in FIELDS)
    theirs = [Held(places=None, rules=rules(("read", grant("x,y"))))]
    assert covered([x, y], theirs)
    assert not covered([x], theirs)


def test_who_is_bound_to_a_second_factor_stays_so() -> None:
    bound = Held(places=None, rules=AccessRules(enforce_tfa=True))
    at_work = Held(places=read_places("10.0.0.1"), rules=AccessRules(enforce_tfa=True))
    free = Held(places=None, rules=NOTHING)
    assert keeps_second_factor([bound, free], [bound])
    assert keeps_second_factor([at_work], [bound])
    assert keeps_second_factor([free], [free])
    assert not keeps_second_factor([bound], [free])
    assert not keeps_second_factor([bound], [at_work])


# --- the law: what is covered lets nobody do more -----------------------------------------------------------


def holds(rule: Mapping[str, Any] | None, item: Mapping[str, int]) -> bool:
    """What is not there meets every rule, as in validations."""
    for name, wanted in (rule or {}).items():
        if name == "_and":
            met = all(holds(part, item) for part in wanted)
        elif name == "_or":
            met = any(holds(part, item) for part in wanted)
        else:
            met = name not in item or item[name] == wanted["_eq"]
        if not met:
            return False
    return True


def merged(power: Sequence[Held], address: str, action: str) -> list[Grant]:
    """The grants that hold for a request from there, in the order in which presets are laid."""
    here = [held for held in power if held.places is None or address in held.places]
    key: Any = (action, "things")
    return sorted((one for held in here for one in held.rules.grants.get(key, ())), key=repr)


def named(one: Grant, name: str) -> bool:
    return one.fields is None or name in one.fields


def payloads() -> Iterator[dict[str, int]]:
    for x, y in itertools.product((None, 0, 1), repeat=2):
        yield {name: value for name, value in (("x", x), ("y", y)) if value is not None}


def abilities(power: Sequence[Held], address: str) -> set[Any]:
    """Everything that can be done, by trying: what is read, what items can become."""
    found: set[Any] = set()
    read = merged(power, address, "read")
    for item in ITEMS:
        seen = [one for one in read if holds(one.rule, item)]
        found |= {("read", *item.values(), "item") for _ in seen}
        found |= {("read", *item.values(), name) for one in seen for name in FIELDS if named(one, name)}
        if any(holds(one.rule, item) for one in merged(power, address, "delete")):
            found.add(("delete", *item.values()))
    for action, place in (("create", {"x": 0, "y": 0}), *(("update", item) for item in ITEMS)):
        grants = merged(power, address, action)
        fitting = [one for one in grants if action == "create" or holds(one.rule, place)]
        presets = {name: value for one in grants for name, value in (one.presets or {}).items()}
        for sent in payloads():
            if not fitting or not all(any(named(one, name) for one in fitting) for name in sent):
                continue
            written = {**presets, **sent}
            if all(holds(one.validation, written) for one in grants):
                found.add((action, *place.values(), *({**place, **written}).values()))
    return found


presets_ = st.one_of(st.none(), st.dictionaries(st.sampled_from(FIELDS), st.integers(0, 1), min_size=1))
fields_ = st.one_of(st.none(), st.frozensets(st.sampled_from(FIELDS)))
grants_ = st.builds(
    Grant, fields=fields_, rule=st.sampled_from(RULES), validation=st.sampled_from(RULES), presets=presets_
)
held_ = st.builds(
    Held,
    places=st.sampled_from([None, None, frozenset(ADDRESSES[:1]), frozenset(ADDRESSES)]),
    rules=st.dictionaries(
        st.sampled_from([(action, "things") for action in ("create", "read", "update", "delete")]),
        st.lists(grants_, min_size=1, max_size=2).map(tuple),
        max_size=2,
    ).map(lambda found: AccessRules(grants=found)),
)
powers = st.lists(held_, max_size=2)


@given(mine=powers, theirs=powers)
@settings(max_examples=200, deadline=None)
def test_what_is_covered_can_be_done_anyway(mine: list[Held], theirs: list[Held]) -> None:
    if covered([mine], theirs):
        for address in ADDRESSES:
            assert abilities(theirs, address) <= abilities(mine, address)


@given(mine=powers, part=st.sets(st.integers(0, 1)))
@settings(max_examples=60, deadline=None)
def test_everybody_covers_himself(mine: list[Held], part: set[int]) -> None:
    """And, but for what validations and presets bind, each part of him."""
    assert covered([mine], mine)
    unbound = [
        Held(
            places=held.places,
            rules=AccessRules(
                grants={
                    key: tuple(Grant(fields=one.fields, rule=one.rule) for one in found)
                    for key, found in held.rules.grants.items()
                }
            ),
        )
        for held in mine
    ]
    assert covered([unbound], [held for place, held in enumerate(unbound) if place in part])
