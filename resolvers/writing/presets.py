"""Presets of permissions: values that an actor's items get where its payload has none.

    presets(grants, current)  -> {"status": "draft", "owner": "6f0e..."}
    {**presets, **payload}    is what is written

What is sent wins, null too; of several grants the later. A preset may fill a field that its actor must not
name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from resolvers.permissions import Grant
from resolvers.writing.current import Current, as_json


def presets(grants: Iterable[Grant], current: Current) -> Mapping[str, Any]:
    """The presets of an action's grants (`Scope.grants`), variables filled, as payload values."""
    merged: dict[str, Any] = {}
    for grant in grants:
        if grant.presets:
            merged.update(grant.presets)
    return {name: as_json(current.filled(value)) for name, value in merged.items()}
