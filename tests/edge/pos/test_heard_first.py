"""A message of the software does not overtake what the terminal has to tell of the same packs."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from edge.pos import heard_first
from edge.store import sql
from edge.store.outbox import is_return_pending
from tests.edge.pos.around import DRUG, NINE, NOW, ONE, TWO, Stand, message, sold
from tests.edge.pos.test_books import counter

TOLD = {"drugtracinfo": [{"drug_trac_codg": ONE}], "psn_cert_type": "01", "hi_feesetl_type": "1"}


@pytest.mark.parametrize(
    ("infno", "unheard", "looks"), [("3505", [], 1), ("3505", [True, True], 3), ("3506", [True], 0)]
)
def test_what_tells_of_packs_waits_until_the_centre_has_heard_that_they_came_back(
    infno: str, unheard: list[bool], looks: int
) -> None:
    async def scene() -> None:
        stand = Stand(area="base")
        stand.memory.unheard = [*unheard]
        assert (await stand.post(message(infno, sold(DRUG, 1, **TOLD)))).json()["infcode"] == 0
        assert stand.memory.looks == looks

    asyncio.run(scene())


def test_nobody_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heard_first, "MOST_S", 3 * heard_first.LOOK_S)

    async def scene() -> None:
        stand = Stand(area="base")
        stand.memory.unheard = [True] * 99
        assert (await stand.post(message("3505", sold(DRUG, 1, **TOLD)))).json()["infcode"] == 0
        assert stand.memory.looks <= 4

    asyncio.run(scene())


def test_a_return_is_on_its_way_until_the_centre_has_it_or_the_line_is_down(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        before = NOW - timedelta(seconds=10)
        at.terminal.scan(ONE, NINE)
        first = at.settle()
        is_pending = lambda code, since: at.see(lambda tx: is_return_pending(tx, [code], since))  # noqa: E731
        assert not is_pending(ONE, before)
        at.cancel(first)
        assert [is_pending(code, before) for code in (ONE, NINE, TWO)] == [True, True, False]
        assert not is_pending(ONE, NOW + timedelta(seconds=1)), "older rows wait: the line is down"
        at.see(lambda tx: sql.change(tx, "UPDATE outbox SET state = 'delivered'"))
        assert not is_pending(ONE, before)
