"""2201 to 2208: registered, described, charged, tried, settled once, and each of it taken back."""

from __future__ import annotations

import pytest

from server.store.database import Store
from tests.server.fsi.counter import LI, SHARED, money
from tests.server.fsi.ward import Ward, open_ward


@pytest.fixture
def ward(store: Store) -> Ward:
    return open_ward(store)


def test_a_visit_is_settled_and_cancelled(ward: Ward) -> None:
    visit = ward.visit()
    split = ward.charge(ward.line(visit, count="5"), ward.line(visit, SHARED, "10", "20.00"))
    assert [money(one, ("det_item_fee_sumamt", "preselfpay_amt", "inscp_scp_amt")) for one in split] == [
        ["500.00", "0.00", "500.00"],
        ["200.00", "20.00", "180.00"],
    ]
    asked = {"data": ward.asked(visit, "700.00", acct_used_flag="1", preselfpay_amt="20.00", inscp_scp_amt="680.00")}
    tried = ward.done("2206", asked)["setlinfo"]
    assert ward.counter.totals() == {}

    info = ward.done("2207", asked)["setlinfo"]
    ours = {"setl_id", "medins_setl_id"}
    assert {k: v for k, v in info.items() if k not in ours} == {k: v for k, v in tried.items() if k not in ours}
    # 680 in scope above 300, at 55 % in a hospital of level 3.
    assert money(info, ("act_pay_dedc", "hifp_pay")) == ["300.00", "209.00"]

    undone = ward.done("2208", {"data": {name: info[name] for name in ("setl_id", "mdtrt_id", "psn_no")}})["setlinfo"]
    assert money(undone, ("medfee_sumamt", "hifp_pay")) == ["-700.00", "-209.00"]
    assert (ward.counter.totals(), str(ward.counter.balance(LI))) == ({}, "60.00")
    assert ward.done("2207", asked)["setlinfo"]["setl_id"] != info["setl_id"]
