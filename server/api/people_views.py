"""What the API answers about people: accounts, roles, sessions, tokens, the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from server.api.views import View
from server.people.roles import Permission, Role


class PersonView(View):
    """Who is signed in."""

    name: str
    role: Role
    permissions: list[Permission]


class SessionView(PersonView):
    """A sign-in that has just succeeded; the cookie carries it."""

    expires_at: datetime


class RoleView(View):
    """A role and what it allows."""

    role: Role
    permissions: list[Permission]


class AccountView(View):
    """An account."""

    name: str
    role: Role
    is_active: bool
    locked_until: datetime | None
    created_at: datetime


class NewPasswordView(View):
    """A password that is shown this once."""

    name: str
    password: str


class NewTokenView(View):
    """A token, shown this once."""

    id: str
    token: str


class AuditView(View):
    """One change and who made it."""

    n: int
    at: datetime
    who: str
    action: str
    subject: str
    detail: dict[str, Any]
