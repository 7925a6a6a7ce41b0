"""The second factor of one's own login, as mutations; and of somebody else's, for administrators."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from gateway.calls.making import Arguments, mutation, own, setting_up
from resolvers.behaviors.second_factor import SecondFactor
from resolvers.calls import CallObject, CallRoot
from resolvers.context import RequestContext

_TFA: Final = CallObject(
    name="users_me_tfa_generate_data", fields={"secret": "String", "otpauth_url": "String"}
)


def second_factor_calls(second: SecondFactor) -> tuple[CallRoot, ...]:
    async def generate(arguments: Arguments, context: RequestContext) -> Any:
        return await second.generate(arguments["password"], context)

    async def enable(arguments: Arguments, context: RequestContext) -> bool:
        await second.enable(arguments["secret"], arguments["otp"], context)
        return True

    async def disable(arguments: Arguments, context: RequestContext) -> bool:
        await second.disable(arguments["otp"], context)
        return True

    async def disable_of(arguments: Arguments, context: RequestContext) -> bool:
        await second.disable_of(arguments["user"], context)
        return True

    code = {"otp": "String!"}
    made = "users_me_tfa_generate_data"
    return (
        setting_up(mutation("users_me_tfa_generate", made, generate, {"password": "String!"}, _TFA)),
        setting_up(mutation("users_me_tfa_enable", "Boolean", enable, {**code, "secret": "String!"})),
        own(mutation("users_me_tfa_disable", "Boolean", disable, code)),
        replace(mutation("users_tfa_disable", "Boolean", disable_of, {"user": "ID!"}), internal=True),
    )
