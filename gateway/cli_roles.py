"""`causeway roles` and `causeway policies`: what groups of users there are, and what they were given."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.chosen import open_settings_database
from gateway.cli_users import opened
from gateway.commands import add, group
from gateway.config import Settings
from gateway.terminal import Terminal
from resolvers.people import PolicyRow, RoleRow, list_policies, list_roles


def add_parser(commands: Any) -> None:
    roles = group(commands, "roles", "Create and show roles.")
    create = add(
        roles, "create", create_command, "Create a role. Changes nothing where there is one of that name."
    )
    create.add_argument("name", help="name of the role")
    create.add_argument("--parent", help="name or id of the role from which it inherits")
    create.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="POLICY",
        help="name or id of a policy that it gets; may be given several times",
    )
    add(roles, "list", list_command, "List roles with their policies and numbers of users.")
    policies = group(commands, "policies", "Show policies.")
    add(policies, "list", policies_command, "List policies with what they allow and who has them.")


async def create_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    async with opened(settings) as people:
        identifier, new = await people.create_role(
            arguments.name, parent=arguments.parent, policies=arguments.policy
        )
    if new:
        terminal.say(f"Created the role {arguments.name} ({identifier})")
    else:
        terminal.say(f"There is a role {arguments.name} already ({identifier}); nothing was changed.")
    return 0


async def list_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    database = await open_settings_database(settings)
    try:
        roles = await list_roles(database)
    finally:
        await database.close()
    rows = [
        (
            role.name,
            _access(role),
            str(role.users),
            role.parent or "-",
            ", ".join(role.policies) or "-",
            role.id,
        )
        for role in roles
    ]
    terminal.table(("ROLE", "ACCESS", "USERS", "PARENT", "POLICIES", "ID"), rows)
    return 0


async def policies_command(settings: Settings, arguments: argparse.Namespace, terminal: Terminal) -> int:
    database = await open_settings_database(settings)
    try:
        policies = await list_policies(database)
    finally:
        await database.close()
    rows = [
        (
            policy.name,
            _access(policy),
            "enforced" if policy.enforce_tfa else "-",
            policy.ip_access or "-",
            str(policy.permissions),
            ", ".join(policy.given_to) or "-",
            policy.id,
        )
        for policy in policies
    ]
    terminal.table(("POLICY", "ACCESS", "2ND FACTOR", "ADDRESSES", "PERMISSIONS", "GIVEN TO", "ID"), rows)
    return 0


def _access(row: RoleRow | PolicyRow) -> str:
    return "admin" if row.admin else "app" if row.app else "-"
