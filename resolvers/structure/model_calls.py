"""The roots of the data model as a document, which REST asks through the bridge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resolvers.calls import CallRoot
from resolvers.context import RequestContext
from resolvers.structure.models import Models
from resolvers.structure.signatures import INTERNAL, bound

Arguments = Mapping[str, Any]


def model_calls(models: Models) -> tuple[CallRoot, ...]:
    async def snapshot(arguments: Arguments, context: RequestContext) -> Any:
        return await models.snapshot(context)

    async def compare(arguments: Arguments, context: RequestContext) -> Any:
        return await models.compare(arguments["payload"], context, force=bool(arguments.get("force")))

    async def apply(arguments: Arguments, context: RequestContext) -> None:
        await models.apply(arguments["payload"], context, force=bool(arguments.get("force")))

    return (
        bound(INTERNAL["structure_snapshot"], snapshot),
        bound(INTERNAL["structure_compare"], compare),
        bound(INTERNAL["structure_apply"], apply),
    )
