from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from codes.errors import RejectedError
from server.errors import ConflictError, ForbiddenError, LockedOutError, SignInError
from server.people import signing_in
from server.people.accounts import FIRST_ADMIN, Accounts
from server.people.roles import COMMAND_LINE, PERMISSIONS, ROLE_NAMES, Permission, Person, Role
from server.people.signing_in import LOCKED_FOR, TRIES, SigningIn
from server.people.tokens import Tokens
from server.store import audit, tables
from server.store.audit import AuditRecord
from server.store.database import Store
from web import passwords
from web.errors import InvalidRequestError, NotFoundError

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 as it is costs 30 ms a time; what is tested here is what is done with its answer."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def accounts(store: Store) -> Accounts:
    return Accounts(store)


@pytest.fixture
def signing(store: Store) -> SigningIn:
    return SigningIn(store, timedelta(hours=12))


def trail(store: Store) -> list[AuditRecord]:
    with store.reading() as connection:
        return list(audit.load_audit(connection, after=0, limit=100))


def everything_stored(store: Store) -> str:
    with store.reading() as connection:
        names = ("account", "session", "api_token", "audit")
        return repr([list(map(tuple, connection.execute(select(tables.metadata.tables[name])))) for name in names])


@pytest.mark.req("T-43")
def test_the_first_administrator_gets_a_random_password_once(store: Store, accounts: Accounts) -> None:
    password = accounts.add_first_admin(NOW)

    assert password is not None
    assert accounts.add_first_admin(NOW) is None
    (account,) = accounts.list()
    assert (account.name, account.role, account.is_active) == (FIRST_ADMIN, Role.ADMIN, True)
    assert password not in everything_stored(store)


def test_accounts_without_an_administrator_get_one_at_the_first_start(accounts: Accounts) -> None:
    accounts.add("amy", Role.INSPECTOR, by=COMMAND_LINE, now=NOW, password=PASSWORD)

    assert accounts.add_first_admin(NOW) is not None
    assert [(one.name, one.role) for one in accounts.list()] == [("admin", Role.ADMIN), ("amy", Role.INSPECTOR)]
    assert accounts.add_first_admin(NOW) is None


def test_an_administrator_by_another_name_is_enough(accounts: Accounts) -> None:
    accounts.add("boss", Role.ADMIN, by=COMMAND_LINE, now=NOW, password=PASSWORD)

    assert accounts.add_first_admin(NOW) is None


def test_who_is_no_administrator_can_be_disabled_before_there_is_one(accounts: Accounts) -> None:
    accounts.add("amy", Role.INSPECTOR, by=COMMAND_LINE, now=NOW, password=PASSWORD)

    accounts.set_active("amy", is_active=False, by=COMMAND_LINE, now=NOW)

    assert not accounts.list()[0].is_active


def test_nobody_becomes_administrator_by_the_first_administrators_name(accounts: Accounts) -> None:
    accounts.add(FIRST_ADMIN, Role.INSPECTOR, by=COMMAND_LINE, now=NOW, password=PASSWORD)

    with pytest.raises(ConflictError) as refused:
        accounts.add_first_admin(NOW)

    assert "--role admin --config" in refused.value.next_step.en
    assert [one.role for one in accounts.list()] == [Role.INSPECTOR]


def test_an_account_signs_in_stays_and_signs_out(accounts: Accounts, signing: SigningIn, store: Store) -> None:
    accounts.add("李_1", Role.OPERATOR, by=COMMAND_LINE, now=NOW, password=PASSWORD)

    opened = signing.sign_in("李_1", PASSWORD, NOW)

    assert opened.person == Person("李_1", Role.OPERATOR, "李_1")
    assert signing.who(opened.token, NOW + timedelta(hours=11)) == opened.person
    assert opened.token not in everything_stored(store)
    assert PASSWORD not in everything_stored(store)
    with pytest.raises(SignInError):
        signing.who(opened.token, NOW + timedelta(hours=12))
    signing.sign_out(opened.token)
    signing.sign_out(opened.token)
    with pytest.raises(SignInError):
        signing.who(opened.token, NOW)


@pytest.mark.parametrize("name", ["li", "nobody", "", "x\0y", "li' OR 1=1"])
def test_wrong_names_and_passwords_get_one_answer(accounts: Accounts, signing: SigningIn, name: str) -> None:
    accounts.add("li", Role.OPERATOR, by=COMMAND_LINE, now=NOW, password=PASSWORD)

    with pytest.raises(SignInError) as refused:
        signing.sign_in(name, "wrong", NOW)

    assert refused.value.words.en == "Name or password is wrong"


def failing(signing: SigningIn, times: int) -> None:
    for _ in range(times):
        with pytest.raises(SignInError):
            signing.sign_in("li", "wrong", NOW)


def test_too_many_wrong_passwords_lock_the_account_for_a_while(
    accounts: Accounts, signing: SigningIn, store: Store
) -> None:
    accounts.add("li", Role.OPERATOR, by=COMMAND_LINE, now=NOW, password=PASSWORD)
    failing(signing, TRIES)

    with pytest.raises(LockedOutError) as refused:
        signing.sign_in("li", PASSWORD, NOW + LOCKED_FOR - timedelta(seconds=1))
    assert refused.value.code == "auth.locked_out"
    assert accounts.list()[0].locked_until == NOW + LOCKED_FOR
    assert [one.action for one in trail(store)] == ["account.add", "account.locked"]

    assert signing.sign_in("li", PASSWORD, NOW + LOCKED_FOR).person.name == "li"


def test_a_right_password_forgets_the_wrong_ones(accounts: Accounts, signing: SigningIn) -> None:
    accounts.add("li", Role.OPERATOR, by=COMMAND_LINE, now=NOW, password=PASSWORD)
    failing(signing, TRIES - 1)
    signing.sign_in("li", PASSWORD, NOW)
    failing(signing, TRIES - 1)

    assert signing.sign_in("li", PASSWORD, NOW).person.name == "li"


def test_a_new_password_unlocks_and_ends_the_sessions(accounts: Accounts, signing: SigningIn) -> None:
    accounts.add("li", Role.OPERATOR, by=COMMAND_LINE, now=NOW, password=PASSWORD)
    opened = signing.sign_in("li", PASSWORD, NOW)
    failing(signing, TRIES)

    fresh = accounts.set_password("li", by=COMMAND_LINE, now=NOW)

    with pytest.raises(SignInError):
        signing.who(opened.token, NOW)
    with pytest.raises(SignInError):
        signing.sign_in("li", PASSWORD, NOW)
    assert signing.sign_in("li", fresh, NOW).person.name == "li"


def test_a_disabled_account_is_out_at_once_and_may_come_back(
    accounts: Accounts, signing: SigningIn, store: Store
) -> None:
    accounts.add("boss", Role.ADMIN, by=COMMAND_LINE, now=NOW)
    accounts.add("li", Role.OPERATOR, by=COMMAND_LINE, now=NOW, password=PASSWORD)
    opened = signing.sign_in("li", PASSWORD, NOW)
    secret = Tokens(store).create("pos", "li", by=COMMAND_LINE, now=NOW).secret

    accounts.set_active("li", is_active=False, by=COMMAND_LINE, now=NOW)

    with pytest.raises(SignInError):
        signing.who(opened.token, NOW)
    with pytest.raises(SignInError):
        signing.sign_in("li", PASSWORD, NOW)
    with pytest.raises(SignInError):
        Tokens(store).who(secret, NOW)
    accounts.set_active("li", is_active=True, by=COMMAND_LINE, now=NOW)
    assert signing.sign_in("li", PASSWORD, NOW)
    assert Tokens(store).who(secret, NOW)


def test_the_last_administrator_cannot_be_disabled(accounts: Accounts) -> None:
    accounts.add("boss", Role.ADMIN, by=COMMAND_LINE, now=NOW)
    accounts.add("li", Role.OPERATOR, by=COMMAND_LINE, now=NOW)

    with pytest.raises(ConflictError):
        accounts.set_active("boss", is_active=False, by=COMMAND_LINE, now=NOW)


def test_a_hash_with_older_settings_is_renewed_at_sign_in(accounts: Accounts, signing: SigningIn, store: Store) -> None:
    accounts.add("li", Role.OPERATOR, by=COMMAND_LINE, now=NOW, password=PASSWORD)
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    with store.writing() as connection:
        connection.execute(tables.account.update().values(password_hash=old))

    signing.sign_in("li", PASSWORD, NOW)

    assert old not in everything_stored(store)
    assert signing.sign_in("li", PASSWORD, NOW)


@pytest.mark.parametrize("name", ["", "a b", "x" * 33, "a/b", "a\0b", "a\nb"])
def test_names_that_do_not_do_are_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(InvalidRequestError):
        accounts.add(name, Role.ADMIN, by=COMMAND_LINE, now=NOW)


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_passwords_that_do_not_do_are_refused(accounts: Accounts, password: str) -> None:
    accounts.add("li", Role.ADMIN, by=COMMAND_LINE, now=NOW)
    with pytest.raises(InvalidRequestError):
        accounts.add("wang", Role.ADMIN, by=COMMAND_LINE, now=NOW, password=password)
    with pytest.raises(InvalidRequestError):
        accounts.set_password("li", by=COMMAND_LINE, now=NOW, password=password)


def test_a_name_is_given_once_and_a_missing_one_is_named(accounts: Accounts) -> None:
    accounts.add("li", Role.ADMIN, by=COMMAND_LINE, now=NOW)
    with pytest.raises(ConflictError):
        accounts.add("li", Role.ADMIN, by=COMMAND_LINE, now=NOW)
    with pytest.raises(NotFoundError):
        accounts.set_password("wang", by=COMMAND_LINE, now=NOW)
    with pytest.raises(NotFoundError):
        accounts.set_active("wang", is_active=True, by=COMMAND_LINE, now=NOW)


def test_every_change_names_who_made_it_and_no_secret(accounts: Accounts, store: Store) -> None:
    boss = Person("boss", Role.ADMIN, "boss")
    password = accounts.add("li", Role.OPERATOR, by=boss, now=NOW)
    accounts.set_password("li", by=boss, now=NOW)
    made = Tokens(store).create("pos", "li", by=boss, now=NOW)
    Tokens(store).revoke(made.id, by=boss, now=NOW)

    records = trail(store)

    assert [(one.who, one.action, one.subject) for one in records] == [
        ("boss", "account.add", "li"),
        ("boss", "account.password", "li"),
        ("boss", "token.create", made.id),
        ("boss", "token.revoke", made.id),
    ]
    assert records[2].detail == {"label": "pos", "account": "li", "role": "operator"}
    assert password not in repr(records)
    assert made.secret not in everything_stored(store)


class TestTokens:
    """A token acts for an account and never beyond it."""

    @pytest.fixture(autouse=True)
    def people(self, accounts: Accounts) -> None:
        for role in Role:
            accounts.add(role.value, role, by=COMMAND_LINE, now=NOW)

    def test_it_speaks_for_its_account(self, store: Store) -> None:
        secret = Tokens(store).create("demo", "operator", by=COMMAND_LINE, now=NOW).secret

        assert Tokens(store).who(secret, NOW) == Person("operator/demo", Role.OPERATOR, "operator")

    @pytest.mark.parametrize(("account", "role"), list(itertools.product(Role, Role)))
    def test_it_may_do_less_but_never_more(self, store: Store, account: Role, role: Role) -> None:
        tokens = Tokens(store)
        if PERMISSIONS[role] <= PERMISSIONS[account]:
            secret = tokens.create("t", account.value, by=COMMAND_LINE, now=NOW, role=role).secret
            assert tokens.who(secret, NOW).role is role
        else:
            with pytest.raises(ForbiddenError):
                tokens.create("t", account.value, by=COMMAND_LINE, now=NOW, role=role)

    def test_it_shrinks_with_its_account(self, store: Store) -> None:
        secret = Tokens(store).create("t", "admin", by=COMMAND_LINE, now=NOW).secret
        with store.writing() as connection:
            change = tables.account.update().where(tables.account.c.name == "admin").values(role="inspector")
            connection.execute(change)

        assert Tokens(store).who(secret, NOW).role is Role.INSPECTOR

    def test_it_ends_when_it_is_revoked(self, store: Store) -> None:
        tokens = Tokens(store)
        made = tokens.create("t", "admin", by=COMMAND_LINE, now=NOW)
        tokens.revoke(made.id, by=COMMAND_LINE, now=NOW)

        with pytest.raises(SignInError):
            tokens.who(made.secret, NOW)
        (shown,) = tokens.list()
        assert (shown.label, shown.account, shown.revoked_at) == ("t", "admin", NOW)

    def test_its_last_use_is_kept_by_the_minute(self, store: Store) -> None:
        tokens = Tokens(store)
        made = tokens.create("t", "admin", by=COMMAND_LINE, now=NOW)
        for seconds in (0, 30, 59, 90):
            tokens.who(made.secret, NOW + timedelta(seconds=seconds))

        assert tokens.list()[0].last_used_at == NOW + timedelta(seconds=90)

    @pytest.mark.parametrize("secret", ["", "yima_x", "'; --"])
    def test_what_is_no_token_is_refused(self, store: Store, secret: str) -> None:
        with pytest.raises(SignInError):
            Tokens(store).who(secret, NOW)

    @pytest.mark.parametrize(
        ("label", "account"), [("", "admin"), ("x" * 65, "admin"), ("a\0", "admin"), ("t", "nobody")]
    )
    def test_labels_and_accounts_are_checked(self, store: Store, label: str, account: str) -> None:
        with pytest.raises(RejectedError):
            Tokens(store).create(label, account, by=COMMAND_LINE, now=NOW)
        with pytest.raises(NotFoundError):
            Tokens(store).revoke("none", by=COMMAND_LINE, now=NOW)


@pytest.mark.parametrize(("role", "permission"), list(itertools.product(Role, Permission)))
def test_roles_allow_exactly_what_the_table_says(role: Role, permission: Permission) -> None:
    person = Person("x", role)
    if permission in PERMISSIONS[role]:
        person.require(permission)
    else:
        with pytest.raises(ForbiddenError):
            person.require(permission)


def test_an_unknown_name_is_compared_with_a_hash_as_well(signing: SigningIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the time of an answer does not tell which names exist."""
    compared = []
    monkeypatch.setattr(signing_in, "verify_password", lambda stored, password: compared.append(stored) or _wrong())
    with pytest.raises(SignInError):
        signing.sign_in("nobody", "x", NOW)

    assert len(compared) == 1
    assert compared[0].startswith("$argon2id$")


def _wrong() -> signing_in.PasswordCheck:
    return signing_in.PasswordCheck(is_right=False, needs_rehash=False)


@pytest.mark.parametrize("permission", [Permission.APPROVE, Permission.MANAGE])
def test_refusal_is_said_in_words_and_not_in_identifiers(permission: Permission) -> None:
    with pytest.raises(ForbiddenError) as refused:
        Person("wang", Role.INSPECTOR).require(permission)
    words = refused.value.words
    assert words.zh.startswith("“稽核”账号不能")
    assert permission.value not in words.zh


def test_every_role_has_a_name() -> None:
    assert ROLE_NAMES.keys() == set(Role)
