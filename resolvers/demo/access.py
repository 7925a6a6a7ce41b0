"""Who may do what on the demo site: additions to the public policy, two roles, two users.

The rules show what permissions can do: different fields and items for each role, a relational rule, presets,
and two policies of one role whose fields hold under different rules (an editor sees the figures of her own
articles only). Ids are derived from names, so that a second installation finds its own rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from resolvers.demo.fields import Row

_NAMESPACE: Final = UUID("6f1d2f0a-7a51-4b63-9d0f-2f6a0c9f5a11")

PUBLISHED: Final = {"status": {"_eq": "published"}}
OWN: Final = {"user_created": {"_eq": "$CURRENT_USER"}}
OF_PUBLISHED: Final = {"_and": [{"status": {"_eq": "approved"}}, {"article": PUBLISHED}]}

_STORY: Final = (
    "id,title,slug,summary,body,published_at,event_date,featured,keywords,"
    "author,category,cover,tags,comments,blocks"
)
_COMMENT: Final = "id,article,author_name,body,date_created"


def identity(name: str) -> str:
    """A UUID that is always the same for `name` ("role:reader")."""
    return str(uuid5(_NAMESPACE, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of `directus_permissions`. `item`: the rule an item must match; None: every item."""

    collection: str
    fields: str = "*"
    action: str = "read"
    item: Mapping[str, Any] | None = None
    validation: Mapping[str, Any] | None = None
    presets: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    name: str
    description: str
    rules: tuple[Rule, ...]
    icon: str = "badge"
    app_access: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRole:
    name: str
    description: str
    policies: tuple[Policy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    email: str
    first_name: str
    last_name: str
    role: str

    @property
    def id(self) -> str:
        return identity(f"user:{self.email}")


def _readable(*collections: str) -> tuple[Rule, ...]:
    return tuple(Rule(collection=name) for name in collections)


_OPEN: Final = _readable(
    "categories", "tags", "articles_tags", "articles_blocks", "block_headings", "block_texts", "block_quotes"
)

#: what everybody may read
PUBLIC_RULES: Final = (
    Rule(collection="articles", fields=_STORY, item=PUBLISHED),
    Rule(collection="authors", fields="id,name"),
    Rule(collection="comments", fields=_COMMENT, item=OF_PUBLISHED),
    Rule(collection="homepage"),
    *_OPEN,
)

_READING: Final = Policy(
    name="Reading",
    description="Published articles with their ratings; may leave a comment",
    icon="menu_book",
    rules=(
        Rule(collection="articles", fields=f"{_STORY},status,rating", item=PUBLISHED),
        Rule(collection="authors", fields="id,name,bio,joined_on,articles"),
        Rule(collection="comments", fields=_COMMENT, item=OF_PUBLISHED),
        Rule(
            collection="comments",
            action="create",
            fields="article,author_name,body",
            validation={"body": {"_nempty": True}},
            presets={"status": "pending"},
        ),
        Rule(collection="homepage"),
        *_OPEN,
    ),
)

_EDITING: Final = Policy(
    name="Editing",
    description="All published articles and one's own drafts; comments before they are approved",
    icon="edit_note",
    app_access=True,
    rules=(
        Rule(
            collection="articles",
            fields=f"{_STORY},status,sort,meta,user_created,date_created,user_updated,date_updated",
            item={"_or": [PUBLISHED, OWN]},
        ),
        Rule(collection="articles", action="create", presets={"status": "draft"}),
        Rule(
            collection="articles",
            action="update",
            fields="title,slug,summary,body,status,keywords,category,tags,blocks,cover,meta",
            item=OWN,
            validation={"status": {"_in": ["draft", "published"]}},
        ),
        Rule(
            collection="articles",
            action="delete",
            item={"_and": [OWN, {"status": {"_eq": "draft"}}]},
        ),
        Rule(collection="authors"),
        Rule(collection="comments"),
        Rule(collection="comments", action="update", fields="status"),
        *(
            Rule(collection=name, action=action)
            for name in ("articles_tags", "articles_blocks", "block_headings", "block_texts", "block_quotes")
            for action in ("create", "update", "delete")
        ),
        Rule(collection="homepage"),
        *_OPEN,
    ),
)

_FIGURES: Final = Policy(
    name="Own figures",
    description="Views, ratings and prices of one's own articles",
    icon="query_stats",
    rules=(Rule(collection="articles", fields="id,views,rating,price", item=OWN),),
)

ROLES: Final = (
    DemoRole(name="reader", description="Reads what is published", policies=(_READING,)),
    DemoRole(name="editor", description="Writes, and looks after comments", policies=(_EDITING, _FIGURES)),
)

READER: Final = DemoUser(email="reader@example.com", first_name="Robin", last_name="Reader", role="reader")
EDITOR: Final = DemoUser(email="editor@example.com", first_name="Edda", last_name="Editor", role="editor")
USERS: Final = (READER, EDITOR)


def access_rows(public_policy: str, password_hashes: Mapping[str, str]) -> Mapping[str, list[Row]]:
    """Rows per system table, in the order of their foreign keys.

    `public_policy`: id of the policy that holds for everybody; `password_hashes`: email -> hash.
    """
    roles: list[Row] = []
    policies: list[Row] = []
    access: list[Row] = []
    permissions = [_permission(public_policy, rule) for rule in PUBLIC_RULES]
    for role in ROLES:
        role_id = identity(f"role:{role.name}")
        roles.append({"id": role_id, "name": role.name, "icon": "group", "description": role.description})
        for sort, policy in enumerate(role.policies, 1):
            policy_id = identity(f"policy:{policy.name}")
            policies.append(_policy(policy_id, policy))
            link = {"role": role_id, "user": None, "policy": policy_id, "sort": sort}
            access.append({"id": identity(f"access:{role.name}:{policy.name}"), **link})
            permissions.extend(_permission(policy_id, rule) for rule in policy.rules)
    return {
        "directus_roles": roles,
        "directus_policies": policies,
        "directus_users": [_user(user, password_hashes[user.email]) for user in USERS],
        "directus_access": access,
        "directus_permissions": permissions,
    }


def _policy(policy_id: str, policy: Policy) -> Row:
    return {
        "id": policy_id,
        "name": policy.name,
        "icon": policy.icon,
        "description": policy.description,
        "enforce_tfa": False,
        "admin_access": False,
        "app_access": policy.app_access,
    }


def _permission(policy_id: str, rule: Rule) -> Row:
    return {
        "collection": rule.collection,
        "action": rule.action,
        "permissions": _json(rule.item or {}),
        "validation": _json(rule.validation or {}),
        "presets": _json(rule.presets),
        "fields": rule.fields,
        "policy": policy_id,
    }


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value)


def _user(user: DemoUser, password_hash: str) -> Row:
    return {
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "password": password_hash,
        "role": identity(f"role:{user.role}"),
        "status": "active",
        "provider": "default",
        "email_notifications": True,
        "text_direction": "auto",
    }
