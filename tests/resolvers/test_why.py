"""Rights told without a database: by which way policies come, what decides before any item does."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers.conditions import Constant
from resolvers.permissions import Grant, Scope
from resolvers.sql.access import PolicyRow
from resolvers.sql.why import AccessRow
from resolvers.why.callers import policy_of, ways
from resolvers.why.deciding import Known, decide
from resolvers.why.facts import Answer, Caller, Named, Permission, Question, Way
from resolvers.why.named import collection_of, unknown
from resolvers.why.telling import SELECTED, as_json, lines
from schema_gen.errors import CausewayError
from schema_gen.model import Collection, Field, SchemaSnapshot

ROLES = (Named(id="r", name="Editor"), Named(id="p", name=None))
NOTES = Collection(
    name="notes",
    fields={
        name: Field(name=name, collection="notes", type="integer", column=None) for name in ("id", "title")
    },
    primary_key=("id",),
)
ALL = Scope(fields=frozenset(NOTES.fields))


def asked(**more: Any) -> Question:
    return Question(**{"action": "read", "collection": "notes", "public": True, **more})


def known(question: Question, **more: Any) -> Known:
    return Known(
        **{"question": question, "caller": Caller(kind="public"), "collection": NOTES, "scope": ALL, **more}
    )


def test_a_policy_comes_by_several_ways() -> None:
    rows = (
        AccessRow(policy="x", role="p", user=None),
        AccessRow(policy="x", role="r", user=None),
        AccessRow(policy="x", role=None, user="u"),
        AccessRow(policy="x", role=None, user="v"),
        AccessRow(policy="y", role=None, user=None),
        AccessRow(policy="x", role="other", user=None),
    )
    row = PolicyRow(id="x")
    assert ways(row, rows, ROLES, "u") == (
        Way(through="user"),
        Way(through="role", role=ROLES[0]),
        Way(through="parent role", role=ROLES[1]),
    )
    assert ways(row, rows, (), None) == ()
    assert ways(PolicyRow(id="y", public=True), rows, (), None) == (Way(through="public"),)


def test_flags_of_a_policy_that_everybody_has_mean_nothing() -> None:
    row = PolicyRow(id="x", admin=True, app=True, enforce_tfa=True, public=True, ip_access="10.0.0.1")
    told = policy_of(row, "Public", (), applies=False)
    assert (told.admin, told.app, told.enforce_tfa) == (False, False, False)
    assert told.because == "it holds only for requests from 10.0.0.1"


@pytest.mark.parametrize(
    ("more", "question", "answer", "because"),
    [
        ({}, {}, "yes", "of every item"),
        ({"scope": None}, {}, "no", "no policy that applies has a permission for read on notes"),
        (
            {"collection": Collection(name="notes", fields={}, kind="view")},
            {"action": "delete"},
            "no",
            "a view",
        ),
        ({"collection": Collection(name="notes", fields={}, kind="folder")}, {}, "no", "a folder"),
        (
            {"scope": Scope(fields=frozenset(), condition=Constant(value=False))},
            {},
            "no",
            "names what is not there",
        ),
        ({"caller": Caller(kind="user", status="invited")}, {}, "no", "the user is invited"),
        ({}, {"action": "update", "field": "id"}, "no", "which an item keeps"),
        ({"refusal": "Not by hand."}, {"action": "update", "field": "title"}, "no", "Not by hand."),
        ({"item": "null"}, {"item": "1", "field": "title"}, "no", "which is null there"),
        ({"item": "hidden"}, {"item": "1"}, "no", "the item meets no rule"),
        ({"item": "met"}, {"item": "1"}, "yes", "the item may be touched"),
        ({"caller": Caller(kind="user", waiting=True), "scope": None}, {}, "no", "asks for a second factor"),
    ],
)
def test_what_decides(more: dict[str, Any], question: dict[str, Any], answer: str, because: str) -> None:
    told = decide(known(asked(**question), **more))
    assert told[0] == answer
    assert because in told[1]


def test_who_gives_it_is_named() -> None:
    giving = Permission(id="5", policy="x", policy_name="Writers", fields=None, names_field=True, met=True)
    other = Permission(id="6", policy="x", policy_name="Writers", fields=("id",), names_field=False, met=True)
    broken = Permission(id="7", policy="x", policy_name="Writers", readable=False)
    app = Permission(id=None, source="app", policy=None, policy_name=None, fields=None, names_field=True)
    scope = Scope(fields=ALL.fields, grants=(Grant(fields=None),))
    told = decide(known(asked(field="title"), scope=scope, permissions=(giving, other, broken, app)))
    assert told == ("yes", 'of every item, by permission 5 of the policy "Writers", app access')


def test_names_that_are_like_it() -> None:
    assert unknown("field", "titel", ["title", "tags"]).extensions["reason"].endswith('mean "title"?')
    assert unknown("field", "zzz", ["title"]).extensions["reason"] == 'There is no field "zzz"'
    snapshot = SchemaSnapshot(dialect="sqlite", collections={"notes": NOTES})
    assert collection_of(asked(), snapshot) is NOTES
    for more in ({"user": "u"}, {"public": False}, {"ip": "10.0.0"}, {"action": "create", "item": "1"}):
        with pytest.raises(CausewayError):
            collection_of(asked(**more), snapshot)


def test_json_tells_all_that_its_type_names() -> None:
    permission = Permission(id="5", policy="x", policy_name="Writers", fields=None)
    way = Way(through="role", role=ROLES[0])
    policy = policy_of(PolicyRow(id="x", ip_access="10.0.0.1", admin=True), None, (way,), applies=False)
    answer = Answer(
        question=asked(),
        answer="no",
        because="so",
        caller=Caller(kind="role", roles=ROLES, enforce_tfa=True),
        policies=(policy,),
        permissions=(permission,),
        fields=None,
        cautions=("careful",),
    )

    def leaves(value: Any, place: str = "") -> set[str]:
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value = value[0]
        if isinstance(value, dict):
            return {leaf for name, inner in value.items() for leaf in leaves(inner, f"{place}.{name}")}
        return {place[1:]}

    assert leaves(as_json(answer)) == set(SELECTED)
    told = lines(answer)
    assert told[0] == "no: so"
    assert "does not apply" in " ".join(told)
    assert told[-1] == "but careful"
