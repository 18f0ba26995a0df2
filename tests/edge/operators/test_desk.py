"""One shift at a time, opened and closed by a fact; guessing gets nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from edge.counter.counter import Request
from edge.counter.errors import ListNotEmptyError
from edge.counter.scanning import SIGN_IN_FIRST
from edge.operators.accounts import (
    FIRST_LOGIN,
    add_account,
    add_first_account,
    disable_account,
    enable_account,
    renew_password,
)
from edge.operators.errors import (
    LoginFormError,
    OperatorDisabledError,
    OperatorExistsError,
    OperatorUnknownError,
    SessionEndedError,
    SignInLockedError,
    SignInRefusedError,
)
from edge.operators.guesses import FREE, LONGEST_WAIT, after_guess, wait_for
from edge.operators.sign_in import SignIn
from edge.store.shifts import Guesses, all_operators, find_operator, forget_sessions
from tests.edge.scene import NOON, OTHER_TRACE, TOKEN, TRACE_1, FakeClock, Shop
from web.passwords import verify_password
from wire.events import ShiftClosed, ShiftOpened

_T = TypeVar("_T")


# -- accounts ------------------------------------------------------------------------------------------------------


def test_first_password_is_made_once_and_kept_as_a_hash(connection: Connection, folder: Path) -> None:
    first = add_first_account(connection, NOON)
    assert first is not None
    assert first.login == FIRST_LOGIN
    assert add_first_account(connection, NOON) is None
    with connection.begin():
        row = find_operator(connection, FIRST_LOGIN)
    assert row is not None
    assert verify_password(row.password_hash, first.password).is_right
    for file in folder.iterdir():
        assert first.password.encode() not in file.read_bytes()


def test_account_of_the_same_login_is_refused(connection: Connection) -> None:
    add_account(connection, "wang", "王", NOON)
    with pytest.raises(OperatorExistsError):
        add_account(connection, "wang", "王二", NOON)
    with connection.begin():
        assert [row.name for row in all_operators(connection)] == ["王"]


@pytest.mark.parametrize(
    ("login", "name"), [("", "王"), ("a b", "王"), ("x" * 33, "王"), ("wang", ""), ("w", "王" * 65)]
)
def test_account_with_an_unusable_login_or_name_is_refused(connection: Connection, login: str, name: str) -> None:
    with pytest.raises(LoginFormError):
        add_account(connection, login, name, NOON)


def test_new_password_replaces_the_old_and_signs_its_user_out(shop: Shop) -> None:
    new = renew_password(shop.connection, "wang")
    with pytest.raises(SessionEndedError):
        shop.operators.find_session(TOKEN)
    stored = shop.operators.begin_guess("wang")
    assert stored is not None
    assert verify_password(stored, new.password).is_right


def test_password_of_nobody_is_refused(connection: Connection) -> None:
    with pytest.raises(OperatorUnknownError):
        renew_password(connection, "nobody")


def test_disabled_operator_is_signed_out_and_kept(shop: Shop, clock: FakeClock) -> None:
    disable_account(shop.connection, "wang", NOON)
    with pytest.raises(SessionEndedError):
        shop.operators.find_session(TOKEN)
    assert shop.counter.show().operator is None
    shop.operators.end_left_shift()
    assert (type(shop.facts()[-1]), shop.events()[-1].operator) == (ShiftClosed, "wang")
    disable_account(shop.connection, "wang", NOON + timedelta(days=1))
    with shop.connection.begin():
        (row,) = all_operators(shop.connection)
    assert row.disabled_at == NOON


@pytest.mark.parametrize("change", [lambda tx: disable_account(tx, "nobody", NOON), lambda tx: enable_account(tx, "x")])
def test_nobody_is_neither_disabled_nor_enabled(connection: Connection, change: Callable[[Connection], None]) -> None:
    with pytest.raises(OperatorUnknownError):
        change(connection)


# -- shifts --------------------------------------------------------------------------------------------------------


def test_signing_in_and_out_are_facts(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.counter.close_sale(Request(None, ""))
    shop.operators.sign_out(TOKEN)
    assert shop.heard("session") == [("session", {})]
    opened, *_, closed = shop.events()
    assert isinstance(opened.fact, ShiftOpened)
    assert closed.fact == ShiftClosed(opened.fact.shift, 1)
    assert (opened.operator, closed.operator) == ("wang", "wang")
    with pytest.raises(SessionEndedError):
        shop.operators.sign_out(TOKEN)


def test_second_browser_of_the_same_operator_joins_the_shift(shop: Shop) -> None:
    second = shop.sign_in(token="phone")
    assert shop.operators.find_session(TOKEN).shift == shop.operators.find_session(second).shift
    assert [type(fact) for fact in shop.facts()] == [ShiftOpened]


def test_colleague_takes_the_counter_over_list_and_all(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.sign_in("li", "li-token")
    with pytest.raises(SessionEndedError):
        shop.operators.find_session(TOKEN)
    closed, opened = shop.events()[-2:]
    assert isinstance(closed.fact, ShiftClosed)
    assert isinstance(opened.fact, ShiftOpened)
    assert (closed.operator, opened.operator) == ("wang", "li")
    assert shop.heard("alert")[-1][1]["code"] == "session.taken_over"
    assert set(shop.heard("alert")[-1][1]) == {"code", "tone", "words", "next"}
    assert len(shop.counter.show().lines) == 1
    shop.counter.close_sale(Request(None, ""))
    assert shop.events()[-1].operator == "li"


def test_list_must_be_finished_before_signing_out(shop: Shop) -> None:
    shop.scan(TRACE_1)
    with pytest.raises(ListNotEmptyError):
        shop.operators.sign_out(TOKEN)
    assert shop.operators.find_session(TOKEN).operator == "wang"


def test_session_ends_by_itself(shop: Shop, clock: FakeClock) -> None:
    clock.advance(12 * 3600 - 1)
    assert shop.operators.find_session(TOKEN).name == "Wang"
    clock.advance(1)
    with pytest.raises(SessionEndedError):
        shop.operators.find_session(TOKEN)
    with shop.connection.begin():
        assert forget_sessions(shop.connection, clock.now() + timedelta(seconds=1)) == 1


def test_shift_ends_with_its_last_session_and_its_list_waits(shop: Shop, clock: FakeClock) -> None:
    shop.scan(TRACE_1)
    clock.advance(3600)
    shop.sign_in(token="phone")
    clock.advance(12 * 3600 - 1)
    shop.operators.end_left_shift()
    assert shop.counter.show().operator == "wang", "the phone is signed in still"
    heard, recorded = len(shop.heard("session")), shop.recorded
    clock.advance(1)
    shop.operators.end_left_shift()
    shop.operators.end_left_shift()
    closed = shop.events()[-1]
    assert isinstance(closed.fact, ShiftClosed)
    assert (closed.operator, closed.occurred_at) == ("wang", clock.now())
    assert (len(shop.heard("session")), shop.recorded) == (heard + 1, recorded + 1)
    shown = shop.scan(OTHER_TRACE)
    assert (shown.verdict, shop.events()[-1].operator) == (SIGN_IN_FIRST, None)
    shop.sign_in("li", "li-token")
    listed = shop.counter.show()
    assert (listed.operator, len(listed.lines)) == ("li", 1)
    shop.counter.close_sale(Request(None, ""))
    assert shop.events()[-1].operator == "li"


def test_operator_who_comes_back_after_the_session_begins_a_new_shift(shop: Shop, clock: FakeClock) -> None:
    before = shop.operators.find_session(TOKEN).shift
    clock.advance(12 * 3600)
    shop.sign_in(token="next day")
    assert shop.operators.find_session("next day").shift != before
    assert [type(fact) for fact in shop.facts()] == [ShiftOpened, ShiftClosed, ShiftOpened]


def test_scan_after_a_new_password_is_nobodys(shop: Shop) -> None:
    renew_password(shop.connection, "wang")
    assert shop.scan(TRACE_1).verdict == SIGN_IN_FIRST
    assert (shop.events()[-1].operator, shop.counter.show().operator, shop.count("sale")) == (None, None, 0)
    shop.operators.end_left_shift()
    assert isinstance(shop.facts()[-1], ShiftClosed)


def test_restart_signs_nobody_out_whose_session_lasts(shop: Shop, clock: FakeClock) -> None:
    clock.advance(12 * 3600 - 1)
    again = Shop(shop.connection, clock, seed=2)
    again.operators.end_left_shift()
    assert (again.scan(TRACE_1).verdict, again.events()[-1].operator) == ("added", "wang")


def test_session_outlives_a_restart_and_its_token_is_not_kept(shop: Shop, clock: FakeClock, folder: Path) -> None:
    token = shop.sign_in(token="a-very-secret-token")
    assert Shop(shop.connection, clock).operators.find_session(token).operator == "wang"
    for file in folder.iterdir():
        assert b"a-very-secret-token" not in file.read_bytes()


# -- guesses -------------------------------------------------------------------------------------------------------


def test_waits_grow_and_are_bounded() -> None:
    guesses: Guesses | None = None
    waits = []
    for _ in range(20):
        guesses = after_guess(guesses, NOON)
        waits.append(wait_for(guesses, NOON).total_seconds())
    assert waits[: FREE - 1] == [0] * (FREE - 1)
    assert waits[FREE - 1 : FREE + 3] == [30, 60, 120, 240]
    assert waits[-1] == LONGEST_WAIT.total_seconds()


def test_first_guess_never_waits() -> None:
    assert wait_for(None, NOON) == timedelta()


@pytest.mark.req("T-12")
def test_clock_set_back_locks_nobody_out() -> None:
    locked = Guesses(9, NOON + timedelta(minutes=8))
    assert wait_for(locked, NOON) == timedelta(minutes=8)
    assert wait_for(locked, NOON - timedelta(days=1)) == timedelta()


class Door:
    """Signing in as it is wired, with the store's thread replaced by this one."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.password = add_account(shop.connection, "li", "李", NOON).password
        self.sign_in = SignIn(shop.operators, self._in_store)

    async def _in_store(self, work: Callable[[], _T]) -> _T:
        return work()

    def admit(self, login: str, password: str) -> str:
        return asyncio.run(self.sign_in.admit(login, password)).session.operator


def test_right_password_lets_in_and_forgets_wrong_ones(shop: Shop) -> None:
    door = Door(shop)
    for _ in range(FREE - 1):
        with pytest.raises(SignInRefusedError):
            door.admit("li", "wrong")
    assert door.admit("li", door.password) == "li"
    with pytest.raises(SignInRefusedError):
        door.admit("li", "wrong")


def test_guessing_is_stopped_even_with_the_right_password_at_last(shop: Shop, clock: FakeClock) -> None:
    door = Door(shop)
    for _ in range(FREE):
        with pytest.raises(SignInRefusedError):
            door.admit("li", "wrong")
    with pytest.raises(SignInLockedError) as caught:
        door.admit("li", door.password)
    assert caught.value.retry_after_s == 30
    clock.advance(30)
    assert door.admit("li", door.password) == "li"


def test_disabled_operator_is_told_so_only_with_the_right_password(shop: Shop) -> None:
    door = Door(shop)
    disable_account(shop.connection, "li", NOON)
    with pytest.raises(SignInRefusedError):
        door.admit("li", "wrong")
    with pytest.raises(OperatorDisabledError) as caught:
        door.admit("li", door.password)
    assert ("已停用" in caught.value.words.zh, "disabled" in caught.value.words.en) == (True, True)
    assert shop.operators.find_session(TOKEN).operator == "wang", "the colleague at the counter stays"
    enable_account(shop.connection, "li")
    assert door.admit("li", door.password) == "li"


def test_guesses_at_unknown_logins_share_one_count(shop: Shop) -> None:
    door = Door(shop)
    for number in range(FREE):
        with pytest.raises(SignInRefusedError):
            door.admit(f"nobody-{number}", "x")
    with pytest.raises(SignInLockedError):
        door.admit("somebody", "x")
    assert shop.count("guess") == 1
    assert door.admit("li", door.password) == "li"


def test_many_guesses_at_once_gain_nothing(shop: Shop) -> None:
    door = Door(shop)

    async def burst() -> list[object]:
        guesses: list[Awaitable[object]] = [door.sign_in.admit("li", "wrong") for _ in range(FREE + 3)]
        return await asyncio.gather(*guesses, return_exceptions=True)

    outcomes = [type(outcome) for outcome in asyncio.run(burst())]
    assert outcomes == [SignInRefusedError] * FREE + [SignInLockedError] * 3


def test_password_hashed_the_old_way_is_hashed_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(shop)
    monkeypatch.setattr(
        "edge.operators.sign_in.verify_password",
        lambda stored, password: verify_password(stored, password).__class__(is_right=True, needs_rehash=True),
    )
    before = shop.operators.begin_guess("li")
    door.admit("li", door.password)
    after = shop.operators.begin_guess("li")
    assert before != after
    assert after is not None
    assert verify_password(after, door.password).is_right


def test_time_is_kept_to_the_microsecond(shop: Shop, clock: FakeClock) -> None:
    clock.wall = datetime(2026, 11, 21, 4, 0, 0, 123457, tzinfo=NOON.tzinfo)
    shop.sign_in("li", "t2")
    assert shop.operators.find_session("t2").opened_at == clock.wall
