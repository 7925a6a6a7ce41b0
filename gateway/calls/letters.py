"""Invitations, registration and lost passwords, as mutations."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from gateway.calls.making import Arguments, mutation, own
from resolvers.behaviors.invitations import Invitations
from resolvers.behaviors.password_reset import PasswordReset
from resolvers.behaviors.registration import Applicant, Registration
from resolvers.calls import CallRoot
from resolvers.context import RequestContext

_REGISTER: Final = {
    "email": "String!",
    "password": "String!",
    "verification_url": "String",
    "first_name": "String",
    "last_name": "String",
}
_ACCEPT: Final = {"token": "String!", "password": "String!"}


def password_reset_calls(reset: PasswordReset) -> tuple[CallRoot, ...]:
    async def request(arguments: Arguments, context: RequestContext) -> bool:
        await reset.request(arguments["email"], arguments.get("reset_url"), context)
        return True

    async def change(arguments: Arguments, context: RequestContext) -> bool:
        await reset.reset(arguments["token"], arguments["password"], context)
        return True

    asked = {"email": "String!", "reset_url": "String"}
    return (
        mutation("auth_password_request", "Boolean", request, asked),
        mutation("auth_password_reset", "Boolean", change, _ACCEPT),
    )


def invitation_calls(invitations: Invitations) -> tuple[CallRoot, ...]:
    """`users_invite_all`: what REST asks, with any number of addresses."""

    async def invite(arguments: Arguments, context: RequestContext) -> bool:
        emails = [arguments["email"]]
        await invitations.invite(emails, arguments["role"], arguments.get("invite_url"), context)
        return True

    async def invite_all(arguments: Arguments, context: RequestContext) -> bool:
        emails = arguments["email"]
        await invitations.invite(emails, arguments["role"], arguments.get("invite_url"), context)
        return True

    async def accept(arguments: Arguments, context: RequestContext) -> bool:
        await invitations.accept(arguments["token"], arguments["password"], context)
        return True

    one = {"email": "String!", "role": "String!", "invite_url": "String"}
    several = {**one, "email": "[String!]!"}
    return (
        own(mutation("users_invite", "Boolean", invite, one)),
        replace(mutation("users_invite_all", "Boolean", invite_all, several), internal=True),
        mutation("users_invite_accept", "Boolean", accept, _ACCEPT),
    )


def registration_calls(registration: Registration, public_url: str) -> tuple[CallRoot, ...]:
    """`users_register_verified`: what a link of a mail asks; says where the browser goes from there."""
    users = f"{urlsplit(public_url).path.rstrip('/')}/admin/users"

    async def register(arguments: Arguments, context: RequestContext) -> bool:
        applicant = Applicant(
            email=arguments["email"],
            password=arguments["password"],
            first_name=arguments.get("first_name"),
            last_name=arguments.get("last_name"),
            url=arguments.get("verification_url"),
        )
        await registration.register(applicant, context)
        return True

    async def verify(arguments: Arguments, context: RequestContext) -> bool:
        await registration.verify(arguments["token"], context)
        return True

    async def verified(arguments: Arguments, context: RequestContext) -> str:
        return f"{users}/{await registration.verify(arguments['token'], context)}"

    token = {"token": "String!"}
    return (
        mutation("users_register", "Boolean", register, _REGISTER),
        mutation("users_register_verify", "Boolean", verify, token),
        replace(mutation("users_register_verified", "String", verified, token), internal=True),
    )
