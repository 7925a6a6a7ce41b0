"""What a policy with `app_access` gives beyond its own permission rows: the least the protocol's apps need.

Data, in the form of permission rows (collection, action, fields, rule, validation), as a Directus 12
server shows them. Every rule but those of public facts (collections, fields, relations, translations, a
part of the settings) is bound to the user himself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from resolvers.permissions import Action

_MINE: Final = {"_eq": "$CURRENT_USER"}
_SETTINGS: Final = (
    "id,project_url,project_logo,module_bar,storage_asset_transform,storage_asset_presets,"
    "custom_aspect_ratios,basemaps,mapbox_key,visual_editor_urls,collaborative_editing_enabled,"
    "report_error_url,ai_openai_compatible_models,ai_openai_allowed_models,"
    "ai_anthropic_allowed_models,ai_google_allowed_models,mcp_prompts_collection,"
    "default_save_action,ai_translation_default_model,ai_translation_glossary,"
    "ai_translation_style_guide"
)
_OWN_USER: Final = (
    "id,first_name,last_name,last_page,email,password,location,title,description,tags,provider,"
    "preferences_divider,avatar,language,appearance,theme_light,theme_dark,tfa_secret,status,role"
)
_SHARED_PRESETS: Final = {
    "_or": [
        {"user": _MINE},
        {"_and": [{"user": {"_null": True}}, {"role": {"_eq": "$CURRENT_ROLE"}}]},
        {"_and": [{"user": {"_null": True}}, {"role": {"_null": True}}]},
    ]
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPermission:
    """One permission row; `fields` as in the database: names separated by commas, or `*`."""

    collection: str
    action: Action
    fields: str = "*"
    rule: Mapping[str, Any] | None = None
    validation: Mapping[str, Any] | None = None


def _row(
    collection: str,
    action: Action,
    rule: Mapping[str, Any] | None = None,
    *,
    fields: str = "*",
    validation: Mapping[str, Any] | None = None,
) -> AppPermission:
    return AppPermission(
        collection=f"directus_{collection}", action=action, fields=fields, rule=rule, validation=validation
    )


APP_PERMISSIONS: Final[tuple[AppPermission, ...]] = (
    _row("collections", "read"),
    _row("fields", "read"),
    _row("relations", "read"),
    _row("translations", "read"),
    _row("activity", "read", {"user": _MINE}),
    _row("comments", "read", {"user_created": _MINE}),
    _row("comments", "create", validation={"comment": {"_nnull": True}}),
    _row("comments", "update", {"user_created": _MINE}, fields="comment"),
    _row("comments", "delete", {"user_created": _MINE}),
    _row("presets", "read", _SHARED_PRESETS),
    _row("presets", "create", validation={"user": _MINE}),
    _row("presets", "update", {"user": _MINE}, validation={"user": _MINE}),
    _row("presets", "delete", {"user": _MINE}),
    _row("roles", "read", {"id": {"_in": "$CURRENT_ROLES"}}),
    _row("settings", "read", fields=_SETTINGS),
    _row("notifications", "read", {"recipient": _MINE}),
    _row("notifications", "update", {"recipient": _MINE}, fields="status"),
    _row("shares", "read", {"user_created": _MINE}),
    _row("users", "read", {"id": _MINE}, fields=_OWN_USER),
)
