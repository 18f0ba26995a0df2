"""Whatever comes back in whatever order: packs, yuan and the centre's ledger add up after each return."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import pytest

from edge.till.insuring import Insured
from tests.edge.till.aisle import WANG, Aisle, new_centre, opened, pack, person
from tests.server.conftest import NewStore

PRICES = {"8600011": Decimal("300.00"), "8600021": Decimal("41.30")}


def worth(codes: list[str]) -> Decimal:
    return sum((PRICES[code[:7]] for code in codes), Decimal("0.00"))


def prove(aisle: Aisle, sale: str, out: list[str], back: list[str]) -> None:
    fees = [fee for _, fee in aisle.at_the_centre()]
    assert fees == ([worth(out)] if out else [])
    standing = aisle.standing(sale)
    assert [row.fee for row in standing] == fees
    for row in standing:
        assert row.paid is not None
        assert row.paid.funds + row.paid.account + row.paid.mutual_aid + row.paid.cash == row.fee
    assert aisle.packs(sale) == dict.fromkeys(out, "sold") | dict.fromkeys(back, "returned")
    aisle.upload()
    assert {state for _, state in aisle.rows(sale)} <= {"taken", "dropped"}, aisle.words(sale)
    seen = aisle.states(*out, *back)
    assert seen[: len(out)] == ["sold"] * len(out)
    assert set(seen[len(out) :]) <= {"returned", "unseen"}
    claimed = {row.paid.setl_id for row in standing if row.paid}
    assert aisle.paid_with(*out, *back) == [claimed] * len(out) + [set()] * len(back)


@pytest.mark.parametrize("seed", range(6))
def test_returns_add_up(standing_store: NewStore, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with opened(new_centre(standing_store("sqlite"), chance.choice(["base", "hubei"])), tmp_path / "till") as aisle:
        held = aisle.centre.counter.balance()
        out = [pack(n, chance.choice(sorted(PRICES))) for n in range(1, chance.randint(3, 6))]
        if chance.random() < 0.5:
            sale = aisle.sell(*out)
            aisle.insuring.turn_insured(sale, Insured(person()), WANG)
        else:
            sale = aisle.settle(*out)
        back: list[str] = []
        while out:
            if chance.random() < 0.7:
                aisle.upload()
            aisle.wait(days=chance.randint(0, 40))
            came = chance.sample(out, chance.randint(1, len(out)))
            one = aisle.take_back(sale, *came)
            plan = aisle.plan(one)
            assert one.outcome == "done"
            assert plan.after is not None
            assert plan.before.fee - plan.after.fee == worth(came)
            out, back = [code for code in out if code not in came], [*back, *came]
            prove(aisle, sale, out, back)
        assert aisle.centre.counter.balance() == held
        assert not aisle.centre.counter.totals()
