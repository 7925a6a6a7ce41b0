"""How the fields of system collections are presented, as the protocol tells it: interface, display, width,
order.

    FIELD_FACTS["directus_users"]["email"]  -> {"sort": 3, "interface": "input", "width": "half", ...}

`facts.json` holds what differs from `FIELD_DEFAULTS`, as a Directus 12 server was heard to tell it
(`tests/data/make_directus12_structure.py` writes it).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

#: the metadata of a field about which there is nothing to say
FIELD_DEFAULTS: Final[Mapping[str, Any]] = {
    "interface": None,
    "options": None,
    "display": None,
    "display_options": None,
    "readonly": False,
    "hidden": False,
    "sort": None,
    "width": "full",
    "translations": None,
    "note": None,
    "conditions": None,
    "required": False,
    "group": None,
    "searchable": True,
}

#: system collection -> field -> what differs from the defaults
FIELD_FACTS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = json.loads(
    files("schema_gen.registry").joinpath("facts.json").read_text("utf-8")
)
