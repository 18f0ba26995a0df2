"""The store may fill: it is said in time, what waits is never dropped, and work resumes by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from edge.counter.counter import Request
from edge.quota_watch import QuotaWatch
from edge.store import sql
from edge.store.quota import Quota, QuotaState, StoreFullError, judge
from tests.edge.scene import EPOCH, NOON, TERMINAL, TOKEN, Shop
from wire.receipts import Receipt

_T = TypeVar("_T")


@pytest.mark.req("T-08")
@pytest.mark.parametrize(
    ("share", "before", "state"),
    [
        (0.10, QuotaState.OK, QuotaState.OK),
        (0.70, QuotaState.OK, QuotaState.NOTICE),
        (0.68, QuotaState.NOTICE, QuotaState.NOTICE),
        (0.66, QuotaState.NOTICE, QuotaState.OK),
        (0.85, QuotaState.OK, QuotaState.LOW),
        (0.83, QuotaState.NOTICE, QuotaState.NOTICE),
        (0.83, QuotaState.LOW, QuotaState.LOW),
        (0.95, QuotaState.LOW, QuotaState.ALARM),
        (1.00, QuotaState.ALARM, QuotaState.FULL),
        (0.98, QuotaState.FULL, QuotaState.FULL),
        (0.96, QuotaState.FULL, QuotaState.ALARM),
        (2.00, QuotaState.OK, QuotaState.FULL),
    ],
)
def test_state_follows_the_share_and_does_not_flicker(share: float, before: QuotaState, state: QuotaState) -> None:
    assert judge(share, before) is state


def quota_of(shop: Shop, folder: Path, share: float) -> Quota:
    """Return a quota of which the shop uses the given share now."""
    with shop.connection.begin():
        quota = Quota(folder, 1 << 40, reserve_bytes=0)
        quota.look(shop.connection)
    return Quota(folder, int(quota.fill.used_bytes / share), reserve_bytes=0)


async def at_once(work: Callable[[], _T]) -> _T:
    return work()


def watch_of(shop: Shop, quota: Quota) -> QuotaWatch:
    return QuotaWatch(quota, shop.connection, at_once, shop.bus)


def deliver(shop: Shop, last: int) -> None:
    done = Receipt(v=1, terminal=TERMINAL, epoch=EPOCH, centre="c", at=NOON, nonce="n" * 16, accepted=[(1, last)])
    shop.outbox.apply_receipts([done], NOON)


@pytest.mark.req("T-08")
def test_full_store_refuses_new_business_aloud_and_ends_what_has_begun(shop: Shop, folder: Path) -> None:
    shop.scan("86000110000000000011")
    quota = quota_of(shop, folder, 1.01)
    shop.counter._refuse_if_full = quota.refuse_if_full
    before = shop.count("outbox"), shop.count("scan")
    with pytest.raises(StoreFullError) as caught:
        shop.scan("86000110000000000022")
    assert caught.value.code == "store.quota_full"
    assert caught.value.status == 507
    assert (shop.count("outbox"), shop.count("scan")) == before
    assert shop.counter.cancel(Request(None, "")).sale
    shop.operators.sign_out(TOKEN)
    deliver(shop, 2)
    quota._quota_bytes *= 2
    shop.sign_in(token="again")
    assert shop.scan("86000110000000000022").seq


def scan_until_full(shop: Shop, watch: QuotaWatch) -> None:
    for number in range(10_000):
        shop.scan(f"8600011{number:013}")
        watch.look()


@pytest.mark.req("T-08")
def test_real_scans_fill_a_tiny_quota_through_every_state_and_nothing_waiting_goes(shop: Shop, folder: Path) -> None:
    quota = quota_of(shop, folder, 0.5)
    watch = watch_of(shop, quota)
    shop.counter._refuse_if_full = quota.refuse_if_full
    first = shop.count("outbox")
    with pytest.raises(StoreFullError):
        scan_until_full(shop, watch)
    watch.look()
    told = [alert["code"] for _, alert in shop.heard("alert")]
    assert told == ["store.quota_notice", "store.quota_low", "store.quota_alarm", "store.quota_full"]
    with shop.connection.begin():
        seqs = [seq for (seq,) in sql.rows(shop.connection, "SELECT seq FROM outbox")]
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) > first + 20
    assert [trouble.code for trouble in watch.troubles()] == ["store.quota_full"]
    assert watch.status().state is QuotaState.FULL


@pytest.mark.req("T-08")
def test_delivered_events_go_early_only_when_little_room_is_left_and_that_is_told(shop: Shop, folder: Path) -> None:
    for number in range(400):
        shop.scan(f"8600011{number:013}")
    deliver(shop, 300)
    with shop.connection.begin():
        (waiting,) = sql.one(shop.connection, "SELECT count(*) FROM outbox WHERE state = 'pending'")
    early = quota_of(shop, folder, 0.94)
    watch_of(shop, early).look()
    assert early.evicted == 0
    quota = quota_of(shop, folder, 1.01)
    watch = watch_of(shop, quota)
    watch.look()
    assert quota.evicted == 300
    assert quota.state not in {QuotaState.FULL, QuotaState.ALARM}
    with shop.connection.begin():
        assert sql.one(shop.connection, "SELECT count(*) FROM outbox WHERE state = 'pending'") == (waiting,)
        assert sql.one(shop.connection, "SELECT min(seq) FROM outbox") == (301,)
    assert all("300" in trouble.words.zh for trouble in watch.troubles())


def test_what_waits_among_delivered_events_stays(shop: Shop, folder: Path) -> None:
    for number in range(50):
        shop.scan(f"8600011{number:013}")
    done = Receipt(
        v=1, terminal=TERMINAL, epoch=EPOCH, centre="c", at=NOON, nonce="n" * 16, accepted=[(1, 9), (11, 40)]
    )
    shop.outbox.apply_receipts([done], NOON)
    quota = quota_of(shop, folder, 1.01)
    watch_of(shop, quota).look()
    with shop.connection.begin():
        assert sql.rows(shop.connection, "SELECT DISTINCT state FROM outbox") == [("pending",)]
        assert sql.one(shop.connection, "SELECT min(seq) FROM outbox") == (10,)
    assert quota.evicted == 39


def test_disk_that_fills_lowers_the_capacity(shop: Shop, folder: Path) -> None:
    quota = Quota(folder, 1 << 40, reserve_bytes=1 << 60)
    with shop.connection.begin():
        assert quota.look(shop.connection) is QuotaState.FULL
    assert watch_of(shop, quota).status().capacity_bytes == 0


def test_watch_looks_again_and_again(shop: Shop, folder: Path) -> None:
    quota = quota_of(shop, folder, 1.01)
    watch = watch_of(shop, quota)
    looks = 0

    async def sleep(_: float) -> None:
        nonlocal looks
        looks += 1
        quota._quota_bytes *= 2
        if looks == 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(_run(watch.run(sleep)))
    assert [alert["code"] for _, alert in shop.heard("alert")] == ["store.quota_full", "store.quota_ok"]


async def _run(work: Awaitable[None]) -> None:
    await work
