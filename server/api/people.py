"""Accounts, roles, tokens, the audit trail."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from server.api.access import Manager, Reader, TheCentre
from server.api.people_views import AccountView, AuditView, NewPasswordView, NewTokenView, RoleView
from server.people.accounts import SHORTEST_PASSWORD
from server.people.roles import PERMISSIONS, Role
from server.people.tokens import Token
from server.store import audit
from server.store.times import moment

router = APIRouter(tags=["people"])


Password = Annotated[str, Field(min_length=SHORTEST_PASSWORD, max_length=200)]


class NewAccount(BaseModel):
    """An account to be made; without a password a random one is."""

    name: Annotated[str, Field(pattern=r"^[\w.@-]{1,32}$")]
    role: Role
    password: Password | None = None


class NewPassword(BaseModel):
    """A new password; without one a random one is made."""

    password: Password | None = None


class Activity(BaseModel):
    """Whether an account may sign in."""

    is_active: bool


class NewToken(BaseModel):
    """A token to be made: for oneself, or for another account; with its role, or a smaller one."""

    label: Annotated[str, Field(min_length=1, max_length=64)]
    user: Annotated[str | None, Field(max_length=32)] = None
    role: Role | None = None


@router.get("/roles")
def roles(_person: Reader) -> list[RoleView]:
    """List the roles and what they allow."""
    return [RoleView(role=role, permissions=sorted(allowed)) for role, allowed in PERMISSIONS.items()]


@router.get("/users")
def users(_person: Manager, centre: TheCentre) -> list[AccountView]:
    """List the accounts."""
    return [AccountView.model_validate(account) for account in centre.accounts.list()]


@router.post("/users", status_code=201)
def add_user(new: NewAccount, person: Manager, centre: TheCentre) -> NewPasswordView:
    """Make an account. Its password is in the answer and nowhere else."""
    password = centre.accounts.add(new.name, new.role, by=person, now=centre.now(), password=new.password)
    return NewPasswordView(name=new.name, password=password)


@router.put("/users/{name}/password")
def set_password(name: str, new: NewPassword, person: Manager, centre: TheCentre) -> NewPasswordView:
    """Give an account a new password and end its sessions."""
    password = centre.accounts.set_password(name, by=person, now=centre.now(), password=new.password)
    centre.bus.recheck()
    return NewPasswordView(name=name, password=password)


@router.put("/users/{name}/active", status_code=204)
def set_active(name: str, activity: Activity, person: Manager, centre: TheCentre) -> None:
    """Let an account sign in, or no longer."""
    centre.accounts.set_active(name, is_active=activity.is_active, by=person, now=centre.now())
    centre.bus.recheck()


@router.get("/tokens")
def tokens(_person: Manager, centre: TheCentre) -> list[Token]:
    """List the tokens, revoked ones too."""
    return list(centre.tokens.list())


@router.post("/tokens", status_code=201)
def add_token(new: NewToken, person: Manager, centre: TheCentre) -> NewTokenView:
    """Make a token. It is in the answer and nowhere else."""
    owner = new.user or person.account or ""
    made = centre.tokens.create(new.label, owner, by=person, now=centre.now(), role=new.role)
    return NewTokenView(id=made.id, token=made.secret)


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(token_id: str, person: Manager, centre: TheCentre) -> None:
    """End a token at once."""
    centre.tokens.revoke(token_id, by=person, now=centre.now())
    centre.bus.recheck()


@router.get("/audit")
def audit_trail(
    _person: Manager,
    centre: TheCentre,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
) -> list[AuditView]:
    """List changes with a number above `after`, oldest first."""
    with centre.store.reading() as connection:
        records = audit.load_audit(connection, after=after, limit=limit)
    return [
        AuditView(n=one.n, at=moment(one.at_us), who=one.who, action=one.action, subject=one.subject, detail=one.detail)
        for one in records
    ]
