"""One sale in many messages at once: one settlement, on either database; a second purchase is a second one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sim.postgres import PostgresMissingError, private_cluster
from tests.blackbox.journeys import live_through
from tests.blackbox.stand import Running, run, seed
from tests.blackbox.till import BEIJING, GOODS, Till, done, money

AT_ONCE = 50


@pytest.fixture
def on_postgresql(tmp_path: Path) -> Iterator[Running]:
    """A centre whose set-up was made, word for word, on PostgreSQL."""
    try:
        with private_cluster() as url:
            store = f"{url}/postgres"
            running = run(seed(tmp_path, store), "base", store=store)
            yield running
            running.stage.stop()
    except PostgresMissingError as exc:
        pytest.skip(f"PostgreSQL half not run: {exc}")


@pytest.mark.slow
def test_fifty_at_once_settle_one_sale(open_centre: Callable[..., Running]) -> None:
    settle_at_once(open_centre().till())


@pytest.mark.slow
def test_postgresql_settles_once_too_and_lives_through_the_day(on_postgresql: Running) -> None:
    till = on_postgresql.till()
    live_through(till)
    settle_at_once(till)


def settle_at_once(till: Till) -> None:
    """Send the same sale in fifty messages at once, then an honest second purchase of the same cart."""
    till.sign_in()
    before = till.balance()
    begun = datetime.now(BEIJING) - timedelta(minutes=1)
    cart = till.sale(*GOODS, number="ONCE-1", at=begun)
    same = till.frame("2102", "350203")
    frames = [till.frame("2102", "350203") if number % 2 else same for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda frame: done(till.post(frame, cart))["setlinfo"], frames))
    assert len({one["setl_id"] for one in answers}) == 1
    assert before - till.balance() == money(answers[0]["acct_pay"])

    second = till.ask("2102", till.sale(*GOODS, number="ONCE-2", at=begun))["setlinfo"]
    third = till.ask("2102", till.sale(*GOODS, at=begun + timedelta(seconds=30)))["setlinfo"]
    assert len({one["setl_id"] for one in (answers[0], second, third)}) == 3
    assert answers[0]["medfee_sumamt"] == second["medfee_sumamt"]
