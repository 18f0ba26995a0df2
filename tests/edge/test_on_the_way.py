"""Batches without a receipt: when they are due again, and which receipts count."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edge.on_the_way import FirstSent, OnTheWay, Sent

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def batch(nonce: str) -> OnTheWay:
    return OnTheWay(nonce, b"frame", FirstSent(NOON, 100.0), 100.0)


@pytest.mark.req("T-14")
def test_each_wait_is_twice_as_long_and_counts_from_the_last_sending() -> None:
    one, waits = batch("a"), []
    for _ in range(1_200):
        waits.append(one.due_s - one.last_sent_s)
        one.note_sent_again(one.due_s + 0.5)
    assert waits[:6] == [5, 10, 20, 40, 60, 60]
    assert set(waits[6:]) == {60}
    assert one.first_sent.at_s == 100.0


def test_what_was_sent_again_is_not_forgotten_before_what_was_sent_once() -> None:
    sent = Sent(2)
    for nonce in ("a", "b", "a", "c"):
        sent.note(batch(nonce))
    assert [sent.is_unanswered(nonce) for nonce in ("a", "b", "c")] == [True, False, True]


def test_only_the_first_receipt_to_a_batch_counts() -> None:
    sent = Sent(2)
    sent.note(batch("a"))
    assert not sent.was_answered("a")
    assert sent.note_answered("a") == FirstSent(NOON, 100.0)
    assert (sent.is_unanswered("a"), sent.was_answered("a"), sent.was_answered("b")) == (False, True, False)
