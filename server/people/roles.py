"""Roles and what they allow. A role is a list of permissions and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from codes.words import Words
from server.errors import ForbiddenError


class Permission(StrEnum):
    """One thing that not everybody may do."""

    READ = "read"
    """See terminals, codes, events, alarms."""
    APPROVE = "approve"
    """Approve and revoke terminals."""
    MANAGE = "manage"
    """Accounts, tokens, the catalogue, the audit trail."""


class Role(StrEnum):
    """What an account or a token is for."""

    ADMIN = "admin"
    OPERATOR = "operator"
    """Runs the terminals."""
    INSPECTOR = "inspector"
    """Looks and changes nothing."""


PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.ADMIN: frozenset(Permission),
        Role.OPERATOR: frozenset({Permission.READ, Permission.APPROVE}),
        Role.INSPECTOR: frozenset({Permission.READ}),
    }
)


ROLE_NAMES: Mapping[Role, Words] = MappingProxyType(
    {
        Role.ADMIN: Words("管理员", "Administrator"),
        Role.OPERATOR: Words("运维", "Operator"),
        Role.INSPECTOR: Words("稽核", "Inspector"),
    }
)
_ALLOWS: Mapping[Permission, Words] = MappingProxyType(
    {
        Permission.READ: Words("查看", "look"),
        Permission.APPROVE: Words("批准或吊销终端", "approve or revoke terminals"),
        Permission.MANAGE: Words(
            "管理账号、令牌、匹配库和审计日志", "manage accounts, tokens, catalogue and audit trail"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks."""

    name: str
    """As it stands in the audit trail: an account's name, or `account/label` for one of its tokens."""
    role: Role
    account: str | None = None
    """The account; None for whoever sits at the centre's own command line."""

    def require(self, permission: Permission) -> None:
        """Let pass who may.

        Raises:
            ForbiddenError: The role does not allow it.
        """
        if permission not in PERMISSIONS[self.role]:
            role, deed = ROLE_NAMES[self.role], _ALLOWS[permission]
            raise ForbiddenError(Words(f"“{role.zh}”账号不能{deed.zh}", f"The role {role.en} may not {deed.en}"))


COMMAND_LINE = Person("command line", Role.ADMIN)
"""Whoever can run commands on the centre's machine owns its database anyway."""
