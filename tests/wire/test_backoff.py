"""Waits between attempts: bounded, growing, and spread over all of the bound."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.backoff import Backoff


@given(failures=st.integers(0, 10_000), seed=st.integers())
def test_a_wait_is_never_longer_than_its_bound_nor_the_bound_than_the_most(failures: int, seed: int) -> None:
    backoff = Backoff(first_s=0.2, most_s=30.0)
    assert 0 <= backoff.wait_s(failures, random.Random(seed)) <= backoff.bound_s(failures) <= backoff.most_s


@given(failures=st.integers(0, 100))
def test_the_bound_never_shrinks(failures: int) -> None:
    assert Backoff().bound_s(failures) <= Backoff().bound_s(failures + 1)


@pytest.mark.req("T-14")
def test_terminals_that_failed_alike_come_back_spread_over_all_of_the_bound() -> None:
    backoff = Backoff()
    rng = random.Random(1)
    tenths = [0] * 10
    for _ in range(10_000):
        tenths[int(backoff.wait_s(6, rng) / backoff.bound_s(6) * 10)] += 1
    # 1,000 are expected in each; 150 off would be five standard deviations.
    assert all(850 < tenth < 1_150 for tenth in tenths)


@pytest.mark.req("T-14")
@pytest.mark.parametrize("away_s", [0.0, 1.0, 5.0, 60.0])
def test_ten_thousand_terminals_that_lose_the_broker_at_once_never_meet_in_one_second(away_s: float) -> None:
    backoff, rng = Backoff(), random.Random(1)
    attempts: Counter[int] = Counter()
    back_s = []
    for _ in range(10_000):
        now_s, failures = backoff.wait_s(0, rng), 0
        attempts[int(now_s)] += 1
        while now_s < away_s:
            failures += 1
            now_s += backoff.wait_s(failures, rng)
            attempts[int(now_s)] += 1
        back_s.append(now_s - away_s)
    # With a first wait of a fifth of a second it was ten thousand, and thirty thousand if the broker was away.
    assert max(attempts.values()) < 3_500
    assert max(back_s) <= backoff.most_s


def test_a_lone_terminal_is_back_within_seconds() -> None:
    assert Backoff().bound_s(0) <= 5.0
