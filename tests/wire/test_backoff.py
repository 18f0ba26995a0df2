"""Waits between attempts: bounded, growing, and spread over all of the bound."""

from __future__ import annotations

import random

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
