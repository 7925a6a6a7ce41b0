"""Bodies of named texts: what is taken, and the sentence for everything else."""

from __future__ import annotations

import doctest
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from graphql import validate

from rest_bridge import forms
from rest_bridge.forms import ACCEPT, INVITE, REGISTER, VERIFY, Form, form_operation, read_form
from schema_gen.errors import CausewayError
from schema_gen.graphql.build import build_schema
from schema_gen.graphql.view import Everything
from tests.support.project import Site, running, seed_system

ROLE: Final = "6f0e2c1a-0000-4000-8000-000000000001"
MAIL: Final = "a@example.com"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    url = f"sqlite:///{tmp_path}/forms.sqlite"
    await seed_system(url)
    async with running(url) as opened:
        yield opened


@pytest.mark.parametrize(
    ("form", "body", "sentence"),
    [
        (INVITE, {}, '"email" is required'),
        (INVITE, {"role": ROLE}, '"email" is required'),
        (INVITE, {"email": MAIL}, '"role" is required'),
        (INVITE, {"email": 5, "role": ROLE}, '"email" must be one of [string, array]'),
        (INVITE, {"email": "none", "role": ROLE}, '"email" must be a valid email'),
        (INVITE, {"email": "", "role": ROLE}, '"email" is not allowed to be empty'),
        (INVITE, {"email": [MAIL, "none"], "role": ROLE}, '"email[1]" must be a valid email'),
        (INVITE, {"email": [MAIL, 5], "role": ROLE}, '"email[1]" must be a string'),
        (INVITE, {"email": MAIL, "role": None}, '"role" must be a string'),
        (INVITE, {"email": MAIL, "role": "editors"}, '"role" must be a valid GUID'),
        (INVITE, {"email": MAIL, "role": ROLE, "invite_url": "x"}, '"invite_url" must be a valid uri'),
        (INVITE, {"email": MAIL, "role": ROLE, "invite_url": 5}, '"invite_url" must be a string'),
        (INVITE, {"email": MAIL, "role": ROLE, "status": "active"}, '"status" is not allowed'),
        (INVITE, [], '"value" must be of type object'),
        (ACCEPT, {"password": "x"}, '"token" is required'),
        (ACCEPT, {"token": "x"}, '"password" is required'),
        (ACCEPT, {"token": "x", "password": ""}, '"password" is not allowed to be empty'),
        (ACCEPT, {"token": "x", "password": "x", "role": ROLE}, '"role" is not allowed'),
        (REGISTER, {"password": "x"}, '"email" is required'),
        (REGISTER, {"email": MAIL}, '"password" is required'),
        (REGISTER, {"email": [MAIL], "password": "x"}, '"email" must be a string'),
        (REGISTER, {"email": "x", "password": "x"}, '"email" must be a valid email'),
        (REGISTER, {"email": MAIL, "password": "x", "first_name": None}, '"first_name" must be a string'),
        (REGISTER, {"email": MAIL, "password": "x", "verification_url": "/x"},
         '"verification_url" must be a valid uri'),
        (REGISTER, {"email": MAIL, "password": "x", "role": ROLE}, '"role" is not allowed'),
    ],
)  # fmt: skip
def test_wrong_bodies(form: Form, body: Any, sentence: str) -> None:
    with pytest.raises(CausewayError) as refused:
        read_form(body, form)
    assert (refused.value.code, refused.value.extensions["reason"]) == ("INVALID_PAYLOAD", sentence)


def test_one_address_or_many() -> None:
    assert read_form({"email": MAIL, "role": ROLE}, INVITE) == {"email": [MAIL], "role": ROLE}
    assert read_form({"email": [], "role": ROLE}, INVITE) == {"email": [], "role": ROLE}
    several = read_form({"email": [MAIL, "b@example.com"], "role": ROLE}, INVITE)
    assert several["email"] == [MAIL, "b@example.com"]


def test_what_is_not_there_is_not_asked() -> None:
    whole = form_operation(REGISTER, {entry.name: "x" for entry in REGISTER.entries})
    least = form_operation(REGISTER, {"email": MAIL, "password": "x"})
    assert whole.shape != least.shape
    names = [one.variable.name.value for one in least.definition.variable_definitions or ()]
    assert names == ["email", "password"]
    assert form_operation(VERIFY, {"token": "x"}).is_mutation


@pytest.mark.parametrize("form", [ACCEPT, INVITE, REGISTER, VERIFY], ids=lambda form: form.root)
async def test_every_operation_is_valid_inside(site: Site, form: Form) -> None:
    """With all that may be given, and with what has to be; some of them have a name inside only."""
    bundle = site.project.holder.current
    signatures = site.project.engine.calls.signatures
    for entries in (form.entries, [entry for entry in form.entries if entry.required]):
        operation = form_operation(form, {entry.name: "x" for entry in entries})
        for internal in (True, False):
            schema = build_schema(
                bundle.snapshot,
                bundle.names,
                Everything(bundle.snapshot),
                "system",
                signatures,
                internal=internal,
            )
            named = internal or form in (ACCEPT, REGISTER)
            assert (validate(schema, operation.document) == []) is named


def test_the_examples_of_the_module() -> None:
    assert doctest.testmod(forms).failed == 0
